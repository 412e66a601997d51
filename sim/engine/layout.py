"""Where the fused engine keeps what: one array of float32 per world, level after level, block after block.

A block holds the same rows, some 256, of every quantity of its level, one quantity after the other; so what a row
needs lies together, and the distance between two quantities is known when the kernel is compiled. Levels with a middle
axis hold one such block per tie slot or measure. The partner of an empty tie slot is the row after the last block:
nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sim.engine.equation_groups import DOMAINS, level_of
from sim.engine.schedule import WITH_MIDDLE, Schedule, methods_of
from sim.engine.source_translation import UnsupportedEquationError
from sim.language.grammar import LEVELS, stream_of
from sim.language.registry import Registry
from sim.world.staff import EXTERNAL_INPUTS, Staff

VECTOR = 16
GROUPS = (("employee", "team"), ("employee", "establishment"), ("team", "establishment"))


@dataclass(frozen=True)
class Layout:
    """The place of every quantity, parameter and draw: fixed by the equations, whatever the size of the firm.

    `slots` maps level and name to the place within a block; `parameters`, `draws`, `trait_draws` and `today` number
    what the kernel is handed. `streams` and `trait_streams` hold the ids of the draws' random streams, in the order of
    their numbers. `block` is the number of rows in a block, a power of two.
    """

    block: int
    slots: Mapping[str, Mapping[str, int]]
    parameters: Mapping[tuple[str, str], int]
    draws: Mapping[tuple[str, ...], int]
    trait_draws: Mapping[str, int]
    today: Mapping[str, int]
    numbers: Mapping[str, int] = field(default_factory=dict)
    streams: tuple[str, ...] = ()
    trait_streams: tuple[str, ...] = ()

    def width(self, level: str) -> int:
        """How many rows a block of this level holds."""
        return 1 if level == "catalogue" else self.block

    def row(self, level: str) -> int:
        """How many numbers a block holds, per slot of the middle axis."""
        return len(self.slots[level]) * self.width(level)

    def offset(self, level: str, name: str) -> int:
        """Where in a block the rows of a quantity begin."""
        return self.slots[level][name] * self.width(level)


def layout_of(registry: Registry, order: Schedule, block: int) -> Layout:
    """Number everything that the kernel of this registry needs."""
    slots: dict[str, dict[str, int]] = {level: {} for level in LEVELS}
    given = {**EXTERNAL_INPUTS, **registry.external_inputs}
    for name in (*given, *registry.quantities):
        level = registry.quantities[name].per if name in registry.quantities else given[name]
        if level != "everywhere":
            _add(slots[level], name)
    for look in order.looks.values():
        _add(slots[look.level], look.name)
        if look.kind == "ties.mean":
            _add(slots[look.level], f"{look.name}__weight")
    for name in registry.conditions:
        _add(slots[registry.quantities[name].per], f"{name}__shift")
    for name in sorted(order.aside):
        _add(slots[level_of(registry, name)], f"{name}__tomorrow")
    owners = {**registry.mechanisms, **registry.levers}
    parameters = [(process, name) for process, own in sorted(owners.items()) for name in own.parameter_metadata()]
    draws = dict(draw for name in (*registry.day, *registry.night) for draw in _draws_of(registry, name))
    trait_draws = {name: stream for name in registry.traits for _, stream in _draws_of(registry, name)}
    today = [name for name, level in registry.external_inputs.items() if level == "everywhere"]
    return Layout(
        block,
        slots,
        _numbered(parameters),
        _numbered(list(draws)),
        _numbered(list(trait_draws)),
        _numbered(today),
        _numbered(_NUMBERS),
        tuple(draws.values()),
        tuple(trait_draws.values()),
    )


def _add(slots: dict[str, int], name: str) -> None:
    slots.setdefault(name, len(slots))


def _numbered(names: list) -> dict:
    return {name: number for number, name in enumerate(names)}


def _draws_of(registry: Registry, name: str) -> list[tuple[tuple[str, ...], str]]:
    """The draws of a quantity's methods: what the kernel calls each, and the id of its random stream."""
    quantity = registry.quantities[name]
    keys = [(name,), *((process, name) for process in quantity.rewritten_by)]
    methods = methods_of(registry, quantity)
    streams = [stream_of(method) for method in methods]
    return [(key, stream) for key, stream in zip(keys, streams, strict=False) if stream]


def named(level: str) -> str:
    """A level's name as it stands in the kernel."""
    return level.replace(" ", "_")


_NUMBERS = [
    *(f"{what}_{domain}" for domain in dict.fromkeys(DOMAINS.values()) for what in ("count", "blocks")),
    *(f"{what}_{named(level)}" for level in LEVELS for what in ("base", "codes")),
    *(f"middle_{named(level)}" for level in WITH_MIDDLE),
    "rows_partner",
    "rows_manager_employee",
    "rows_manager_measure",
    *(f"rows_{domain}_{named(level)}" for domain, group in GROUPS for level in (group, f"measure of {group}")),
    "starts_team",
    "starts_establishment",
    "rows_dosing",
]


