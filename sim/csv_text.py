"""Reader of tables in CSV text, as spreadsheets write them.

In tables with semicolons, numbers may have decimal commas, as in Dutch spreadsheets.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")


@dataclass(frozen=True)
class CsvText:
    """Header and rows of a table, each row with its line number; blank lines are left out."""

    header: list[str]
    separator: str
    rows: list[tuple[int, list[str]]]


def parse(text: str, most: int | None = None, blank_rows: bool = False) -> CsvText:
    """Parse a table whose first line is its header, with stripped cells; stop after `most` + 1 rows.

    With `blank_rows`, a row of blank cells such as `,,` counts as a row; an empty line never does. Raises csv.Error
    for text that is not a table, and for cells with control characters, which a stray quotation mark causes.
    """
    text = text.removeprefix("\ufeff")
    first = text.partition("\n")[0]
    separator = ";" if ";" in first else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    header = [title.strip() for title in next(reader, [])]
    rows: list[tuple[int, list[str]]] = []
    for cells in _cells(reader, blank_rows):
        rows.append((reader.line_num, cells))
        if most is not None and len(rows) > most:
            break
    return CsvText(header, separator, rows)


def _cells(reader, blank_rows: bool) -> Iterator[list[str]]:  # a csv reader, whose type has no name
    for cells in reader:
        stripped = [cell.strip() for cell in cells]
        if not any(stripped) and not (blank_rows and len(stripped) > 1):
            continue
        if _CONTROL.search("".join(stripped)):
            raise csv.Error(f"line {reader.line_num} has a cell with a line break or control character")
        yield stripped


def number(text: str) -> float:
    """Return a number with a decimal point or a decimal comma; NaN for any other text.

    `1,000` is NaN, since it is one thousand in English and one in Dutch. So are `1_000` and `inf`.

    >>> number("0,5"), number("1.25"), number("0,125")
    (0.5, 1.25, 0.125)
    """
    if _THOUSANDS.fullmatch(text) and not text.lstrip("+-").startswith("0,"):
        return float("nan")
    plain = text.replace(",", ".")
    return float(plain) if _NUMBER.fullmatch(plain) else float("nan")


def plain_name(text: str) -> str:
    """Return a name without differences in capitals, spaces and accents, for comparison with similar names."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
