"""Construction of firms: establishments like those of the 2022 study, one organisation, or an own organisation.

*study*: establishments drawn to resemble the 206 that the Dutch labour inspectorate visited in 2022, with a sample of
whole teams from each. *one*: a single organisation of any size. *own*: an organisation read from files of persons and
ties (`sim/world/own_organisation.py`).
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim.data import rows
from sim.errors import UserError, invalid, unknown
from sim.world.firm import Firm, FirmOptions, assemble_firm, most_common_sector
from sim.world.organisation_table import check_shares
from sim.world.own_organisation import read_own
from sim.world.random_streams import entity_hash, key_of, uniforms
from sim.world.ties import MANAGER_TIES, Seats, sample_ties

MOST_EMPLOYEES = 2_000_000
FEWEST_EMPLOYEES = 10
MOST_ESTABLISHMENTS = 65_535
FEWEST_SAMPLED = 5
_PERSON_BITS = np.uint32(16)


def build(options: FirmOptions, seed: int, replicate: int) -> Firm:
    """Build the firm that the options describe; draws are keyed by seed, replicate, name and identifier.

    Raises `UserError` for options that contradict each other or are out of range.
    """
    check_options(options)
    if options.kind == "own":
        ties = None if options.ties is None else Path(options.ties)
        return read_own(Path(str(options.persons)), ties, seed, replicate, options)
    if options.kind == "one":
        size = np.array([options.employees], np.float32)
        return _firm_of(size, options.employees, (options.sector or most_common_sector(),), options, seed, replicate)
    establishment = np.arange(options.establishments, dtype=np.uint32)
    size = _study_sizes(establishment, seed, replicate)
    sector = _study_sectors(establishment, seed, replicate)
    return _firm_of(size, options.sample, sector, options, seed, replicate)


def check_options(options: FirmOptions) -> None:
    """Raise UserError where options contradict each other or are out of range."""
    _check_kind(options)
    _check_range("establishments", options.establishments, 1, MOST_ESTABLISHMENTS)
    _check_range("employees", options.employees, FEWEST_EMPLOYEES, MOST_EMPLOYEES)
    _check_range("sample", options.sample, FEWEST_SAMPLED, MOST_EMPLOYEES)
    _check_range("team_size", options.team_size, 3, 12)
    _check_range("teams_per_department", options.teams_per_department, 2, MANAGER_TIES)
    _check_sector(options)
    if options.shares:
        check_shares(options.shares)


def _check_kind(options: FirmOptions) -> None:
    if options.kind not in ("study", "one", "own"):
        raise UserError(unknown("firm.kind", options.kind, ("study", "one", "own")))
    if options.kind == "own" and options.persons is None:
        raise UserError("Missing firm.persons: kind own needs a file of persons. Use the path of a csv file.")
    if options.kind != "own" and (options.persons or options.ties):
        raise UserError(f"Invalid firm.persons or firm.ties for kind {options.kind}. Use kind own with files.")


def _check_range(name: str, value: int, lowest: int, highest: int) -> None:
    if not lowest <= value <= highest or value != int(value):
        raise UserError(invalid(f"firm.{name}", value, f"a whole number from {lowest} to {highest}"))


def _check_sector(options: FirmOptions) -> None:
    if options.sector is None:
        return
    if options.kind == "study":
        raise UserError("Invalid firm.sector for kind study, which draws its sectors. Leave it out or use kind one.")
    names = [row["sector"] for row in rows("sectors")]
    if options.sector not in names:
        raise UserError(unknown("firm.sector", options.sector, names))


# --- outline of one organisation ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Outline:
    """Team, department and manager (-1 at the top) in one establishment, int32 (N,), counted from 0."""

    team: np.ndarray
    department: np.ndarray
    manager: np.ndarray
    teams: int


def _firm_of(
    size: np.ndarray, most: int, sector: tuple[str, ...], options: FirmOptions, seed: int, replicate: int
) -> Firm:
    """Return establishments of sizes float32 (E,), with a limit on the simulated employees of each."""
    establishment = np.arange(len(size), dtype=np.uint32)
    people = np.minimum(size.astype(np.int64), most)
    outlines = [_outline(int(number), options.team_size, options.teams_per_department) for number in people]
    teams = np.array([outline.teams for outline in outlines])
    seats = _side_by_side(outlines, people)
    return assemble_firm(
        seats,
        sample_ties(seats, seed, replicate),
        team_identifier=_numbered_within(establishment, teams),
        establishment_identifier=establishment,
        size=size,
        sector=sector,
        layers=_layers(size, options),
        seed=seed,
        replicate=replicate,
    )


def _side_by_side(outlines: list[_Outline], people: np.ndarray) -> Seats:
    """Concatenate establishments, shifting every index by the counts of those before it."""
    above = np.repeat(np.cumsum(people) - people, people)
    teams = np.array([outline.teams for outline in outlines])
    departments = np.array([outline.department[-1] + 1 for outline in outlines])
    manager = np.concatenate([outline.manager for outline in outlines])
    return Seats(
        identifier=_numbered_within(np.arange(len(people), dtype=np.uint32), people),
        team=_moved([outline.team for outline in outlines], teams, people),
        department=_moved([outline.department for outline in outlines], departments, people),
        establishment=np.repeat(np.arange(len(people)), people).astype(np.int32),
        manager=np.where(manager >= 0, manager + above, -1).astype(np.int32),
    )


def _moved(indices: list[np.ndarray], count: np.ndarray, people: np.ndarray) -> np.ndarray:
    return (np.concatenate(indices) + np.repeat(np.cumsum(count) - count, people)).astype(np.int32)


def _numbered_within(establishment: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Return uint32 identifiers of units numbered within their establishment."""
    number = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return (np.repeat(establishment, count) << _PERSON_BITS) | number.astype(np.uint32)


