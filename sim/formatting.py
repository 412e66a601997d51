"""Numbers as text: the one place that decides on signs, so that no view writes one of its own."""

from __future__ import annotations


def fixed(number: float, decimals: int, thousands: str = "") -> str:
    """A number with so many decimals, and a minus only where the rounded number is below zero.

    `thousands` stands between thousands: "," or nothing.

    >>> fixed(-0.002, 2), fixed(-0.002, 3), fixed(-1234.5, 1, ",")
    ('0.00', '-0.002', '-1,234.5')
    """
    return f"{number:z{thousands}.{decimals}f}"


def signed(number: float, decimals: int) -> str:
    """A difference with its sign; one that rounds to zero has none.

    >>> signed(1.25, 1), signed(-0.004, 2)
    ('+1.2', '0.00')
    """
    written = f"{number:+z.{decimals}f}"
    return written if float(written) else written.lstrip("+")
