"""Description of the model as text: the order of computation, every parameter with its metadata, and references."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.data import rows
from sim.language.grammar import Mechanism, ParameterMetadata

if TYPE_CHECKING:
    from sim.language.registry import Quantity, Registry

WIDTH = 118


@dataclass(frozen=True)
class ParameterRow:
    """One parameter: its owner, current value and metadata."""

    owner: str
    name: str
    value: float
    metadata: ParameterMetadata

    @property
    def full_name(self) -> str:
        """Name on the command line, as in `mechanisms.recovery.night`."""
        return f"{self.owner}.{self.name}"

    @property
    def span(self) -> str:
        """Range of its sweeps."""
        low, high = self.metadata.low, self.metadata.high
        if self.metadata.is_switch:
            return "0 or 1"
        return f"{low:g} to {high:g}" if high < float("inf") else f"{low:g} or more"


def parameter_rows(registry: Registry, others: Iterable[Mechanism] = ()) -> list[ParameterRow]:
    """Return every parameter of the mechanisms, the levers and `others`, in the order of the files."""
    owners = {f"mechanisms.{one.process()}": one for one in (*registry.mechanisms.values(), *registry.levers.values())}
    owners |= {one.process(): one for one in others}
    return [
        ParameterRow(owner, name, getattr(one, name), metadata)
        for owner, one in owners.items()
        for name, metadata in one.parameter_metadata().items()
    ]


def sort_assumed_first(parameters: Iterable[ParameterRow]) -> list[ParameterRow]:
    """Return parameters with the assumed ones first."""
    return sorted(parameters, key=lambda row: not row.metadata.assumed)


def references(sources: Iterable[str]) -> list[str]:
    """Return the references of keys of `effects.csv` and `targets.csv`, with their provenance and confidence."""
    keys = {key for source in sources for key in source.split()}
    effects = {row["id"]: row for row in rows("effects")}
    lines = [
        f"{key}  {effects[key]['source']}" + (f" doi:{effects[key]['doi']}" if effects[key]["doi"] else "")
        + f"  [{effects[key]['provenance']}, confidence {effects[key]['confidence']}]"
        for key in sorted(keys & effects.keys())
    ]  # fmt: skip
    targets = {f"target:{row['id']}": row for row in rows("targets")}
    return lines + [
        f"{key}  {targets[key]['source']}: {targets[key]['quantity']}" for key in sorted(keys & targets.keys())
    ]


def render_model(registry: Registry, parameters: Sequence[ParameterRow]) -> str:
    """Return the whole model as text, with the given parameters."""
    assumed = sum(row.metadata.assumed for row in parameters)
    parts = [
        _heading("The day: flows, dependencies first"),
        *(_line(registry.quantities[name]) for name in registry.day),
        _heading("The night: all stocks are updated together from today's values"),
        *(_line(registry.quantities[name]) for name in registry.night),
        _heading("Traits: drawn when a person takes a place"),
        *(_line(registry.quantities[name]) for name in registry.traits),
        _heading("Conditions: what measures can change"),
        *(
            f"  {name} ({registry.quantities[name].unit}): {registry.quantities[name].meaning}"
            for name in registry.conditions
        ),
        _heading(f"Parameters: {len(parameters)}, of which {assumed} assumed (listed first)"),
        *(_parameter(row) for row in sort_assumed_first(parameters)),
        _heading("References"),
        *(f"  {line}" for line in references(row.metadata.source for row in parameters)),
    ]
    return "\n".join(parts)


def _heading(text: str) -> str:
    return f"\n{text}\n{'-' * len(text)}"


def _line(quantity: Quantity) -> str:
    every = "" if quantity.every == "day" else ", weekly"
    per = "" if quantity.per == "employee" else f", per {quantity.per}"
    mark = " [condition]" if quantity.condition else ""
    causes = ", ".join(quantity.causes) or "parameters only"
    name = f"  {quantity.name} ({quantity.unit}{per}{every}){mark}: {quantity.meaning}"
    return f"{name}\n      <- {quantity.owner}: {causes}"


def _parameter(row: ParameterRow) -> str:
    metadata = row.metadata
    note = f"; {metadata.note}" if metadata.note else ""
    value = f"{row.value:g} {metadata.unit} ({row.span})"
    return f"  {row.full_name} = {value}: {metadata.meaning} [{metadata.source}{note}]"
