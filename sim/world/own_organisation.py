"""An own organisation: shares of employees, or files of persons and ties.

Shares belong to a firm of kind `one`. Files are `persons.csv` and, optionally, `ties.csv`. Ids and the names of teams
are replaced by hashed numbers while a file is read. They are not stored, and no message repeats them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex

import numpy as np

from sim import csv_text
from sim.errors import UserError
from sim.paths import read_path
from sim.world import ties as slots
from sim.world.firm import Firm, FirmOptions, assemble_firm, most_common_sector
from sim.world.organisation_table import (
    CIRCUMSTANCES,
    PERSONS,
    ROLES,
    STRENGTH,
    TIES,
    Table,
    digest_of,
    parse_table,
    read_bytes,
    read_table,
    titles_of,
)
from sim.world.ties import Seats

FEWEST_PERSONS = 10
MOST_TIES_EACH = 24
MOST_LEVELS = 20


def read_own(persons: Path, ties: Path | None, seed: int, replicate: int, options: FirmOptions) -> Firm:
    """Return the firm in a file of persons and, optionally, of ties; the order of lines does not matter.

    Parameters
    ----------
    persons : Path
        csv file with the columns of `PERSONS`, or the name of stored staff; `manager` is an id, empty at the top.
    ties : Path or None
        csv file with the columns of `TIES`; `strength` is a number from 0 to 1. Without it, ties are drawn.
    seed, replicate : int
        Keys of the random numbers.
    options : FirmOptions

    Raises
    ------
    UserError
        For missing, unknown, impossible or too personal data. The message names file and line.
    """
    digests = options.file_digests or {}
    staff = stored_staff(str(persons)) or _staff_of(read_table(Path(persons), PERSONS, digests.get("persons")))
    people = np.bincount(staff.seats.establishment).astype(np.float32)
    return assemble_firm(
        staff.seats,
        slots.sample_ties(staff.seats, seed, replicate)
        if ties is None
        else _ties_of(read_table(Path(ties), TIES, digests.get("ties")), staff, seed, replicate),
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


def with_file_digests(options: FirmOptions) -> FirmOptions:
    """Return the options with the current digests of their files; raise UserError for an unreadable file.

    The digest of stored staff is its name, which is unique.
    """
    files = {"persons": options.persons, "ties": options.ties}
    digests = {
        name: path if path in _stored else digest_of(read_bytes(read_path(path)))
        for name, path in files.items()
        if path
    }
    return replace(options, file_digests=digests)


def columns_of(persons: str) -> list[str]:
    """Return the columns of a file of persons; none where it cannot be read, which `read_own` reports."""
    return list(_stored[persons].circumstances) if persons in _stored else titles_of(persons)


# --- staff in memory ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Staff:
    """Persons in the order of a firm; `code` (N,) holds the hashed ids that ties refer to."""

    seats: Seats
    code: np.ndarray
    is_manager: np.ndarray
    team_identifier: np.ndarray
    establishment_identifier: np.ndarray
    circumstances: dict[str, np.ndarray]


_stored: dict[str, Staff] = {}
"""Staff in memory, by the name that replaces a path; the text of the file is not stored."""


def read_staff(data: bytes, name: str = "persons.csv") -> Staff:
    """Return the persons in the content of a csv file, which messages call `name`; errors are those of `read_own`."""
    return _staff_of(parse_table(name, data, PERSONS))


def store_staff(staff: Staff, name: str | None = None) -> str:
    """Store persons under a name that `firm.persons` accepts, by default a new, random name."""
    name = name or f"organisation_{token_hex(16)}"
    _stored[name] = staff
    return name


def stored_staff(name: str | None) -> Staff | None:
    """Return the persons stored under this name, if any."""
    return None if name is None else _stored.get(name)


def discard_staff(name: str) -> None:
    """Remove the persons stored under this name."""
    _stored.pop(name, None)


# --- persons ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Persons:
    """Checked persons in the order of the file, with numbers instead of names, and rows of managers (-1 at the top).


    `home` is the department of the team, which is that of most of its members.
    """

    code: np.ndarray
    team: np.ndarray
    department: np.ndarray
    home: np.ndarray
    establishment: np.ndarray
    manager: np.ndarray
    is_manager: np.ndarray
    circumstances: dict[str, np.ndarray]


def _staff_of(table: Table) -> Staff:
    """Return the persons sorted by the numbers of establishment, the team's department, team and person."""
    persons = _persons_of(table)
    identifier = _identifiers(persons.code)
    order = np.lexsort((identifier, persons.team, persons.home, persons.establishment))
    row = np.empty(len(order), np.int64)
    row[order] = np.arange(len(order))
    team, first_of_team = _indices(persons.team[order])
    establishment, first_of_establishment = _indices(persons.establishment[order])
    seats = Seats(
        identifier=identifier[order],
        team=team,
        department=_by_first_row(persons.department[order]),
        establishment=establishment,
        manager=np.where(persons.manager >= 0, row[persons.manager], -1)[order].astype(np.int32),
    )
    return Staff(
        seats=seats,
        code=persons.code[order],
        is_manager=persons.is_manager[order],
        team_identifier=_identifiers(persons.team[order][first_of_team]),
        establishment_identifier=_identifiers(persons.establishment[order][first_of_establishment]),
        circumstances={name: value[order] for name, value in persons.circumstances.items()},
    )


