"""Numbers as text, with the same rules for signs everywhere."""

from __future__ import annotations

from collections.abc import Sequence


def fixed(number: float, decimals: int, thousands: str = "") -> str:
    """Return a number with this many decimals, with a minus sign only where the rounded number is below zero.

    `thousands` is the thousands separator: "," or nothing.

    >>> fixed(-0.002, 2), fixed(-0.002, 3), fixed(-1234.5, 1, ",")
    ('0.00', '-0.002', '-1,234.5')
    """
    return f"{number:z{thousands}.{decimals}f}"


def signed(number: float, decimals: int) -> str:
    """Return a difference with its sign; a difference that rounds to zero has no sign.

    >>> signed(1.25, 1), signed(-0.004, 2)
    ('+1.2', '0.00')
    """
    written = f"{number:+z.{decimals}f}"
    return written if float(written) else written.lstrip("+")


def per_hundred(counts: Sequence[int]) -> list[int]:
    """Return counts as whole numbers that add up to 100, by largest remainder; zeros where the total is zero.

    >>> per_hundred([1, 1, 1])
    [34, 33, 33]
    """
    total = sum(counts)
    if total == 0:
        return [0] * len(counts)
    rounded = [100 * count // total for count in counts]
    by_remainder = sorted(range(len(counts)), key=lambda index: -(100 * counts[index] % total))
    for index in by_remainder[: 100 - sum(rounded)]:
        rounded[index] += 1
    return rounded
