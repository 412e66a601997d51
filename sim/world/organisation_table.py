"""Data of an own organisation: shares of employees, and the columns, digests and reader of csv files.

Messages name the file and the line. They repeat no cell, since a cell may hold personal data.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim import csv_text
from sim.errors import FileChanged, UserError, invalid, is_number, unknown
from sim.paths import read_path

MOST_BYTES = 100_000_000
_PERSONAL = re.compile(
    "name|naam|initial|voorletter|mail|phone|telefoon|mobiel|address|adres|postcode|zipcode|postal"
    "|birth|geboor|bsn|sofi|passport|paspoort|iban|account|photo|foto"
    "|health|gezond|sick|ziek|verzuim|absence|illness|diagnos|medic|disab|handicap|beperking"
    "|burn.?out|complaint|klacht|pregnan|zwanger"
    "|ethnic|etni|nationalit|religio|geloof|union|vakbond|sexual|seksu|politic|politiek|salar|wage|loon"
)


@dataclass(frozen=True)
class TableFormat:
    """Columns of a file and its largest number of rows."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    most_rows: int


@dataclass(frozen=True)
class Circumstance:
    """A circumstance that a file of persons may hold: unit, lowest and highest value."""

    unit: str
    lowest: float
    highest: float

    @property
    def yes_or_no(self) -> bool:
        """Whether only 0 and 1 are allowed, so that `firm.shares` may hold a share of employees instead."""
        return self.unit == "yes or no"

    def allows(self, value: np.ndarray) -> np.ndarray:
        """Return which values are allowed: bool, same shape, False for NaN."""
        within = (value >= self.lowest) & (value <= self.highest)
        return within & np.isin(value, (0, 1)) if self.yes_or_no else within

    def __str__(self) -> str:
        return "0 or 1" if self.yes_or_no else f"a number from {self.lowest:g} to {self.highest:g} ({self.unit})"


_YES_OR_NO = Circumstance("yes or no", 0, 1)
STRENGTH = Circumstance("strength", 0, 1)
CIRCUMSTANCES = {
    **dict.fromkeys(("young", "older", "woman", "higher_educated", "flexible_contract"), _YES_OR_NO),
    "contract_days": Circumstance("days a week", 0.5, 5),
    **dict.fromkeys(("children_at_home", "other_care", "lives_alone", "separate_room"), _YES_OR_NO),
    "commute_minutes": Circumstance("minutes one way", 0, 240),
    "tenure_years": Circumstance("years", 0, 60),
    "may_work_from_home": _YES_OR_NO,
}
"""Circumstances that a file may hold of a person."""
_EXCLUSIVE = (("young", "older"), ("lives_alone", "children_at_home"))
"""Pairs of circumstances that nobody has together."""
ROLES = ("manager", "employee")
PERSONS = TableFormat(("id", "team", "department", "manager", "role"), ("establishment", *CIRCUMSTANCES), 200_000)
TIES = TableFormat(("from", "to"), ("strength",), 2_000_000)


def check_shares(shares: Mapping[str, float]) -> None:
    """Raise UserError unless each share is a number from 0 to 1 and belongs to a circumstance of 0 or 1."""
    allowed = [name for name, circumstance in CIRCUMSTANCES.items() if circumstance.yes_or_no]
    for name, share in shares.items():
        if name not in allowed:
            raise UserError(unknown("circumstance in firm.shares", name, allowed))
        if not is_number(share) or not 0 <= share <= 1:
            raise UserError(invalid(f"firm.shares.{name}", share, "a number from 0 to 1, such as 0.2 for 20%"))
    for pair in _EXCLUSIVE:
        total = sum(shares.get(name, 0) for name in pair)
        if total > 1:
            raise UserError(invalid(f"firm.shares of {' and '.join(pair)} together", f"{total:g}", "1 or less"))


@dataclass(frozen=True)
class Table:
    """A csv file as columns of text, with the line of each row."""

    file: str
    columns: dict[str, list[str]]
    line: np.ndarray

    def refuse(self, wrong: np.ndarray, message: str) -> None:
        """Raise UserError for the first line of those marked in `wrong`, bool (rows,)."""
        if wrong.any():
            raise UserError(f"{self.file} line {self.line[wrong].min()}: {message}")

    def numbers(self, column: str, circumstance: Circumstance) -> np.ndarray:
        """Return a column of numbers, float32 (rows,); raise UserError for a missing or invalid value."""
        value = np.array([csv_text.number(text) for text in self.columns[column]])
        message = f"Invalid value for {column}. Use {circumstance} on every line, or leave the column out."
        self.refuse(~circumstance.allows(value), message)
        return value.astype(np.float32)

    def check_filled(self, *columns: str) -> None:
        """Raise UserError where a cell of these columns is empty."""
        for column in columns:
            empty = np.array([not text for text in self.columns[column]], bool)
            self.refuse(empty, f"Missing value for {column}. Use a value on every line.")


