"""Tie slots of every place, drawn once and shared by all worlds.

All members of a team have ties with each other, and managers with their reports. Between teams, each
place has a few ties in its department, a few in its establishment, and dormant slots for ties that may form. A slot is
mutual. The strength of a tie is directed and differs between worlds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from sim.world.random_streams import entity_hash, key_of, words

TEAM_TIES = 7
"""Largest number of ties of a place within its team, including the manager (managers: `MANAGER_TIES`)."""
MANAGER_TIES = 11
"""Largest number of ties of a manager with reports."""
ACROSS_TIES = 2
"""Ties drawn in the department, in the establishment, and as dormant ones, each; those within the team are dropped."""
NETWORKX_PEOPLE = 5_000
"""Largest establishment whose ties between teams come from networkx; larger ones use cycles in numpy."""

_PARTNER_BITS = np.uint64(32)
_DORMANT_BIT = np.uint64(1)


@dataclass(frozen=True)
class Seats:
    """Units and reporting lines of N places, (N,) each; rows are sorted by establishment, team, identifier.

    identifier                        uint32
    team, department, establishment   int32, indices that ascend with the rows
    manager                           int32, a row, -1 at the top
    """

    identifier: np.ndarray
    team: np.ndarray
    department: np.ndarray
    establishment: np.ndarray
    manager: np.ndarray


@dataclass(frozen=True)
class Ties:
    """The possible partners of each place: (slot, place), slots in the order of the partner's identifier.

    partner            int32, row of the partner; the place's own row in an empty slot
    exists             bool, the slot has a partner
    across             bool, the partner is in another team
    dormant            bool, the slot has a partner but no tie yet
    reported_strength  float32, strength 0-1 in a file of ties, NaN where it has none; None without such a file
    """

    partner: np.ndarray
    exists: np.ndarray
    across: np.ndarray
    dormant: np.ndarray
    reported_strength: np.ndarray | None = None


def sample_ties(seats: Seats, seed: int, replicate: int) -> Ties:
    """Draw the tie slots of a firm, keyed by seed, replicate and identifiers.

    A team is a complete graph (`networkx.complete_graph`); in teams of more than eight the members form a
    ring lattice of degree six and all know their manager. Across teams the graphs are random regular of
    degree two, per department and per establishment; their edges within a team are dropped. For up to
    5,000 people in an establishment they come from `networkx.random_regular_graph`, for more from one random
    permutation cycle. Both give everybody exactly two partners, all equally likely; networkx may close several
    smaller cycles. Their degrees after the drop follow the same distribution.
    """
    active = np.concatenate(
        [
            _reporting_edges(seats),
            _team_edges(seats),
            _across_edges(seats, seats.department, key_of(seed, replicate, "ties in the department")),
            _across_edges(seats, seats.establishment, key_of(seed, replicate, "ties in the establishment")),
        ]
    )
    return _in_slots(seats, active, _dormant_edges(seats, seed, replicate))


def from_pairs(seats: Seats, pairs: np.ndarray, strength: np.ndarray | None, seed: int, replicate: int) -> Ties:
    """Return the slots of a firm with known ties: `pairs` (E, 2) rows from and to, `strength` (E,) 0-1 or None.

    Reporting lines are ties too. Dormant slots are drawn. A pair in one direction creates a slot at both ends.
    """
    ties = _in_slots(seats, np.concatenate([_reporting_edges(seats), pairs]), _dormant_edges(seats, seed, replicate))
    if strength is None:
        return ties
    reported_strength = np.full(ties.partner.shape, np.nan, np.float32)
    for of_slot, partner in zip(reported_strength, ties.partner, strict=True):
        in_slot = partner[pairs[:, 0]] == pairs[:, 1]
        of_slot[pairs[in_slot, 0]] = strength[in_slot]
    return replace(ties, reported_strength=reported_strength)


def _reporting_edges(seats: Seats) -> np.ndarray:
    """Return pairs of each place and its manager, at most `MANAGER_TIES` per manager: managers first, then by row."""
    reports = np.flatnonzero(seats.manager >= 0)
    leads = np.zeros(len(seats.manager), bool)
    leads[seats.manager[reports]] = True
    reports = reports[np.lexsort((~leads[reports], seats.manager[reports]))]
    manager = seats.manager[reports]
    rank = np.arange(len(reports)) - np.searchsorted(manager, manager)
    within_limit = rank < MANAGER_TIES
    return np.stack([reports[within_limit], manager[within_limit].astype(np.int64)], axis=1)


def _team_edges(seats: Seats) -> np.ndarray:
    """Return all pairs of colleagues in a team, without those who lead a member and have reporting lines instead."""
    colleagues = np.flatnonzero(~_leads_a_team_member(seats))
    first, count = np.unique(seats.team[colleagues], return_index=True, return_counts=True)[1:]
    edges = [np.empty((0, 2), np.int64)]
    for members in np.unique(count):
        rows = colleagues[first[count == members][:, None] + np.arange(members)]
        edges.append(rows[:, _team_pattern(int(members))].reshape(-1, 2))
    return np.concatenate(edges)


def _leads_a_team_member(seats: Seats) -> np.ndarray:
    """Return whether a place leads, directly or not, somebody in its own team: bool (N,)."""
    above = np.zeros(len(seats.team), bool)
    row, superior = np.arange(len(seats.team)), seats.manager
    while len(row):
        row, superior = row[superior >= 0], superior[superior >= 0]
        above[superior[seats.team[superior] == seats.team[row]]] = True
        superior = seats.manager[superior]
    return above


@cache
def _team_pattern(members: int) -> np.ndarray:
    """Return pairs (E, 2) of places in a team of this size: all pairs, or nearest neighbours on a ring."""
    import networkx

    if members <= TEAM_TIES:
        graph = networkx.complete_graph(members)
    else:
        graph = networkx.circulant_graph(members, range(1, (TEAM_TIES - 1) // 2 + 1))
    return _edges_of(graph)


def _dormant_edges(seats: Seats, seed: int, replicate: int) -> np.ndarray:
    return _across_edges(seats, seats.establishment, key_of(seed, replicate, "dormant ties"))


def _across_edges(seats: Seats, group: np.ndarray, key: int) -> np.ndarray:
    """Return pairs (E, 2) of rows: a random regular graph in each group (N,), without pairs of one team."""
    small = np.bincount(seats.establishment)[seats.establishment] <= NETWORKX_PEOPLE
    edges = np.concatenate(
        [
            _regular_by_networkx(np.flatnonzero(small), group, seats.identifier, key),
            _regular_by_cycle(np.flatnonzero(~small), group, seats.identifier, key),
        ]
    )
    return edges[seats.team[edges[:, 0]] != seats.team[edges[:, 1]]]


def _regular_by_networkx(rows: np.ndarray, group: np.ndarray, identifier: np.ndarray, key: int) -> np.ndarray:
    """Return pairs (E, 2): `networkx.random_regular_graph` of degree two over those of `rows` who share a group."""
    import networkx

    edges = [np.empty((0, 2), np.int64)]
    rows = rows[np.argsort(group[rows], kind="stable")]
    starts = np.unique(group[rows], return_index=True)[1]
    for members in np.split(rows, starts[1:]):
        if len(members) > ACROSS_TIES:
            group_key = key_of(key, int(identifier[members].min())) & 0xFFFFFFFF
            graph = networkx.random_regular_graph(ACROSS_TIES, len(members), seed=group_key)
            edges.append(members[_edges_of(graph)])
    return np.concatenate(edges)


def _regular_by_cycle(rows: np.ndarray, group: np.ndarray, identifier: np.ndarray, key: int) -> np.ndarray:
    """Return pairs (E, 2): one random cycle through the `rows` of each group, with two partners each."""
    noise = words(key, entity_hash(identifier[rows])).astype(np.uint64)
    order = rows[np.argsort((group[rows].astype(np.uint64) << np.uint64(32)) | noise)]
    starts, sizes = np.unique(group[order], return_index=True, return_counts=True)[1:]
    following = np.roll(order, -1)
    following[starts + sizes - 1] = order[starts]
    return np.stack([order, following], axis=1)[np.repeat(sizes > ACROSS_TIES, sizes)]


def _edges_of(graph) -> np.ndarray:  # a networkx graph; networkx is imported late
    return np.array(graph.edges, np.int64).reshape(-1, 2)


def concatenate_ties(ties: Sequence[Ties]) -> Ties:
    """Concatenate the slots of several firms, with the largest number of slots among them.

    An empty slot points to its own place. All firms have reported strengths, or none has.
    """
    slots, places = max(len(one.partner) for one in ties), np.cumsum([0, *(one.partner.shape[1] for one in ties)])
    partner = np.tile(np.arange(places[-1], dtype=np.int32), (slots, 1))
    exists, across, dormant = (np.zeros(partner.shape, bool) for _ in range(3))
    strength = None if ties[0].reported_strength is None else np.full(partner.shape, np.nan, np.float32)
    for one, first, end in zip(ties, places[:-1], places[1:], strict=True):
        here = slice(len(one.partner)), slice(first, end)
        partner[here], exists[here] = one.partner + first, one.exists
        across[here], dormant[here] = one.across, one.dormant
        if strength is not None and one.reported_strength is not None:
            strength[here] = one.reported_strength
    return Ties(partner, exists, across, dormant, strength)


def subset_ties(ties: Ties, rows: slice) -> Ties:
    """Return the slots of rows that have no tie to other rows."""
    own = {name: array[:, rows] for name, array in vars(ties).items() if array is not None}
    return Ties(**{**own, "partner": own["partner"] - np.int32(rows.start)})


def _in_slots(seats: Seats, active: np.ndarray, dormant_pairs: np.ndarray) -> Ties:
    """Turn pairs of rows into slots at both ends; repeated pairs share a slot, dormant only if all of them are."""
    places = len(seats.identifier)
    by_identifier = np.argsort(seats.identifier)
    code = _slot_codes(by_identifier, active, dormant_pairs)
    own = (code >> _PARTNER_BITS).astype(np.int64)
    count = np.bincount(own, minlength=places)
    slot = np.arange(len(own)) - np.repeat(np.cumsum(count) - count, count)
    cell = slot * places + own
    shape = (max(int(count.max()), 1), places)
    myself = np.arange(places, dtype=np.int32)
    partner = np.tile(myself, shape[0])
    partner[cell] = by_identifier.astype(np.int32)[(code & np.uint64(0xFFFFFFFF)) >> _DORMANT_BIT]
    dormant = np.zeros(len(partner), bool)
    dormant[cell] = (code & _DORMANT_BIT) == _DORMANT_BIT
    partner = partner.reshape(shape)
    return Ties(partner, partner != myself, seats.team[partner] != seats.team, dormant.reshape(shape))


def _slot_codes(by_identifier: np.ndarray, active: np.ndarray, dormant_pairs: np.ndarray) -> np.ndarray:
    """Return sorted, unique uint64 codes, one per slot: own row, rank of the partner's identifier, dormant or not."""
    rank = np.empty(len(by_identifier), np.uint64)
    rank[by_identifier] = np.arange(len(by_identifier), dtype=np.uint64)
    code = np.concatenate(
        [
            (pairs[:, own].astype(np.uint64) << _PARTNER_BITS)
            | (rank[pairs[:, 1 - own]] << _DORMANT_BIT)
            | np.uint64(is_dormant)
            for is_dormant, pairs in enumerate((active, dormant_pairs))
            for own in (0, 1)
        ]
    )
    code.sort()
    repeated = code[1:] >> _DORMANT_BIT == code[:-1] >> _DORMANT_BIT
    return code[np.concatenate([[True], ~repeated])] if len(code) else code
