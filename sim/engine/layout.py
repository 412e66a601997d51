"""Memory layout of the fused engine: one float32 array per world, level after level, block after block.

A block holds about 256 rows of every quantity of its level, one quantity after the other. The inputs of a row are
therefore close together, and the distance between two quantities is known when the kernel is compiled. Levels with a
middle axis have one such block per tie slot or measure. An empty tie slot points past the last block.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sim.engine.equation_groups import level_of, methods_of
from sim.engine.schedule import Schedule
from sim.engine.source_translation import UnsupportedEquationError
from sim.language.grammar import stream_of
from sim.language.levels import DOMAINS, GROUPS, LEVELS, WITH_MIDDLE
from sim.language.registry import Registry
from sim.world.staff import EXTERNAL_INPUTS, Staff

VECTOR = 16


@dataclass(frozen=True)
class Layout:
    """Positions of quantities, parameters and random draws, the same for all sizes of firm.

    block                    rows in a block, a power of two
    slots                    position within a block, by level and name of a quantity
    parameters, draws, trait_draws, today
                             positions in the arrays that the kernel takes
    numbers                  positions in `FirmLayout.at`
    streams, trait_streams   ids of the random streams, in the order of `draws` and `trait_draws`
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
        """Return the number of rows in a block of this level."""
        return 1 if level == "catalogue" else self.block

    def row(self, level: str) -> int:
        """Return the length of a block per slot of the middle axis."""
        return len(self.slots[level]) * self.width(level)

    def offset(self, level: str, name: str) -> int:
        """Return the position of the first row of a quantity in a block."""
        return self.slots[level][name] * self.width(level)


def build_layout(registry: Registry, schedule: Schedule, block: int) -> Layout:
    """Assign a position to everything that the kernel of this registry reads or writes."""
    slots: dict[str, dict[str, int]] = {level: {} for level in LEVELS}
    inputs = {**EXTERNAL_INPUTS, **registry.external_inputs}
    for name in (*inputs, *registry.quantities):
        level = registry.quantities[name].per if name in registry.quantities else inputs[name]
        if level != "everywhere":
            _add(slots[level], name)
    for aggregation in schedule.aggregations.values():
        _add(slots[aggregation.level], aggregation.name)
        if aggregation.kind == "ties.mean":
            _add(slots[aggregation.level], f"{aggregation.name}__weight")
    for name in registry.conditions:
        _add(slots[registry.quantities[name].per], f"{name}__shift")
    for name in sorted(schedule.double_buffered):
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
    """Return the random draws of a quantity: the name of each in the kernel and the id of its stream."""
    methods = methods_of(registry, registry.quantities[name])
    return [(key, stream) for key, method in methods.items() if (stream := stream_of(method))]


def level_identifier(level: str) -> str:
    """Return the identifier of a level in the kernel."""
    return level.replace(" ", "_")


_NUMBERS = [
    *(f"{what}_{domain}" for domain in dict.fromkeys(DOMAINS.values()) for what in ("count", "blocks")),
    *(f"{what}_{level_identifier(level)}" for level in LEVELS for what in ("base", "codes")),
    *(f"middle_{level_identifier(level)}" for level in WITH_MIDDLE),
    "rows_partner",
    "rows_manager_employee",
    "rows_manager_measure",
    *(f"rows_{own}_{kind}{whole}" for own, whole in GROUPS for kind in ("", "measure_of_")),
    "starts_team",
    "starts_establishment",
    "rows_dosing",
]


