"""An own organisation: counts by default, or files of persons and ties that are checked first.

As counts it is `FirmOptions(kind="one", employees=..., shares={...})`. As files it is `persons.csv` and, if
known, `ties.csv`. A file that holds names, contact details, health or anything else that is not asked for is
refused. Ids and the names of teams are replaced by hashed numbers while the file is read: nothing else of
them is kept, and no message repeats them. Errors name the file and the line.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from secrets import token_hex

import numpy as np

from sim import csv_text
from sim.errors import FileChanged, UserError
from sim.paths import read_path
from sim.world import ties as slots
from sim.world.firm import Firm, FirmOptions, assemble_firm, most_common_sector
from sim.world.random_streams import key_of
from sim.world.ties import Seats

MOST_ROWS = 200_000
FEWEST_PERSONS = 10
MOST_TIES_EACH = 24
MOST_TIE_ROWS = 2_000_000
MOST_LEVELS = 20
MOST_BYTES = 100_000_000

YES_OR_NO = (0.0, 1.0)


@dataclass(frozen=True)
class Circumstance:
    """What an own organisation may say of each person: the unit and the values allowed."""

    unit: str
    lowest: float
    highest: float

    @property
    def yes_or_no(self) -> bool:
        """Whether only 0 and 1 are allowed, so that a share of employees says it as well."""
        return self.unit == "yes or no"

    def allows(self, value: np.ndarray) -> np.ndarray:
        """Which of the values are possible: bool, same shape (NaN is not)."""
        within = (value >= self.lowest) & (value <= self.highest)
        return within & np.isin(value, YES_OR_NO) if self.yes_or_no else within

    def __str__(self) -> str:
        return "0 or 1" if self.yes_or_no else f"a number from {self.lowest:g} to {self.highest:g} ({self.unit})"


_YES_OR_NO = Circumstance("yes or no", *YES_OR_NO)

CIRCUMSTANCES: dict[str, Circumstance] = {
    "young": _YES_OR_NO,
    "older": _YES_OR_NO,
    "woman": _YES_OR_NO,
    "higher_educated": _YES_OR_NO,
    "flexible_contract": _YES_OR_NO,
    "contract_days": Circumstance("days a week", 0.5, 5),
    "children_at_home": _YES_OR_NO,
    "other_care": _YES_OR_NO,
    "lives_alone": _YES_OR_NO,
    "separate_room": _YES_OR_NO,
    "commute_minutes": Circumstance("minutes one way", 0, 240),
    "tenure_years": Circumstance("years", 0, 60),
    "may_work_from_home": _YES_OR_NO,
}
"""What a file of persons may hold beside who works where."""

REQUIRED = ("id", "team", "department", "manager", "role")
OPTIONAL = ("establishment", *CIRCUMSTANCES)
FILE_ROLES = ("manager", "employee")

_REFUSED = re.compile(
    "name|naam|initial|voorletter|mail|phone|telefoon|mobiel|address|adres|postcode|zipcode|postal"
    "|birth|geboor|bsn|sofi|passport|paspoort|iban|account|photo|foto"
    "|health|gezond|sick|ziek|verzuim|absence|illness|diagnos|medic|disab|handicap|beperking"
    "|burn.?out|complaint|klacht|pregnan|zwanger"
    "|ethnic|etni|nationalit|religio|geloof|union|vakbond|sexual|seksu|politic|politiek|salar|wage|loon"
)


def check_shares(shares: dict[str, float]) -> None:
    """Raise `UserError` unless every share is one of a yes-or-no circumstance and lies in 0-1."""
    allowed = [name for name, circumstance in CIRCUMSTANCES.items() if circumstance.yes_or_no]
    for name, share in shares.items():
        if name not in allowed:
            raise UserError(f"firm: a share of '{name}' is not known; use {', '.join(allowed)}")
        if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share <= 1:
            raise UserError(f"firm: the share of {name} is {share}; use a number from 0 to 1 (20 percent is 0.2)")
    if shares.get("young", 0) + shares.get("older", 0) > 1:
        raise UserError(
            "firm: the shares of young and older are more than 1 together; they are parts of the same people"
        )
    if shares.get("lives_alone", 0) + shares.get("children_at_home", 0) > 1:
        raise UserError(
            "firm: the shares of lives_alone and children_at_home are more than 1 together; nobody counts in both"
        )


def read_own(persons: Path, ties: Path | None, seed: int, replicate: int, options: FirmOptions) -> Firm:
    """The firm in a file of persons (at most 200,000) and, if given, of ties, whatever the order of lines.

    persons.csv: id, team, department, manager (an id, empty at the top), role (manager or employee); optional
    establishment and `CIRCUMSTANCES`. ties.csv: from, to, optional strength 0-1. Without a file of ties they
    are drawn as for any firm. Whatever is missing, unknown, impossible or too personal raises `UserError`
    with file and line.
    """
    digests = options.file_digests or {}
    staff = _held.get(str(persons)) or _placed(_read_persons(Path(persons), digests.get("persons")))
    people = np.bincount(staff.seats.establishment).astype(np.float32)
    if ties is None:
        drawn_or_read = _draw_ties(staff.seats, seed, replicate)
    else:
        drawn_or_read = _read_ties(Path(ties), digests.get("ties"), staff, seed, replicate)
    return assemble_firm(
        staff.seats,
        drawn_or_read,
        team_identifier=staff.team_identifier,
        establishment_identifier=staff.establishment_identifier,
        size=people,
        sector=(options.sector or most_common_sector(),) * len(people),
        layers=_layers(staff.seats),
        seed=seed,
        replicate=replicate,
        is_manager=staff.is_manager,
        circumstances=staff.circumstances,
    )


# --- organisations in memory --------------------------------------------------------------------------------

_held: dict[str, Staff] = {}
"""Organisations read from memory, by the name that stands in place of a path; nothing of their text is kept."""


def read_staff(data: bytes, name: str = "persons.csv") -> Staff:
    """The persons in the content of a csv file; raises UserError as `read_own` does, with `name` for the file."""
    return _placed(_persons_of(_table_in(name, data, REQUIRED, OPTIONAL, MOST_ROWS)))


def hold(staff: Staff, name: str | None = None) -> str:
    """Let `firm.persons` find these persons under a name, a new one that nobody can guess unless it is given."""
    name = name or f"organisation_{token_hex(16)}"
    _held[name] = staff
    return name


def held(name: str | None) -> Staff | None:
    """The persons held under this name, if there are any."""
    return None if name is None else _held.get(name)


def release(name: str) -> None:
    """Let go of the persons held under this name."""
    _held.pop(name, None)


# --- reading a table ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Table:
    """A csv file as columns of text, with the line on which each row stands."""

    file: str
    columns: dict[str, list[str]]
    line: np.ndarray

    def refuse(self, wrong: np.ndarray, message: str) -> None:
        """Raise `UserError` for the first line among those that are wrong: bool (rows,)."""
        if wrong.any():
            raise UserError(f"{self.file} line {self.line[wrong].min()}: {message}")

    def numbers(self, column: str, allowed: Callable[[np.ndarray], np.ndarray], right: str) -> np.ndarray:
        """A column of numbers, float64 (rows,); one that is missing or not allowed raises `UserError`."""
        value = np.array([csv_text.number(text) for text in self.columns[column]])
        advice = f"'{column}' is not {right}; give every line a value, or leave the column out"
        self.refuse(~allowed(value), advice)
        return value

    def filled(self, column: str) -> None:
        """Raise `UserError` where a column is empty."""
        empty = np.array([not text for text in self.columns[column]], bool)
        self.refuse(empty, f"'{column}' is empty; every line needs one")


def with_file_digests(options: FirmOptions) -> FirmOptions:
    """Return the options with the digests of their files as they are now; raises UserError for an unreadable file."""
    files = {"persons": options.persons, "ties": options.ties}
    return replace(options, file_digests={name: _digest_of(path) for name, path in files.items() if path})


def _digest_of(path: str) -> str:
    """The digest of a file; of an organisation in memory its name, which no other has."""
    return path if path in _held else _digest(_read_bytes(read_path(path)))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read_table(
    path: Path, digest: str | None, required: tuple[str, ...], optional: tuple[str, ...], most: int
) -> _Table:
    """Read a table, and make sure that it is the file with this digest, where there is one."""
    path = read_path(path)
    content = _read_bytes(path) if digest is None else _read_unchanged(path, digest)
    return _table_in(path.name, content, required, optional, most)


def _table_in(name: str, content: bytes, required: tuple[str, ...], optional: tuple[str, ...], most: int) -> _Table:
    try:
        return _table_of(name, content.decode("utf-8-sig"), required, optional, most)
    except UnicodeDecodeError:
        raise UserError(f"{name}: the file is not text in UTF-8; save it as 'CSV UTF-8'") from None
    except csv.Error as error:
        raise UserError(
            f"{name}: the file is not a csv table ({error}); look for a stray quotation mark, and save it as "
            "'CSV UTF-8'"
        ) from None


def _read_unchanged(path: Path, digest: str) -> bytes:
    """Read a file whose digest is known. Content is hashed as it is read, so that no edit can come in between."""
    try:
        content = _read_bytes(path)
    except UserError as error:
        raise FileChanged(f"{error} (it was there when the study started)") from None
    if _digest(content) != digest:
        raise FileChanged(
            f"{path.name} has changed since the study started; runs that were finished before are kept. "
            "Put the file back, or start a new study with the new file, and leave it alone while it runs."
        )
    return content


def _read_bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            at_most = f"{MOST_BYTES / 1e6:,.0f} MB at most are right"
            raise UserError(f"{path.name}: {size / 1e6:,.0f} MB are more than persons or ties take; {at_most}")
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{path.name}: there is no such file; give the path of a csv file") from None
    except IsADirectoryError:
        raise UserError(f"{path.name} is a folder; give the path of a csv file") from None
    except OSError as error:
        raise UserError(f"{path.name} cannot be read ({error.strerror}); give the path of a csv file") from None


def _table_of(file: str, text: str, required: tuple[str, ...], optional: tuple[str, ...], most: int) -> _Table:
    parsed = csv_text.parse(text, most)
    header = [title.lower() for title in parsed.header]
    _check_header(file, header, required, optional)
    for count, (line, cells) in enumerate(parsed.rows):
        if len(cells) != len(header):
            found = f"{len(cells)} values under {len(header)} columns"
            raise UserError(f"{file} line {line}: {found}; give one for each")
        if count == most:
            raise UserError(f"{file} line {line}: more than {most} rows; give at most {most}")
    columns = {title: [cells[index] for _, cells in parsed.rows] for index, title in enumerate(header)}
    return _Table(file, columns, np.array([line for line, _ in parsed.rows], np.int64))


def columns_of(persons: str) -> list[str]:
    """The columns of a file of persons; none where it cannot be read, which `read_own` explains."""
    if persons in _held:
        return list(_held[persons].circumstances)
    try:
        parsed = csv_text.parse(_read_bytes(read_path(persons)).decode("utf-8-sig"), 0)
    except (UserError, UnicodeDecodeError, csv.Error):
        return []
    return [title.lower() for title in parsed.header]


def _check_header(file: str, header: list[str], required: tuple[str, ...], optional: tuple[str, ...]) -> None:
    allowed = f"allowed are {', '.join(required + optional)}"
    if not set(required) & set(header):
        # Without a header the first line holds somebody's own words, which no message repeats.
        raise UserError(f"{file} line 1: no header is found; begin with the columns {', '.join(required)}")
    for title in header:
        if title in required or title in optional:
            continue
        if _REFUSED.search(title):
            raise UserError(
                f"{file} line 1: column '{title}' is refused: no names, contact details, health or other "
                f"personal data; remove it ({allowed})"
            )
        raise UserError(f"{file} line 1: column '{title}' is unknown; {allowed}")
    for title in required:
        if title not in header:
            raise UserError(f"{file} line 1: column '{title}' is missing; required are {', '.join(required)}")
    for title in header:
        if header.count(title) > 1:
            raise UserError(f"{file} line 1: column '{title}' comes twice; keep one")


# --- persons ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Persons:
    """Checked persons in the order of the file: numbers for names, and managers' rows (-1 at the top).

    `home` is the department of the team: that of most of its members.
    """

    code: np.ndarray
    team: np.ndarray
    department: np.ndarray
    home: np.ndarray
    establishment: np.ndarray
    manager: np.ndarray
    is_manager: np.ndarray
    circumstances: dict[str, np.ndarray]


@dataclass(frozen=True)
class Staff:
    """Persons in the order of a firm; `code` (N,) holds the hashed ids, by which ties find their ends."""

    seats: Seats
    code: np.ndarray
    is_manager: np.ndarray
    team_identifier: np.ndarray
    establishment_identifier: np.ndarray
    circumstances: dict[str, np.ndarray]


def _read_persons(path: Path, digest: str | None) -> _Persons:
    return _persons_of(_read_table(path, digest, REQUIRED, OPTIONAL, MOST_ROWS))


def _persons_of(table: _Table) -> _Persons:
    if len(table.line) < FEWEST_PERSONS:
        raise UserError(
            f"{table.file} line {len(table.line) + 1}: the file ends after {len(table.line)} of at least "
            f"{FEWEST_PERSONS} people; smaller groups are not simulated"
        )
    for column in ("id", "team", "department", "role"):
        table.filled(column)
    code = _codes(table.columns["id"])
    table.refuse(_repeated(code), "this id stands on an earlier line too; every person needs an id of his or her own")
    _check_spelling(table)
    establishment, department, home, team = _unit_codes(table)
    index, count = np.unique(establishment, return_inverse=True, return_counts=True)[1:]
    table.refuse(
        count[index] < FEWEST_PERSONS,
        f"this establishment has fewer than {FEWEST_PERSONS} persons, and smaller groups are not simulated: give it at "
        "least so many, put its people in another establishment, or leave them out",
    )
    role = np.array([text.lower() for text in table.columns["role"]])
    table.refuse(~np.isin(role, FILE_ROLES), "'role' is neither manager nor employee; use one of the two")
    persons = _Persons(
        code=code,
        team=team,
        department=department,
        home=home,
        establishment=establishment,
        manager=_manager_rows(table, code),
        is_manager=role == "manager",
        circumstances=_circumstances(table),
    )
    _check_lines(table, persons)
    _check_teams(table, persons)
    return persons


def _codes(texts: list[str]) -> np.ndarray:
    """A 64-bit number, uint64 (rows,), for each text (BLAKE2b): the same in every file."""
    joined = b"".join(hashlib.blake2b(text.encode(), digest_size=8).digest() for text in texts)
    return np.frombuffer(joined, "<u8").astype(np.uint64)


def _repeated(code: np.ndarray) -> np.ndarray:
    """Which numbers stood before: bool (rows,)."""
    first = np.unique(code, return_index=True)[1]
    repeated = np.ones(len(code), bool)
    repeated[first] = False
    return repeated


def _check_spelling(table: _Table) -> None:
    """Refuse names that differ only in capitals, spaces or accents: they may be one name, spelled in two ways."""
    for column in ("id", "team", "department", "establishment"):
        spellings: dict[str, str] = {}
        names = table.columns.get(column, [])
        other = [spellings.setdefault(csv_text.plain_name(name), name) != name for name in names]
        table.refuse(
            np.array(other, bool),
            f"this {column} differs from one above only in capitals, spaces or accents; spell both alike if they are "
            "one, or give one of them another name",
        )


def _unit_codes(table: _Table) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Numbers of establishment, department, the team's own department, and team.

    A department and a team are known by their names within their establishment. A team whose members belong to several
    departments is one team, and its own department is that of most of them.
    """
    if "establishment" in table.columns:
        table.filled("establishment")
    establishment = table.columns.get("establishment", [""] * len(table.line))
    department = [_within(*names) for names in zip(establishment, table.columns["department"], strict=True)]
    name = [_within(*names) for names in zip(establishment, table.columns["team"], strict=True)]
    home_of = _most_common(name, department)
    home = [home_of[one] for one in name]
    team = [_within(*names) for names in zip(home, table.columns["team"], strict=True)]
    return _codes(establishment), _codes(department), _codes(home), _codes(team)