def read_table(path: Path, form: TableFormat, digest: str | None = None) -> Table:
    """Read a csv file; where `digest` is not None, raise FileChanged for a file with another digest."""
    path = read_path(path)
    return parse_table(path.name, read_bytes(path, digest), form)


def read_bytes(path: Path, digest: str | None = None) -> bytes:
    """Return the content of a file; raise UserError where it cannot be read, FileChanged where its digest differs.

    The digest is that of the returned content, so the file cannot change between check and use.
    """
    try:
        content = _content(path)
    except UserError as error:
        raise FileChanged(f"{error} The file existed when the study started.") if digest else error from None
    if digest not in (None, digest_of(content)):
        raise FileChanged(
            f"{path.name} has changed since the study started. Finished runs are kept. Restore the file, or start a "
            "new study with the new file. Do not change a file while a study runs."
        )
    return content


def _content(path: Path) -> bytes:
    try:
        if (size := path.stat().st_size) > MOST_BYTES:
            raise UserError(
                f"{path.name} is too large: {size / 1e6:,.0f} MB. Use a file of {MOST_BYTES / 1e6:,.0f} MB or less."
            )
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path.name} cannot be read ({error.strerror}). Use the path of a csv file.") from None


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of a file's content."""
    return hashlib.sha256(content).hexdigest()


def parse_table(file: str, content: bytes, form: TableFormat) -> Table:
    """Return the table in the content of a csv file; raise UserError where it does not have this form."""
    try:
        parsed = csv_text.parse(content.decode("utf-8-sig"), form.most_rows)
    except UnicodeDecodeError:
        raise UserError(f"{file} is not text in UTF-8. Save it as 'CSV UTF-8'.") from None
    except csv.Error as error:
        raise UserError(
            f"{file} is not a csv table ({error}). Remove stray quotation marks and save it as 'CSV UTF-8'."
        ) from None
    header = [title.lower() for title in parsed.header]
    _check_header(file, header, form)
    for count, (line, cells) in enumerate(parsed.rows):
        if len(cells) != len(header):
            raise UserError(
                f"{file} line {line}: {len(cells)} values under {len(header)} columns. Use one value for each column."
            )
        if count == form.most_rows:
            raise UserError(f"{file} line {line}: Too many rows. Use {form.most_rows:,} or fewer.")
    columns = {title: [cells[index] for _, cells in parsed.rows] for index, title in enumerate(header)}
    return Table(file, columns, np.array([line for line, _ in parsed.rows], np.int64))


def titles_of(path: str) -> list[str]:
    """Return the titles of a csv file in lower case; none where it cannot be read."""
    try:
        parsed = csv_text.parse(read_bytes(read_path(path)).decode("utf-8-sig"), 0)
    except (UserError, UnicodeDecodeError, csv.Error):
        return []
    return [title.lower() for title in parsed.header]


def _check_header(file: str, header: list[str], form: TableFormat) -> None:
    required, allowed = (", ".join(titles) for titles in (form.required, form.required + form.optional))
    if not set(form.required) & set(header):
        # Without a header, the first line holds data of a person, which no message repeats.
        raise UserError(f"{file} line 1: Missing header. Begin with the columns {required}.")
    for title in header:
        if title in form.required or title in form.optional:
            continue
        if _PERSONAL.search(title):
            raise UserError(
                f"{file} line 1: Column '{title}' is refused. Remove names, contact details, health and other personal "
                f"data. Use only {allowed}."
            )
        raise UserError(f"{file} line 1: Unknown column '{title}'. Use only {allowed}.")
    for title in form.required:
        if title not in header:
            raise UserError(f"{file} line 1: Missing column '{title}'. Use all of {required}.")
    for title in header:
        if header.count(title) > 1:
            raise UserError(f"{file} line 1: Duplicate column '{title}'. Use each column once.")