def _outline(people: int, team_size: int, teams_per_department: int) -> _Outline:
    """Return teams of at most `team_size`, each led by a member, with heads above them up to one director.

    Units (teams, departments, divisions, ...) are grouped evenly, at most `teams_per_department` to a group. A group
    of two or more gets a head; a single unit reports one level higher. Heads come on top of the team size and sit
    with a team below them.
    """
    teams = _teams_needed(people, team_size, teams_per_department)
    members = people - _heads(teams, teams_per_department)
    seat = np.empty(people, np.int64)
    seat[:members] = np.repeat(np.arange(teams), _even(members, teams))
    leader = np.searchsorted(seat[:members], np.arange(teams))
    manager = np.full(people, -1)
    manager[:members] = leader[seat[:members]]
    manager[leader] = -1
    department = _seat_heads(seat, manager, leader, members, teams_per_department)
    return _in_team_order(seat, manager, department)


def _seat_heads(
    seat: np.ndarray, manager: np.ndarray, leader: np.ndarray, free: int, teams_per_department: int
) -> np.ndarray:
    """Place the heads from `free` on and set their reporting lines; return the departments (T,) of the teams."""
    teams, level = len(leader), 0
    first_team = np.arange(teams)
    department = np.zeros(teams, np.int64)
    while len(leader) > 1:
        groups = -(-len(leader) // teams_per_department)
        units = _even(len(leader), groups)
        group = np.repeat(np.arange(groups), units)
        department = group if level == 0 else department
        first_unit = np.cumsum(units) - units
        first_team = first_team[first_unit]
        last_team = np.append(first_team[1:], teams) - 1
        above, headed = leader[first_unit], units > 1
        head = free + np.arange(headed.sum())
        above[headed] = head
        manager[leader[headed[group]]] = above[group[headed[group]]]
        seat[head] = np.minimum(first_team + level, last_team)[headed]
        leader, free, level = above, free + len(head), level + 1
    return department


def _in_team_order(seat: np.ndarray, manager: np.ndarray, department: np.ndarray) -> _Outline:
    """Sort places by team, and the reporting lines with them."""
    order = np.argsort(seat, kind="stable")
    row = np.empty(len(order), np.int64)
    row[order] = np.arange(len(order))
    line = np.where(manager >= 0, row[manager], -1)[order]
    team = seat[order]
    return _Outline(
        team=team.astype(np.int32),
        department=department[team].astype(np.int32),
        manager=line.astype(np.int32),
        teams=len(department),
    )


def _even(total: int, parts: int) -> np.ndarray:
    """Return integers (parts,) that add up to `total` and differ by at most one, larger ones first."""
    return total // parts + (np.arange(parts) < total % parts)


def _teams_needed(people: int, team_size: int, teams_per_department: int) -> int:
    """Return the smallest number of teams that, with their heads, hold this many people."""

    def seats(teams: int) -> int:
        return teams * team_size + _heads(teams, teams_per_department)

    return bisect_left(range(1, people), people, key=seats) + 1


def _heads(teams: int, teams_per_department: int) -> int:
    """Return the number of managers above those of teams: one per group of two or more units, level by level."""
    heads, units = 0, teams
    while units > 1:
        groups = -(-units // teams_per_department)
        heads += min(groups, units - groups)
        units = groups
    return heads


def _layers(size: np.ndarray, options: FirmOptions) -> np.ndarray:
    """Return the levels, float32 (E,), above the teams' managers in the whole establishment, at least 1."""
    return np.array([_levels(int(people), options) for people in size], np.float32)


def _levels(people: int, options: FirmOptions) -> int:
    levels, units = 0, _teams_needed(people, options.team_size, options.teams_per_department)
    while units > 1:
        levels, units = levels + 1, -(-units // options.teams_per_department)
    return max(levels, 1)


# --- the establishments of the study ------------------------------------------------------------------------


def _study_sizes(establishment: np.ndarray, seed: int, replicate: int) -> np.ndarray:
    """Return the employees of each establishment, float32 (E,), with a fixed number of establishments per size band.

    Within a band, sizes follow a truncated Pareto distribution of exponent 1/2, whose mean is the square root
    of the product of the limits. The draw is stratified, as the study was, so totals hardly differ between
    replicates.
    """
    bands = rows("size_classes")
    share = np.array([float(row["establishments"]) for row in bands])
    lowest = np.array([float(row["lowest"]) for row in bands])
    below = np.array([float(row["below"]) for row in bands])
    band, rank, count = _stratify(share, establishment, key_of(seed, replicate, "size class"))
    uniform_draws = uniforms(key_of(seed, replicate, "size"), entity_hash(establishment)).astype(np.float64)
    place_in_band = (rank + uniform_draws) / count[band]
    cut = 1 - np.sqrt(lowest / below)[band]
    return np.floor(lowest[band] / (1 - place_in_band * cut) ** 2).astype(np.float32)


def _study_sectors(establishment: np.ndarray, seed: int, replicate: int) -> tuple[str, ...]:
    share = np.array([float(row["share"]) for row in rows("sectors")])
    sector, _, _ = _stratify(share, establishment, key_of(seed, replicate, "sector"))
    return tuple(rows("sectors")[index]["sector"] for index in sector)


def _stratify(share: np.ndarray, establishment: np.ndarray, key: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Assign strata by share, largest remainders first; return stratum and rank in it (E,), and number in each."""
    quota = share / share.sum() * len(establishment)
    count = np.floor(quota).astype(np.int64)
    count[np.argsort(count - quota, kind="stable")[: len(establishment) - count.sum()]] += 1
    order = np.argsort(uniforms(key, entity_hash(establishment)), kind="stable")
    stratum = np.empty(len(establishment), np.int64)
    stratum[order] = np.repeat(np.arange(len(share)), count)
    rank = np.empty(len(establishment), np.int64)
    rank[order] = np.arange(len(establishment)) - np.repeat(np.cumsum(count) - count, count)
    return stratum, rank, count