def _most_common(groups: list[str], values: list[str]) -> dict[str, str]:
    """The value that most rows of each group have; of several, the first in alphabetical order."""
    counts: dict[str, Counter[str]] = {}
    for group, value in zip(groups, values, strict=True):
        counts.setdefault(group, Counter())[value] += 1
    return {group: min(count, key=lambda value: (-count[value], value)) for group, count in counts.items()}


def _within(outer: str, inner: str) -> str:
    return f"{outer}\x1f{inner}"


def _manager_rows(table: _Table, code: np.ndarray) -> np.ndarray:
    """The row of each person's manager, -1 where the cell is empty."""
    named = np.array([bool(text) for text in table.columns["manager"]], bool)
    row = _rows_with(code, _codes(table.columns["manager"]))
    table.refuse(named & (row < 0), "'manager' is an id that is not in the file; name somebody who is, or nobody")
    return np.where(named, row, -1)


def _rows_with(code: np.ndarray, sought: np.ndarray) -> np.ndarray:
    """The row of each sought number among the codes, -1 where there is none."""
    order = np.argsort(code)
    place = np.minimum(np.searchsorted(code[order], sought), len(code) - 1)
    row = order[place]
    return np.where(code[row] == sought, row, -1)


def _circumstances(table: _Table) -> dict[str, np.ndarray]:
    given = {
        name: table.numbers(name, circumstance.allows, str(circumstance)).astype(np.float32)
        for name, circumstance in CIRCUMSTANCES.items()
        if name in table.columns
    }
    if "young" in given and "older" in given:
        both = (given["young"] == 1) & (given["older"] == 1)
        table.refuse(both, "this person is both young and older; one of the two at most can be 1")
    return given