@dataclass
class Building:
    """A firm in this layout: codes of entities, addresses of partners, managers and groups, and what counts them."""

    layout: Layout
    staff: Staff
    at: np.ndarray
    codes: np.ndarray
    rows: np.ndarray
    size: int

    def blocks(self, level: str) -> int:
        """How many blocks of rows the level has."""
        return -(-self.staff.count[level] // self.layout.width(level))

    def base(self, level: str) -> int:
        """Where the level begins in a world's array."""
        return int(self.at[self.layout.numbers[f"base_{named(level)}"]])

    def of(self, state: np.ndarray, name: str, level: str) -> np.ndarray:
        """All rows of a quantity as a view (world, block, row), or (world, block, middle, row)."""
        layout, blocks, middle = self.layout, self.blocks(level), self.staff.middle.get(level, 1)
        length = blocks * middle * layout.row(level)
        region = state[:, self.base(level) : self.base(level) + length]
        shape = (len(state), blocks, middle, len(layout.slots[level]), layout.width(level))
        cells = region.reshape(shape)[:, :, :, layout.slots[level][name]]
        return cells if level in WITH_MIDDLE else cells[:, :, 0]

    def read(self, state: np.ndarray, name: str, level: str) -> np.ndarray:
        """A copy of a quantity in the shape of the reference: (world, [middle,] row)."""
        cells = self.of(state, name, level)
        if level in WITH_MIDDLE:
            cells = cells.transpose(0, 2, 1, 3)
        rows = cells.shape[-2] * cells.shape[-1]
        return np.array(cells.reshape(*cells.shape[:-2], rows)[..., : self.staff.count[level]])

    def write(self, state: np.ndarray, name: str, level: str, value: np.ndarray) -> None:
        """Set a quantity from an array in the shape of the reference."""
        cells = self.of(state, name, level)
        blocks, width = self.blocks(level), self.layout.width(level)
        padded = np.zeros((*value.shape[:-1], blocks * width), np.float32)
        padded[..., : self.staff.count[level]] = value
        cells[...] = np.moveaxis(padded.reshape(*value.shape[:-1], blocks, width), -2, 1)


def build_in(layout: Layout, staff: Staff, dosing: Sequence[int] = ()) -> Building:
    """Lay a firm out; `dosing` are the rows of the measures whose levers rewrite, in the order of the registry.

    Raises CannotFuse where the rows are not in the order of their groups or the firm is too large.
    """
    at = np.zeros(len(layout.numbers), np.int64)
    building = Building(layout, staff, at, np.zeros(0, np.uint32), np.zeros(0, np.int32), 0)
    place = dict(layout.numbers)
    codes: list[np.ndarray] = []
    rows: list[np.ndarray] = []
    size = 0
    for level, domain in DOMAINS.items():
        blocks = building.blocks(level)
        at[place[f"count_{domain}"]], at[place[f"blocks_{domain}"]] = staff.count[level], blocks
        at[place[f"base_{named(level)}"]] = size
        if level in WITH_MIDDLE:
            at[place[f"middle_{named(level)}"]] = staff.middle[level]
        size += _whole(blocks * staff.middle.get(level, 1) * layout.row(level))
        at[place[f"codes_{named(level)}"]] = sum(map(len, codes))
        codes.append(_blocked(staff.entity[level], layout.width(level)))
    addressed = {**_addresses(layout, staff), "rows_dosing": np.array([*dosing, 0], np.int32)}
    for name, addresses in addressed.items():
        at[place[name]] = sum(map(len, rows))
        rows.append(addresses)
    building.codes, building.size = np.concatenate(codes), size
    building.rows = np.concatenate(rows)
    return building


def _whole(length: int) -> int:
    return -(-length // VECTOR) * VECTOR


def _blocked(entity: np.ndarray, width: int) -> np.ndarray:
    """Entities (row) or (middle, row) as one flat array: block, middle, row; the last block is filled with noughts."""
    rows = entity.reshape(-1, entity.shape[-1])
    padded = np.zeros((len(rows), -(-rows.shape[1] // width) * width), entity.dtype)
    padded[:, : rows.shape[1]] = rows
    return padded.reshape(len(rows), padded.shape[1] // width, width).swapaxes(0, 1).ravel()


def _addresses(layout: Layout, staff: Staff) -> dict[str, np.ndarray]:
    firm, looks = staff.firm, staff.looks
    nobody = -(-staff.count["employee"] // layout.block) * layout.block
    partner = np.where(firm.ties.exists, firm.ties.partner, nobody)
    group = {
        ("employee", "team"): firm.team,
        ("employee", "establishment"): firm.establishment,
        ("team", "establishment"): firm.team_establishment,
    }
    addresses = {"rows_partner": _blocked(partner.astype(np.int32), layout.block)}
    for level in ("employee", "measure"):
        manager = _address(layout, staff, level, looks["manager"].row)
        addresses[f"rows_manager_{level}"] = _blocked(manager, layout.block)
    for domain, whole in GROUPS:
        for level in (whole, f"measure of {whole}"):
            address = _address(layout, staff, level, group[domain, whole])
            addresses[f"rows_{domain}_{named(level)}"] = _blocked(address, layout.block)
    for whole in ("team", "establishment"):
        addresses[f"starts_{whole}"] = _starts(group["employee", whole], staff.count[whole])
    return addresses


def _address(layout: Layout, staff: Staff, level: str, row: np.ndarray) -> np.ndarray:
    """Where a row of a level lies, from the level's beginning."""
    wide = np.asarray(row, np.int64)
    address = wide // layout.block * (staff.middle.get(level, 1) * layout.row(level)) + wide % layout.block
    if address.size and address.max() >= np.iinfo(np.int32).max:
        raise UnsupportedEquationError("the firm is too large for the fused engine")
    return address.astype(np.int32)


def _starts(group: np.ndarray, groups: int) -> np.ndarray:
    if np.any(np.diff(group) < 0):
        raise UnsupportedEquationError("the rows are not in the order of their groups")
    return np.searchsorted(group, np.arange(groups + 1)).astype(np.int32)