def _persons_of(table: Table) -> _Persons:
    if len(table.line) < FEWEST_PERSONS:
        raise UserError(
            f"{table.file} line {len(table.line) + 1}: The file ends after {len(table.line)} persons. "
            f"Use {FEWEST_PERSONS} or more."
        )
    table.check_filled("id", "team", "department", "role")
    code = _codes(table.columns["id"])
    table.refuse(_repeated(code), "This id occurs on an earlier line. Use a separate id for each person.")
    _check_spelling(table)
    establishment, department, home, team = _unit_codes(table)
    _, index, count = np.unique(establishment, return_inverse=True, return_counts=True)
    table.refuse(
        count[index] < FEWEST_PERSONS,
        f"This establishment has fewer than {FEWEST_PERSONS} persons. Add persons, use another establishment, or leave "
        "them out.",
    )
    role = np.array([text.lower() for text in table.columns["role"]])
    table.refuse(~np.isin(role, ROLES), f"Unknown role. Use one of {', '.join(ROLES)}.")
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
    """Return a 64-bit number, uint64 (rows,), for each text (BLAKE2b): the same in every file."""
    joined = b"".join(hashlib.blake2b(text.encode(), digest_size=8).digest() for text in texts)
    return np.frombuffer(joined, "<u8").astype(np.uint64)


def _repeated(code: np.ndarray) -> np.ndarray:
    """Return which numbers occur in an earlier row: bool (rows,)."""
    repeated = np.ones(len(code), bool)
    repeated[np.unique(code, return_index=True)[1]] = False
    return repeated


def _check_spelling(table: Table) -> None:
    """Refuse names that differ only in capitals, spaces or accents: they may be one name in two spellings."""
    for column in ("id", "team", "department", "establishment"):
        spellings: dict[str, str] = {}
        names = table.columns.get(column, [])
        other = [spellings.setdefault(csv_text.plain_name(name), name) != name for name in names]
        table.refuse(
            np.array(other, bool),
            f"This {column} differs from an earlier one only in capitals, spaces or accents. Use one spelling, or two "
            "different names.",
        )


def _unit_codes(table: Table) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return numbers of establishment, department, the team's department, and team.

    A department and a team are identified by their names within their establishment. A team may have members of several
    departments; the team's department is that of most of them.
    """
    if "establishment" in table.columns:
        table.check_filled("establishment")
    establishment = table.columns.get("establishment", [""] * len(table.line))
    department, name = (_within(establishment, table.columns[unit]) for unit in ("department", "team"))
    home_of = _most_common(name, department)
    home = [home_of[one] for one in name]
    return _codes(establishment), _codes(department), _codes(home), _codes(_within(home, table.columns["team"]))


def _within(outer: list[str], inner: list[str]) -> list[str]:
    return ["\x1f".join(names) for names in zip(outer, inner, strict=True)]


def _most_common(groups: list[str], values: list[str]) -> dict[str, str]:
    """Return the most frequent value of each group; ties go to the first in alphabetical order."""
    counts: dict[str, Counter[str]] = {}
    for group, value in zip(groups, values, strict=True):
        counts.setdefault(group, Counter())[value] += 1
    return {group: min(count, key=lambda value: (-count[value], value)) for group, count in counts.items()}


def _manager_rows(table: Table, code: np.ndarray) -> np.ndarray:
    """Return the row of each person's manager, -1 where the cell is empty."""
    filled = np.array([bool(text) for text in table.columns["manager"]], bool)
    row = _rows_with(code, _codes(table.columns["manager"]))
    table.refuse(filled & (row < 0), "Unknown manager. Use an id of this file, or leave the cell empty at the top.")
    return np.where(filled, row, -1)


def _rows_with(code: np.ndarray, required: np.ndarray) -> np.ndarray:
    """Return the row of each searched number among the codes, -1 where there is none."""
    order = np.argsort(code)
    row = order[np.minimum(np.searchsorted(code[order], required), len(code) - 1)]
    return np.where(code[row] == required, row, -1)


def _circumstances(table: Table) -> dict[str, np.ndarray]:
    values = {
        name: table.numbers(name, circumstance) for name, circumstance in CIRCUMSTANCES.items() if name in table.columns
    }
    if "young" in values and "older" in values:
        both = (values["young"] == 1) & (values["older"] == 1)
        table.refuse(both, "This person is both young and older. Use 1 for one of the two at most.")
    return values


