"""The model telling itself: the order of the day, every parameter with its passport, and the references."""

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
    """One parameter as it is told: whose it is, its value in force, and its passport."""

    owner: str
    name: str
    value: float
    passport: ParameterMetadata

    @property
    def full_name(self) -> str:
        """What the command line calls it, as in `mechanisms.recovery.night`."""
        return f"{self.owner}.{self.name}"

    @property
    def span(self) -> str:
        """The range it may be swept over."""
        low, high = self.passport.low, self.passport.high
        if self.passport.is_switch:
            return "0 or 1"
        return f"{low:g} to {high:g}" if high < float("inf") else f"{low:g} or more"


def passports(registry: Registry, others: Iterable[Mechanism] = ()) -> list[ParameterRow]:
    """Every parameter of the mechanisms, the levers and `others`, in the order of the text."""
    named = {f"mechanisms.{one.process()}": one for one in (*registry.mechanisms.values(), *registry.levers.values())}
    named |= {one.process(): one for one in others}
    return [
        ParameterRow(owner, name, getattr(one, name), passport)
        for owner, one in named.items()
        for name, passport in one.parameter_metadata().items()
    ]


def assumed_first(told: Iterable[ParameterRow]) -> list[ParameterRow]:
    """Parameters as they are listed anywhere: those that are assumed before all others."""
    return sorted(told, key=lambda row: not row.passport.assumed)


def references(sources: Iterable[str]) -> list[str]:
    """The references behind keys of `effects.csv` and `targets.csv` in these sources, and what was seen of each."""
    keys = {key for source in sources for key in source.split()}
    effects = {row["id"]: row for row in rows("effects")}
    found = [
        f"{key}  {effects[key]['source']}" + (f" doi:{effects[key]['doi']}" if effects[key]["doi"] else "")
        + f"  [{effects[key]['provenance']}, confidence {effects[key]['confidence']}]"
        for key in sorted(keys & effects.keys())
    ]  # fmt: skip
    targets = {f"target:{row['id']}": row for row in rows("targets")}
    return found + [
        f"{key}  {targets[key]['source']}: {targets[key]['quantity']}" for key in sorted(keys & targets.keys())
    ]


def render_model(registry: Registry, told: Sequence[ParameterRow]) -> str:
    """The whole model as text, with these of its parameters."""
    assumed = sum(row.passport.assumed for row in told)
    parts = [
        _heading("The day: flows, causes before effects"),
        *(_line(registry.quantities[name]) for name in registry.day),
        _heading("The night: all stocks settle together from today's values"),
        *(_line(registry.quantities[name]) for name in registry.night),
        _heading("Traits: drawn when a person takes a place"),
        *(_line(registry.quantities[name]) for name in registry.traits),
        _heading("What management can move"),
        *(
            f"  {name} ({registry.quantities[name].unit}): {registry.quantities[name].meaning}"
            for name in registry.conditions
        ),
        _heading(f"Parameters: {len(told)}, of which {assumed} assumed; the assumed ones first"),
        *(_parameter(row) for row in assumed_first(told)),
        _heading("References"),
        *(f"  {line}" for line in references(row.passport.source for row in told)),
    ]
    return "\n".join(parts)


def _heading(text: str) -> str:
    return f"\n{text}\n{'-' * len(text)}"


def _line(quantity: Quantity) -> str:
    every = "" if quantity.every == "day" else ", weekly"
    per = "" if quantity.per == "employee" else f", per {quantity.per}"
    mark = " [can be moved]" if quantity.condition else ""
    causes = ", ".join(quantity.causes) or "parameters alone"
    name = f"  {quantity.name} ({quantity.unit}{per}{every}){mark}: {quantity.meaning}"
    return f"{name}\n      <- {quantity.owner}: {causes}"


def _parameter(row: ParameterRow) -> str:
    passport = row.passport
    note = f"; {passport.note}" if passport.note else ""
    value = f"{row.value:g} {passport.unit} ({row.span})"
    return f"  {row.full_name} = {value}: {passport.meaning} [{passport.source}{note}]"
