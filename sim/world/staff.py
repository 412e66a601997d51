"""Rows of people: aggregation over colleagues, and broadcasting from one level to another.

Arrays are (world, entity), with a middle axis for tie slots or measures: employee (w, n), team (w, t), establishment
(w, e), tie (w, slot, n), measure (w, m, n), measure of team (w, m, t), measure of establishment (w, m, e), catalogue
(w, m, 1). A leading axis of 1 stands for all worlds at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sim.language.levels import DOMAINS, GROUPS, WITH_MIDDLE, group_between
from sim.world.firm import Firm
from sim.world.random_streams import entity_hash, fmix32, fnv1a64

EXTERNAL_INPUTS = {
    **dict.fromkeys(("is_manager", "has_manager", "span"), "employee"),
    **dict.fromkeys(("exists", "across", "dormant"), "tie"),
    **dict.fromkeys(("layers", "size"), "establishment"),
    "anchor_rank": "team",
    "generation": "employee",
}


ALL_ROWS = slice(None)
_NARROW = 16


@dataclass(frozen=True)
class Manager:
    """Values of each person's manager."""

    row: np.ndarray
    present: np.ndarray

    def at(self, rows: slice) -> Manager:
        """Return the aggregation for some rows; their managers may be in any row."""
        return self if rows is ALL_ROWS else Manager(self.row[rows], self.present[rows])

    def of(self, x: np.ndarray) -> np.ndarray:
        """Return the manager's value of `x`; 0 without a manager."""
        return _take(x, self.row) * self.present


@dataclass(frozen=True)
class Members:
    """Aggregation over the members of a group (a team or an establishment).

    `seats` (seat, group) holds the rows of each group where groups are small. An empty seat points past the last row.
    """

    group: np.ndarray
    count: np.ndarray
    seats: np.ndarray | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "seats", self._seats() if self.count.max() <= _NARROW else None)

    def _seats(self) -> np.ndarray:
        by_group = np.append(np.argsort(self.group, kind="stable"), len(self.group))
        seat, first = np.arange(self.count.max())[:, None], np.cumsum(self.count) - self.count
        return by_group[np.where(seat < self.count, first + seat, len(self.group))]

    def at(self, rows: slice) -> Members:
        """Return the same aggregation, since groups are aggregated whole."""
        return self

    def mean(self, x: np.ndarray) -> np.ndarray:
        """Return the mean of `x` in each group, summed in the order of the rows in double precision."""
        totals = self._sum_by_group(x) if self.seats is None else self._sum_by_seat(x, self.seats)
        return (totals / self.count).astype(np.float32)

    def _sum_by_seat(self, x: np.ndarray, seats: np.ndarray) -> np.ndarray:
        padded, totals = _with_zero(x), np.zeros((*x.shape[:-1], len(self.count)))
        for rows in seats:
            totals += _take(padded, rows)
        return totals

    def _sum_by_group(self, x: np.ndarray) -> np.ndarray:
        groups, lead = len(self.count), x.shape[:-1]
        blocks = int(np.prod(lead))
        cells = (np.arange(blocks)[:, None] * groups + self.group).ravel()
        return np.bincount(cells, np.ascontiguousarray(x).ravel(), blocks * groups).reshape(*lead, groups)


