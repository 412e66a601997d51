"""Values of `docs/stress.md`, the checklist STRESS-ABS (Monks and others 2019)."""

from __future__ import annotations

from typing import Any

from sim import __version__
from sim.calibration.uncertainty import assumed_numbers
from sim.config import composition, study_settings
from sim.describe.parameters import parameters
from sim.engine.plan import Plan
from sim.levers.scenario import Introduction, Setting
from sim.outcomes.definitions import SMALLEST_GROUP
from sim.outcomes.record import LAST_WEEKS


def facts(plan: Plan) -> dict[str, Any]:
    """Return the values of `pages/stress.md.j2`: every scenario with its differences from the base among them."""
    usual = {row.full_name: row.value for row in parameters(plan)}
    settings, uncertain = study_settings.settings_of(composition.compose()), assumed_numbers()

    def changed(one: Setting) -> str:
        name = f"mechanisms.{one.process}.{one.parameter}"
        return ", ".join([f"`{name}` {usual[name]:g} → {one.value:g}", *_when(one)])

    return {
        "version": __version__,
        "scenarios": [(one, map(_introduced, one.introduced), map(changed, one.settings)) for one in plan.scenarios],
        "count_of_numbers": len(usual),
        "uncertain": uncertain["parameters"],
        "assumed": uncertain["assumed"],
        "burn_in": plan.burn_in,
        "weeks": plan.weeks,
        "last_weeks": LAST_WEEKS,
        "replicates": settings.replicates,
        "seed": settings.seed,
        "smallest": SMALLEST_GROUP,
    }


def _introduced(one: Introduction) -> str:
    changes = {"use": one.use, "hoops": one.hoops, "well": one.well}
    own = [f"{name} {value:g}" for name, value in changes.items() if value is not None]
    strong = [f"intensity {one.intensity:g}"] if one.intensity != 1 else []
    return ", ".join([f"`{one.measure}` by {100 * one.share:g}% of employers", *strong, *own, *_when(one)])


def _when(one: Introduction | Setting) -> list[str]:
    begins = [f"from week {one.start}"] if one.start else []
    return [*begins, f"until week {one.end}"] if one.end is not None else begins