@dataclass
class FirmLayout:
    """A firm in a layout.

    at      int64, counts of rows and blocks, and starts of levels, codes and addresses, by `Layout.numbers`
    codes   uint32, codes of entities
    rows    int32, addresses of partners, managers and groups
    size    numbers in the state of one world
    """

    layout: Layout
    staff: Staff
    at: np.ndarray
    codes: np.ndarray
    rows: np.ndarray
    size: int

    def blocks(self, level: str) -> int:
        """Return the number of blocks of a level."""
        return -(-self.staff.count[level] // self.layout.width(level))

    def base(self, level: str) -> int:
        """Return where a level begins in the state of a world."""
        return int(self.at[self.layout.numbers[f"base_{level_identifier(level)}"]])

    def of(self, state: np.ndarray, name: str, level: str) -> np.ndarray:
        """Return all rows of a quantity as a view: (world, block, row) or (world, block, middle, row)."""
        layout, blocks, middle = self.layout, self.blocks(level), self.staff.middle.get(level, 1)
        length = blocks * middle * layout.row(level)
        region = state[:, self.base(level) : self.base(level) + length]
        shape = (len(state), blocks, middle, len(layout.slots[level]), layout.width(level))
        cells = region.reshape(shape)[:, :, :, layout.slots[level][name]]
        return cells if level in WITH_MIDDLE else cells[:, :, 0]

    def read(self, state: np.ndarray, name: str, level: str) -> np.ndarray:
        """Return a copy of a quantity in the shape of the reference engine: (world, [middle,] row)."""
        cells = self.of(state, name, level)
        if level in WITH_MIDDLE:
            cells = cells.transpose(0, 2, 1, 3)
        rows = cells.shape[-2] * cells.shape[-1]
        return np.array(cells.reshape(*cells.shape[:-2], rows)[..., : self.staff.count[level]])

    def write(self, state: np.ndarray, name: str, level: str, value: np.ndarray) -> None:
        """Set a quantity from an array in the shape of the reference engine."""
        cells = self.of(state, name, level)
        blocks, width = self.blocks(level), self.layout.width(level)
        padded = np.zeros((*value.shape[:-1], blocks * width), np.float32)
        padded[..., : self.staff.count[level]] = value
        cells[...] = np.moveaxis(padded.reshape(*value.shape[:-1], blocks, width), -2, 1)


def lay_out(layout: Layout, staff: Staff, dosing: Sequence[int] = ()) -> FirmLayout:
    """Lay out a firm.

    Parameters
    ----------
    layout : Layout
    staff : Staff
    dosing : sequence of int
        Rows of the measures whose levers rewrite a quantity, in the order of the registry.

    Raises
    ------
    UnsupportedEquationError
        Where rows are not in the order of their groups or the firm is too large.
    """
    at = np.zeros(len(layout.numbers), np.int64)
    firm_layout = FirmLayout(layout, staff, at, np.zeros(0, np.uint32), np.zeros(0, np.int32), 0)
    position = layout.numbers
    codes: list[np.ndarray] = []
    rows: list[np.ndarray] = []
    size = 0
    for level, domain in DOMAINS.items():
        blocks = firm_layout.blocks(level)
        at[position[f"count_{domain}"]], at[position[f"blocks_{domain}"]] = staff.count[level], blocks
        at[position[f"base_{level_identifier(level)}"]] = size
        if level in WITH_MIDDLE:
            at[position[f"middle_{level_identifier(level)}"]] = staff.middle[level]
        size += _whole(blocks * staff.middle.get(level, 1) * layout.row(level))
        at[position[f"codes_{level_identifier(level)}"]] = sum(map(len, codes))
        codes.append(_blocked(staff.entity[level], layout.width(level)))
    addressed = {**_addresses(layout, staff), "rows_dosing": np.array([*dosing, 0], np.int32)}
    for name, addresses in addressed.items():
        at[position[name]] = sum(map(len, rows))
        rows.append(addresses)
    firm_layout.codes, firm_layout.size = np.concatenate(codes), size
    firm_layout.rows = np.concatenate(rows)
    return firm_layout


def _whole(length: int) -> int:
    return -(-length // VECTOR) * VECTOR


def _blocked(entity: np.ndarray, width: int) -> np.ndarray:
    """Return entities (row) or (middle, row) as a flat array: block, middle, row; zeros fill the last block."""
    rows = entity.reshape(-1, entity.shape[-1])
    padded = np.zeros((len(rows), -(-rows.shape[1] // width) * width), entity.dtype)
    padded[:, : rows.shape[1]] = rows
    return padded.reshape(len(rows), padded.shape[1] // width, width).swapaxes(0, 1).ravel()


def _addresses(layout: Layout, staff: Staff) -> dict[str, np.ndarray]:
    firm = staff.firm
    after_last_block = -(-staff.count["employee"] // layout.block) * layout.block
    partner = np.where(firm.ties.exists, firm.ties.partner, after_last_block)
    addresses = {"rows_partner": _blocked(partner.astype(np.int32), layout.block)}
    for level in ("employee", "measure"):
        manager = _address(layout, staff, level, staff.aggregation_sources["manager"].row)
        addresses[f"rows_manager_{level}"] = _blocked(manager, layout.block)
    for (domain, whole), group in GROUPS.items():
        for level in (whole, f"measure of {whole}"):
            address = _address(layout, staff, level, getattr(firm, group))
            addresses[f"rows_{domain}_{level_identifier(level)}"] = _blocked(address, layout.block)
    for whole in ("team", "establishment"):
        addresses[f"starts_{whole}"] = _starts(getattr(firm, whole), staff.count[whole])
    return addresses


def _address(layout: Layout, staff: Staff, level: str, row: np.ndarray) -> np.ndarray:
    """Return the address of rows, counted from the beginning of their level."""
    wide = np.asarray(row, np.int64)
    address = wide // layout.block * (staff.middle.get(level, 1) * layout.row(level)) + wide % layout.block
    if address.size and address.max() >= np.iinfo(np.int32).max:
        raise UnsupportedEquationError("the firm is too large for the fused engine")
    return address.astype(np.int32)


def _starts(group: np.ndarray, groups: int) -> np.ndarray:
    if np.any(np.diff(group) < 0):
        raise UnsupportedEquationError("the rows are not in the order of their groups")
    return np.searchsorted(group, np.arange(groups + 1)).astype(np.int32)
