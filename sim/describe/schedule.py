"""`docs/schedule.md`: the order of computation in a day, its night and a Monday."""

from __future__ import annotations

from collections.abc import Iterable

from sim.engine.plan import Plan, registry_of
from sim.language.registry import Registry
from sim.reporting.markdown import code, listed, table
from sim.reporting.templates import render


def page(plan: Plan) -> str:
    """Return the page: the order that the registry derives, with the causes of every quantity."""
    registry = registry_of(plan)
    weekly = [name for name in (*registry.day, *registry.night) if registry.quantities[name].every == "week"]
    return render(
        "sim.describe",
        {
            "flows": len(registry.day),
            "stocks": len(registry.night),
            "weekly": len(weekly),
            "day": _order(registry, registry.day),
            "night": _order(registry, registry.night),
            "traits": _order(registry, registry.traits),
        },
        "pages/schedule.md.j2",
    )


def _order(registry: Registry, names: Iterable[str]) -> str:
    quantities = [registry.quantities[name] for name in names]
    return table(
        ("", "quantity", "process", "level", "clock", "causes"),
        (
            (place, code(one.name), one.owner, one.per, one.every, listed(one.causes))
            for place, one in enumerate(quantities, start=1)
        ),
    )
