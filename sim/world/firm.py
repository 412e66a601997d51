"""Firms: establishments, teams, reporting lines and ties, all fixed during a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sim.data import rows
from sim.world.random_streams import entity_hash, key_of, uniforms
from sim.world.ties import Seats, Ties, concatenate_ties, subset_ties

if TYPE_CHECKING:
    import networkx

WEEKDAYS = 5


@dataclass(frozen=True)
class FirmOptions:
    """Settings of `conf/firm/*.yaml`.

    kind                  study, one or own
    establishments        study: number of establishments
    employees             one: number of people
    sample                study: people simulated of each establishment, whole teams with their managers
    team_size             people in a team, its manager included: 3 to 12
    teams_per_department  teams under one head, departments under the next manager, and so on: 2 to 11
    sector                one, own: a sector of `sim/data/sectors.csv`; if none, the most frequent one
    persons, ties         own: paths of csv files; ties may be left out
    shares                circumstance -> share of employees 0-1 that replaces the national one
    file_digests          own: SHA-256 of each file, by option, which rejects changed files; not a setting
    """

    kind: str = "study"
    establishments: int = 206
    employees: int = 1000
    sample: int = 25
    team_size: int = 8
    teams_per_department: int = 6
    sector: str | None = None
    persons: str | None = None
    ties: str | None = None
    shares: dict[str, float] | None = None
    file_digests: dict[str, str] | None = field(default=None, metadata={"omegaconf_ignore": True})

    @property
    def people(self) -> int:
        """Largest possible number of people; small establishments have fewer than the sample."""
        return self.employees if self.kind == "one" else self.establishments * self.sample


@dataclass(frozen=True)
class Firm:
    """Structure of N places in T teams of E establishments; rows are sorted by establishment, team and identifier.

    identifier                uint32 (N,), unique in the firm and the same under any order of input
    team, department, establishment   int32 (N,), indices that ascend with the rows
    manager                   int32 (N,), row of the manager, -1 at the top
    is_manager                bool (N,)
    span                      float32 (N,), people who report to the place
    team_establishment        int32 (T,)
    team_identifier           uint32 (T,)
    establishment_identifier  uint32 (E,)
    anchor_order              uint8 (5, T), weekdays 0-4 in the order in which a team fixes its office days
    size                      float32 (E,), employees of the whole establishment
    size_class, sector        (E,), small, medium or large; a sector of `sim/data/sectors.csv`
    layers                    float32 (E,), levels between the board and a team's manager, at least 1
    ties                      tie slots, (slot, place)
    weight                    float32 (N,), real employees that each place represents
    circumstances             float32 (N,) each: values from an own organisation, instead of draws
    """

    identifier: np.ndarray
    team: np.ndarray
    department: np.ndarray
    establishment: np.ndarray
    manager: np.ndarray
    is_manager: np.ndarray
    span: np.ndarray
    team_establishment: np.ndarray
    team_identifier: np.ndarray
    establishment_identifier: np.ndarray
    anchor_order: np.ndarray
    size: np.ndarray
    size_class: tuple[str, ...]
    sector: tuple[str, ...]
    layers: np.ndarray
    ties: Ties
    weight: np.ndarray
    circumstances: dict[str, np.ndarray] = field(default_factory=dict)

    def to_networkx(self, strength: np.ndarray | None = None) -> networkx.DiGraph:
        """Return the firm as a directed graph of rows; `strength` (slot, place) 0-1 is that of one world, or None.

        Nodes carry team, department, establishment and role. An edge has a kind ("tie", "reporting line" or
        both, joined by "and"), `across` (between teams), and strength where it is known. With strengths, the graph has
        the ties above 0, including formerly dormant ones; without, all that are not dormant. Reporting lines point to
        the manager.
        """
        import networkx

        graph = networkx.DiGraph()
        for row, is_manager in enumerate(self.is_manager.tolist()):
            graph.add_node(row, role="manager" if is_manager else "employee", **self._units(row))
        shown_ties = self.ties.exists & (~self.ties.dormant if strength is None else strength > 0)
        for slot, row in np.argwhere(shown_ties).tolist():
            partner, across = int(self.ties.partner[slot, row]), bool(self.ties.across[slot, row])
            graph.add_edge(row, partner, kind="tie", across=across)
            if strength is not None:
                graph.edges[row, partner]["strength"] = float(strength[slot, row])
        for row in np.flatnonzero(self.manager >= 0).tolist():
            self._add_line(graph, row, int(self.manager[row]))
        return graph

    def _units(self, row: int) -> dict[str, int]:
        return {unit: int(getattr(self, unit)[row]) for unit in ("team", "department", "establishment")}

    def _add_line(self, graph: networkx.DiGraph, row: int, manager: int) -> None:
        kind = "tie and reporting line" if graph.has_edge(row, manager) else "reporting line"
        graph.add_edge(row, manager, kind=kind, across=bool(self.team[row] != self.team[manager]))


def most_common_sector() -> str:
    """Return the sector with most establishments."""
    return max(rows("sectors"), key=lambda row: float(row["share"]))["sector"]


def size_class_of(employees: float) -> str:
    """Return the size class of an establishment: small, medium or large (`sim/data/size_classes.csv`)."""
    return [row["size_class"] for row in rows("size_classes") if employees >= float(row["lowest"])][-1]


# --- from seats to a firm -----------------------------------------------------------------------------------


def assemble_firm(
    seats: Seats,
    ties: Ties,
    *,
    team_identifier: np.ndarray,
    establishment_identifier: np.ndarray,
    size: np.ndarray,
    sector: tuple[str, ...],
    layers: np.ndarray,
    seed: int,
    replicate: int,
    is_manager: np.ndarray | None = None,
    circumstances: dict[str, np.ndarray] | None = None,
) -> Firm:
    """Return a firm with derived spans, classes and weights. Managers are by default those with reports."""
    people = np.bincount(seats.establishment)
    span = np.bincount(seats.manager[seats.manager >= 0], minlength=len(seats.manager))
    first_rows = np.searchsorted(seats.team, np.arange(len(team_identifier)))
    return Firm(
        **vars(seats),
        is_manager=span > 0 if is_manager is None else is_manager,
        span=span.astype(np.float32),
        team_establishment=seats.establishment[first_rows],
        team_identifier=team_identifier,
        establishment_identifier=establishment_identifier,
        anchor_order=_anchor_order(team_identifier, seed, replicate),
        size=size,
        size_class=tuple(size_class_of(employees) for employees in size),
        sector=sector,
        layers=layers,
        ties=ties,
        weight=(size / people)[seats.establishment].astype(np.float32),
        circumstances=circumstances or {},
    )


def _anchor_order(team: np.ndarray, seed: int, replicate: int) -> np.ndarray:
    """Return a random order of the weekdays for each team, uint8 (5, T)."""
    entity = entity_hash(team)
    uniform_draws = [uniforms(key_of(seed, replicate, "anchor days", day), entity) for day in range(WEEKDAYS)]
    return np.argsort(np.stack(uniform_draws), axis=0, kind="stable").astype(np.uint8)


# --- several firms as one -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """Whole establishments of a firm as a separate firm, with their position in the whole."""

    firm: Firm
    establishments: slice


def partition_firm(firm: Firm, most: int) -> list[Part]:
    """Divide a firm into parts of whole establishments with at most `most` places; a larger establishment is a part."""
    places = np.bincount(firm.establishment, minlength=len(firm.size))
    before = np.concatenate(([0], np.cumsum(places)))
    parts, first = [], 0
    while first < len(places):
        end = max(int(np.searchsorted(before, before[first] + most, side="right")) - 1, first + 1)
        parts.append(Part(_cut_out(firm, first, end), slice(first, end)))
        first = end
    return parts


_OF_ROWS = ("identifier", "is_manager", "span", "weight")
_OF_ESTABLISHMENTS = ("establishment_identifier", "size", "layers", "size_class", "sector")


def _cut_out(firm: Firm, first: int, end: int) -> Firm:
    rows = slice(*np.searchsorted(firm.establishment, (first, end)).tolist())
    teams = slice(*np.searchsorted(firm.team_establishment, (first, end)).tolist())
    manager = firm.manager[rows]
    return Firm(
        **{name: getattr(firm, name)[rows] for name in _OF_ROWS},
        **{name: getattr(firm, name)[first:end] for name in _OF_ESTABLISHMENTS},
        team=firm.team[rows] - np.int32(teams.start),
        department=firm.department[rows] - firm.department[rows.start],
        establishment=firm.establishment[rows] - np.int32(first),
        manager=np.where(manager < 0, -1, manager - rows.start).astype(np.int32),
        team_establishment=firm.team_establishment[teams] - np.int32(first),
        team_identifier=firm.team_identifier[teams],
        anchor_order=firm.anchor_order[:, teams],
        ties=subset_ties(firm.ties, rows),
        circumstances={name: own[rows] for name, own in firm.circumstances.items()},
    )


def stack_firms(firms: Sequence[Firm]) -> Firm:
    """Return replicates that are run together as one firm, without ties or reporting lines between them.

    Indices of rows, teams, departments and establishments continue from one to the next. Identifiers stay the same, so
    `Staff` keys random numbers by each establishment's replicate too.
    """
    places = [len(firm.identifier) for firm in firms]
    teams = [len(firm.team_identifier) for firm in firms]
    establishments = [len(firm.establishment_identifier) for firm in firms]
    departments = [int(firm.department.max()) + 1 for firm in firms]
    names = (*_OF_ROWS, "team_identifier", "establishment_identifier", "size", "layers")
    joined = {name: np.concatenate([getattr(firm, name) for firm in firms]) for name in names}
    rows = _shift_indices([firm.manager for firm in firms], places)
    return Firm(
        **joined,
        team=_shift_indices([firm.team for firm in firms], teams),
        department=_shift_indices([firm.department for firm in firms], departments),
        establishment=_shift_indices([firm.establishment for firm in firms], establishments),
        manager=np.where(np.concatenate([firm.manager for firm in firms]) < 0, -1, rows).astype(np.int32),
        team_establishment=_shift_indices([firm.team_establishment for firm in firms], establishments),
        anchor_order=np.concatenate([firm.anchor_order for firm in firms], axis=1),
        size_class=tuple(one for firm in firms for one in firm.size_class),
        sector=tuple(one for firm in firms for one in firm.sector),
        ties=concatenate_ties([firm.ties for firm in firms]),
        circumstances={
            name: np.concatenate([firm.circumstances[name] for firm in firms]) for name in firms[0].circumstances
        },
    )


def _shift_indices(indices: Sequence[np.ndarray], counts: Sequence[int]) -> np.ndarray:
    """Return the indices of several firms, each shifted by the counts of those before it."""
    starts = np.cumsum(counts) - counts
    return np.concatenate([index + start for index, start in zip(indices, starts, strict=True)]).astype(np.int32)