def _check_lines(table: _Table, persons: _Persons) -> None:
    """Refuse lines that run in a circle, leave the establishment, or lead to somebody who is no manager."""
    led = persons.manager >= 0
    superior = persons.manager
    table.refuse(
        led & ~persons.is_manager[superior], "'manager' is somebody whose role is employee; make that role manager"
    )
    elsewhere = led & (persons.establishment[superior] != persons.establishment)
    table.refuse(elsewhere, "the manager works in another establishment; leave 'manager' empty for the head of one")
    circling, level = _levels(superior)
    table.refuse(circling, "the reporting line runs in a circle; leave 'manager' empty at the top")
    table.refuse(level > MOST_LEVELS, f"more than {MOST_LEVELS} managers above this person; check 'manager'")


def _levels(manager: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Who stands in a circle of reporting lines, and how many managers are above each: bool, int (rows,).

    Every round looks twice as far up as the one before, so that even a line of all people ends soon.
    """
    nobody = len(manager)
    above = np.append(np.where(manager >= 0, manager, nobody), nobody)
    level = (above != nobody).astype(np.int64)
    for _ in range(nobody.bit_length()):
        level, above = level + level[above], above[above]
    circling = np.zeros(nobody + 1, bool)
    circling[above] = True
    return circling[:-1], level[:-1]


def _check_teams(table: _Table, persons: _Persons) -> None:
    """Refuse somebody who works with nobody. A team of one is right for a head of heads, or for one who has a head."""
    index, count = np.unique(persons.team, return_inverse=True, return_counts=True)[1:]
    leads = np.zeros(len(index), bool)
    leads[persons.manager[persons.manager >= 0]] = True
    table.refuse(
        (count[index] == 1) & ~leads & (persons.manager < 0),
        "this person has no team members, no manager and nobody to lead; give this person a 'manager', or the team of "
        "others",
    )


def _placed(persons: _Persons) -> Staff:
    """Persons in the order of a firm: by the numbers of establishment, the team's department, team and person."""
    identifier = _identifiers(persons.code)
    order = np.lexsort((identifier, persons.team, persons.home, persons.establishment))
    row = np.empty(len(order), np.int64)
    row[order] = np.arange(len(order))
    manager = np.where(persons.manager >= 0, row[persons.manager], -1)[order]
    team, first_of_team = _indices(persons.team[order])
    establishment, first_of_establishment = _indices(persons.establishment[order])
    seats = Seats(
        identifier=identifier[order],
        team=team,
        department=_by_first_row(persons.department[order]),
        establishment=establishment,
        manager=manager.astype(np.int32),
    )
    return Staff(
        seats=seats,
        code=persons.code[order],
        is_manager=persons.is_manager[order],
        team_identifier=_identifiers(persons.team[order][first_of_team]),
        establishment_identifier=_identifiers(persons.establishment[order][first_of_establishment]),
        circumstances={name: value[order] for name, value in persons.circumstances.items()},
    )


def _identifiers(code: np.ndarray) -> np.ndarray:
    """Distinct uint32 for distinct 64-bit numbers: the upper 31 bits, or the next number that is free.

    Numbers are served in ascending order, so a collision ends the same way whatever the order of the file.
    """
    order = np.argsort(code)
    short = (code[order] >> np.uint64(33)).astype(np.int64)
    ahead = np.arange(len(code))
    identifier = np.empty(len(code), np.uint32)
    identifier[order] = (np.maximum.accumulate(short - ahead) + ahead).astype(np.uint32)
    return identifier


def _indices(code: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices int32 (N,) that count up where a grouped number changes, and the row on which each begins."""
    begins = np.append(True, code[1:] != code[:-1])
    return (np.cumsum(begins) - 1).astype(np.int32), np.flatnonzero(begins)


def _by_first_row(code: np.ndarray) -> np.ndarray:
    """Indices int32 (N,) of numbers, counted up in the order in which each first appears."""
    _, first, inverse = np.unique(code, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype(np.int32)


def _layers(seats: Seats) -> np.ndarray:
    """Managers float32 (E,) above the lowest manager of each establishment, at least 1."""
    leads = np.unique(seats.manager[seats.manager >= 0])
    layers = np.ones(seats.establishment[-1] + 1, np.float32)
    np.maximum.at(layers, seats.establishment[leads], _levels(seats.manager)[1][leads].astype(np.float32))
    return layers


# --- ties ---------------------------------------------------------------------------------------------------


def _draw_ties(seats: Seats, seed: int, replicate: int) -> slots.Ties:
    """Draw ties as for any firm, in which departments stand together; where a team spans departments, they do not."""
    if (np.diff(seats.department) >= 0).all():
        return slots.sample_ties(seats, seed, replicate)
    rows = np.argsort(seats.department, kind="stable")
    moved = Seats(*(getattr(seats, field.name)[rows] for field in fields(Seats)))
    living = [
        slots._reporting_edges(seats),
        slots._team_edges(seats),
        rows[slots._across_edges(moved, moved.department, key_of(seed, replicate, "ties in the department"))],
        slots._across_edges(seats, seats.establishment, key_of(seed, replicate, "ties in the establishment")),
    ]
    return slots._in_slots(seats, np.concatenate(living), slots._dormant_edges(seats, seed, replicate))


def _read_ties(path: Path, digest: str | None, staff: Staff, seed: int, replicate: int) -> slots.Ties:
    table = _read_table(path, digest, ("from", "to"), ("strength",), MOST_TIE_ROWS)
    ends = [_rows_with(staff.code, _codes(table.columns[end])) for end in ("from", "to")]
    for name, row in zip(("from", "to"), ends, strict=True):
        table.refuse(row < 0, f"'{name}' is an id that is not in the file of persons; name somebody who is")
    pairs = np.stack(ends, axis=1).astype(np.int64).reshape(-1, 2)
    _check_pairs(table, pairs, staff.seats)
    strength = None
    if "strength" in table.columns:
        scale = Circumstance("strength", 0, 1)
        strength = table.numbers("strength", scale.allows, str(scale)).astype(np.float32)
    return slots.from_pairs(staff.seats, pairs, strength, seed, replicate)


def _check_pairs(table: _Table, pairs: np.ndarray, seats: Seats) -> None:
    """Refuse ties with oneself, twice the same, between establishments, or too many of one person."""
    source, target = pairs.T
    table.refuse(source == target, "a tie from somebody to the same person; name two persons")
    directed = source * len(seats.team) + target
    table.refuse(_repeated(directed), "this tie stands on an earlier line too; give it once in each direction")
    apart = seats.establishment[source] != seats.establishment[target]
    table.refuse(apart, "this tie runs between two establishments; ties stay within one")
    mutual = np.minimum(source, target) * len(seats.team) + np.maximum(source, target)
    first = ~_repeated(mutual)
    ties = np.bincount(pairs[first].ravel(), minlength=len(seats.team))
    crowded = (ties[source] > MOST_TIES_EACH) | (ties[target] > MOST_TIES_EACH)
    table.refuse(crowded, f"one of these two has more than {MOST_TIES_EACH} ties; keep the {MOST_TIES_EACH} strongest")
