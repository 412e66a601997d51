"""`docs/stress.md`: the checklist STRESS-ABS (Monks and others 2019)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sim import __version__
from sim.calibration.uncertainty import assumed_numbers
from sim.config import composition, study_settings
from sim.describe.parameters import parameters
from sim.engine.plan import Plan
from sim.language.describe import ParameterRow
from sim.levers.scenario import Introduction, Scenario, Setting
from sim.outcomes.definitions import SMALLEST_GROUP
from sim.outcomes.record import LAST_WEEKS
from sim.reporting.markdown import code, table
from sim.reporting.templates import render


def page(plan: Plan) -> str:
    """Return the checklist, with every scenario as its difference from the base."""
    entries = parameters(plan)
    settings, uncertain = study_settings.settings_of(composition.compose()), assumed_numbers()
    return render(
        "sim.describe",
        {
            "version": __version__,
            "scenarios": scenario_table(plan.scenarios, entries),
            "count": len(plan.scenarios) - 1,
            "count_of_numbers": len(entries),
            "uncertain": uncertain["parameters"],
            "assumed": uncertain["assumed"],
            "burn_in": plan.burn_in,
            "weeks": plan.weeks,
            "last_weeks": LAST_WEEKS,
            "replicates": settings.replicates,
            "seed": settings.seed,
            "smallest": SMALLEST_GROUP,
        },
        "pages/stress.md.j2",
    )


def scenario_table(scenarios: Iterable[Scenario], entries: Iterable[ParameterRow]) -> str:
    """Return all differences of each scenario from the base."""
    usual = {row.full_name: row.value for row in entries}
    return table(
        ("scenario", "kind", "description", "measures introduced", "measures withdrawn", "settings"),
        (
            (code(one.name), one.kind, one.text, _joined(map(_introduced, one.introduced)),
             _joined(map(code, one.withdrawn)), _joined(_set(setting, usual) for setting in one.settings))
            for one in scenarios
        ),
    )  # fmt: skip


def _joined(parts: Iterable[str]) -> str:
    return "; ".join(parts) or "–"


def _introduced(one: Introduction) -> str:
    changes = {"use": one.use, "hoops": one.hoops, "well": one.well}
    own = [f"{name} {value:g}" for name, value in changes.items() if value is not None]
    strong = [f"intensity {one.intensity:g}"] if one.intensity != 1 else []
    return ", ".join([f"{code(one.measure)} by {100 * one.share:g}% of employers", *strong, *own, *_when(one)])


def _set(one: Setting, usual: Mapping[str, float]) -> str:
    name = f"mechanisms.{one.process}.{one.parameter}"
    return ", ".join([f"{code(name)} {usual[name]:g} → {one.value:g}", *_when(one)])


def _when(one: Introduction | Setting) -> list[str]:
    begins = [f"from week {one.start}"] if one.start else []
    return [*begins, f"until week {one.end}"] if one.end is not None else begins