@dataclass(frozen=True)
class Ties:
    """Aggregation over ties, in the order of the slots. An empty slot points past the last row."""

    partner: np.ndarray

    def at(self, rows: slice) -> Ties:
        """Return the aggregation for some rows; their partners may be in any row."""
        return self if rows is ALL_ROWS else Ties(self.partner[:, rows])

    def with_empty_row(self, x: np.ndarray) -> np.ndarray:
        """Return `x` with a zero after its last row, for empty slots."""
        return _with_zero(x)

    def of(self, x: np.ndarray) -> np.ndarray:
        """Return the partner's value of `x` for each tie, (w, slot, n); 0 in an empty slot."""
        return self.select_neighbour_values(self.with_empty_row(x))

    def select_neighbour_values(self, padded: np.ndarray) -> np.ndarray:
        """Return what `of` returns, from the result of `with_empty_row`."""
        return _take(padded, self.partner)

    def mean(self, x: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Return the weighted mean of `x` over the partners; 0 where all weights are 0."""
        total = weight.sum(axis=1)
        np.copyto(total, np.float32(1), where=total <= 0)
        return (weight * self.of(x)).sum(axis=1) / total

    def sum(self, x: np.ndarray) -> np.ndarray:
        """Return the sum over ties of a quantity per tie."""
        return x.sum(axis=1)


@dataclass(frozen=True)
class Measures:
    """Aggregation over all measures."""

    def at(self, rows: slice) -> Measures:
        """Return the same aggregation, since it stays within a row."""
        return self

    def sum(self, x: np.ndarray) -> np.ndarray:
        """Return the sum over measures."""
        return x.sum(axis=1)


def _take(x: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return `x[..., rows]`; all rows exist, so mode "wrap" only saves numpy the check."""
    return x.take(rows, axis=-1, mode="wrap")


def _with_zero(x: np.ndarray) -> np.ndarray:
    padded = np.empty((*x.shape[:-1], x.shape[-1] + 1), np.float32)
    padded[..., :-1] = x
    padded[..., -1] = 0
    return padded


class Staff:
    """Structure of a firm for the engine: aggregation sources, broadcasting, and the code of every entity."""

    def __init__(self, firm: Firm, measure_names: tuple[str, ...], replicate: np.ndarray | int = 0):
        """Create the structure.

        `replicate` is part of every entity's code: one number, or one per establishment of stacked replicates.
        """
        self.firm = firm
        self.replicate = np.broadcast_to(np.asarray(replicate, np.uint64), firm.establishment_identifier.shape)
        places = len(firm.identifier)
        rows = {
            "employee": places,
            "team": len(firm.team_identifier),
            "establishment": len(firm.establishment_identifier),
            "catalogue": 1,
        }
        self.count = {level: rows[domain] for level, domain in DOMAINS.items()}
        self.middle = {**dict.fromkeys(WITH_MIDDLE, len(measure_names)), "tie": len(firm.ties.partner)}
        self._group = {name: getattr(firm, name).astype(np.int64) for name in GROUPS.values()}
        partner = np.where(firm.ties.exists, firm.ties.partner, places).astype(np.int64)
        led_by = np.where(firm.manager < 0, np.arange(places), firm.manager)
        self.aggregation_sources: dict[str, Any] = {
            "ties": Ties(partner),
            "manager": Manager(led_by.astype(np.int64), (firm.manager >= 0).astype(np.float32)),
            **{name: Members(self._group[name], np.bincount(self._group[name], minlength=self.count[name]))
               for name in ("team", "establishment")},
            "measures": Measures(),
        }  # fmt: skip
        self.entity = self._entities(measure_names)
        self._anchor_ranks = self._ranks_by_weekday()
        self.external_inputs = {
            name: value[None].astype(np.float32)
            for name, value in {
                **{name: getattr(firm, name) for name in ("is_manager", "span", "layers", "size")},
                **{name: getattr(firm.ties, name) for name in ("exists", "across", "dormant")},
                "has_manager": firm.manager >= 0,
            }.items()
        }

    def _entities(self, measure_names: tuple[str, ...]) -> dict[str, np.ndarray]:
        firm = self.firm
        place = self._codes(firm.identifier, self.replicate[firm.establishment], 0)
        team = self._codes(firm.team_identifier, self.replicate[firm.team_establishment], 1)
        establishment = self._codes(firm.establishment_identifier, self.replicate, 2)
        measure = np.array([fnv1a64(name) & 0xFFFFFFFF for name in measure_names], np.uint32)[:, None]
        return {
            "employee": place,
            "team": team,
            "establishment": establishment,
            "tie": fmix32(place[None] + fmix32(place[firm.ties.partner] ^ np.uint32(0x9E3779B9))),
            "measure": fmix32(place[None] ^ measure),
            "measure of team": fmix32(team[None] ^ measure),
            "measure of establishment": fmix32(establishment[None] ^ measure),
            "catalogue": measure,
        }

    def _ranks_by_weekday(self) -> list[np.ndarray]:
        order = self.firm.anchor_order
        working = [np.argmax(order == weekday, axis=0)[None].astype(np.float32) for weekday in range(len(order))]
        return [*working, np.full((1, order.shape[1]), len(order), np.float32)]

    @staticmethod
    def _codes(identifier: np.ndarray, replicate: np.ndarray, salt: int) -> np.ndarray:
        return entity_hash(identifier.astype(np.uint64) | (replicate << np.uint64(32)), salt)

    def person(self, generation: np.ndarray, places: np.ndarray | slice = ALL_ROWS) -> np.ndarray:
        """Return the code of the person in each place; the first person has the code of the place."""
        place = self.entity["employee"][places]
        return np.where(generation > 0, fmix32(place + generation.astype(np.uint32) * np.uint32(0x9E3779B1)), place)

    def anchor_rank(self, weekday: int) -> np.ndarray:
        """Return the rank of a weekday in each team's order of fixed office days, (1, t): 0 first, 5 at weekends."""
        return self._anchor_ranks[min(weekday, len(self.firm.anchor_order))]

    def shape(self, level: str, worlds: int) -> tuple[int, ...]:
        """Return the shape of a quantity of this level."""
        if level in self.middle:
            return (worlds, self.middle[level], self.count[level])
        return (worlds, self.count[level])

    def broadcast(self, x: np.ndarray, level: str, to: str, rows: slice = ALL_ROWS) -> np.ndarray:
        """Broadcast a quantity to these rows of a finer level; raise KeyError where the levels do not nest."""
        if level == to:
            return select_rows(x, rows)
        group = group_between(level, to)
        values = _take(x, self._group[group][rows]) if group else select_rows(x, rows)
        return values[:, None] if to in self.middle and level not in self.middle else values


def select_rows(x: np.ndarray, rows: slice) -> np.ndarray:
    """Return these rows of `x`, or `x` itself where it has one value for all rows."""
    return x if rows is ALL_ROWS or x.shape[-1] == 1 else x[..., rows]