def _check_lines(table: Table, persons: _Persons) -> None:
    """Refuse reporting lines to an employee, to another establishment, in a circle, or through too many levels."""
    superior, has_manager = persons.manager, persons.manager >= 0
    table.refuse(
        has_manager & ~persons.is_manager[superior],
        "The manager of this person has the role employee. Use the role manager for that person.",
    )
    table.refuse(
        has_manager & (persons.establishment[superior] != persons.establishment),
        "The manager works in another establishment. Leave the manager of the head of an establishment empty.",
    )
    circular, level = _levels(superior)
    table.refuse(circular, "The reporting line is circular. Leave the manager empty at the top.")
    table.refuse(level > MOST_LEVELS, f"This person has more than {MOST_LEVELS} managers above. Check the managers.")


def _levels(manager: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return who is in a circle of reporting lines, bool (rows,), and the number of managers above each, int (rows,).

    Each round doubles the number of levels covered, so a chain of all people takes few rounds.
    """
    nobody = len(manager)
    above = np.append(np.where(manager >= 0, manager, nobody), nobody)
    level = (above != nobody).astype(np.int64)
    for _ in range(nobody.bit_length()):
        level, above = level + level[above], above[above]
    circular = np.zeros(nobody + 1, bool)
    circular[above] = True
    return circular[:-1], level[:-1]


def _check_teams(table: Table, persons: _Persons) -> None:
    """Refuse a person without any colleague; a team of one needs a manager or a report."""
    _, index, count = np.unique(persons.team, return_inverse=True, return_counts=True)
    leads = np.zeros(len(index), bool)
    leads[persons.manager[persons.manager >= 0]] = True
    table.refuse(
        (count[index] == 1) & ~leads & (persons.manager < 0),
        "This person has no team members, no manager and nobody to lead. Use the id of a manager, or another team.",
    )


def _identifiers(code: np.ndarray) -> np.ndarray:
    """Return distinct uint32 for distinct 64-bit numbers: the upper 31 bits, or the next number that is free.

    Numbers are assigned in ascending order, so the order of the file does not affect the result of a collision.
    """
    order = np.argsort(code)
    short = (code[order] >> np.uint64(33)).astype(np.int64)
    ahead = np.arange(len(code))
    identifier = np.empty(len(code), np.uint32)
    identifier[order] = (np.maximum.accumulate(short - ahead) + ahead).astype(np.uint32)
    return identifier


def _indices(code: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return indices int32 (N,) that rise by one where a sorted number changes, and the first row of each."""
    begins = np.append(True, code[1:] != code[:-1])
    return (np.cumsum(begins) - 1).astype(np.int32), np.flatnonzero(begins)


def _by_first_row(code: np.ndarray) -> np.ndarray:
    """Return indices int32 (N,) of numbers, in the order of their first occurrence."""
    _, first, inverse = np.unique(code, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype(np.int32)


def _layers(seats: Seats) -> np.ndarray:
    """Return the managers float32 (E,) above the lowest manager of each establishment, at least 1."""
    leads = np.unique(seats.manager[seats.manager >= 0])
    layers = np.ones(seats.establishment[-1] + 1, np.float32)
    np.maximum.at(layers, seats.establishment[leads], _levels(seats.manager)[1][leads].astype(np.float32))
    return layers


# --- ties ---------------------------------------------------------------------------------------------------


def _ties_of(table: Table, staff: Staff, seed: int, replicate: int) -> slots.Ties:
    ends = [_rows_with(staff.code, _codes(table.columns[end])) for end in TIES.required]
    for name, row in zip(TIES.required, ends, strict=True):
        table.refuse(row < 0, f"Unknown id under '{name}'. Use an id of the file of persons.")
    pairs = np.stack(ends, axis=1).astype(np.int64).reshape(-1, 2)
    _check_pairs(table, pairs, staff.seats)
    strength = None
    if "strength" in table.columns:
        strength = table.numbers("strength", STRENGTH)
    return slots.from_pairs(staff.seats, pairs, strength, seed, replicate)


def _check_pairs(table: Table, pairs: np.ndarray, seats: Seats) -> None:
    """Refuse ties of a person to itself, repeated ties, ties between establishments, and too many of one person."""
    source, target = pairs.T
    table.refuse(source == target, "This tie has the same person at both ends. Use two persons.")
    directed = source * len(seats.team) + target
    table.refuse(_repeated(directed), "This tie occurs on an earlier line. Use one line for each direction.")
    apart = seats.establishment[source] != seats.establishment[target]
    table.refuse(apart, "This tie is between two establishments. Use ties within establishments only.")
    mutual = np.minimum(source, target) * len(seats.team) + np.maximum(source, target)
    ties = np.bincount(pairs[~_repeated(mutual)].ravel(), minlength=len(seats.team))
    crowded = (ties[source] > MOST_TIES_EACH) | (ties[target] > MOST_TIES_EACH)
    table.refuse(crowded, f"One of these persons has more than {MOST_TIES_EACH} ties. Use the strongest ones only.")
