"""Point fit: free parameters are fitted to the levels of 2021-2022 and the study's table of 15 measures by three roles.

Least squares (SciPy) use a sample of establishments like those of the study. The Jacobian needs no extra runs: shifted
parameter sets are worlds of one block with the same random numbers. Standardisation comes before and after. Only rows
of `targets.csv` with use `calibrate` are fitted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sim.calibration.point_estimate import Parameters, check_writable, merged, metadata_of, write_fit
from sim.calibration.standardisation import BURN_IN_WEEKS, MEASURED_DAYS, standardise
from sim.data import rows
from sim.engine.plan import Plan, create_engine, value_of
from sim.formatting import signed
from sim.outcomes.record import STAGES, cascade
from sim.survey.survey import Survey, survey_of
from sim.world.calendar import DAYS_A_WEEK
from sim.world.firm import FirmOptions

if TYPE_CHECKING:
    from sim.engine import Engine


FIT_FIRM = FirmOptions(kind="study", establishments=600, sample=17)
CHECK_FIRM = FirmOptions(kind="study", establishments=1200, sample=17)
CHECK_REPLICATE = 1000
KNOWN = STAGES.index("known")
STEP = 0.06
MAX_EVALUATIONS = 8

FREE = (
    ("attendance", "level_of_managers"),
    ("attendance", "level_of_others"),
    ("workload", "overtime_of_managers"),
    ("workload", "overtime_of_others"),
    ("ergonomics", "onset"),
    ("circumstances", "own_adjustable"),
    ("isolation", "affect_colleagues"),
    *(
        ("cascade", f"{role}_{kind}")
        for role in ("managers", "others")
        for kind in ("agreement", "encouragement", "leadership", "provision", "training")
    ),
    ("cascade", "own_initiative"),
    ("cascade", "own_initiative_seen"),
)
"""Free parameters: twelve of the cascade by kind of measure, and one for each other target."""


@dataclass(frozen=True)
class Row:
    """A target, its simulated value, and the tolerance of their difference."""

    name: str
    target: float
    simulated: float
    tolerance: float
    unit: str

    @property
    def met(self) -> bool:
        """Whether the difference is within the tolerance."""
        return abs(self.simulated - self.target) <= self.tolerance


def _targets() -> dict[str, float]:
    return {
        r["id"]: float(r["value"]) for r in rows("targets") if r["use"] == "calibrate" and r["value_kind"] == "number"
    }


_TOLERANCES = {
    "home_share_manager": (3.0, "percent"),
    "home_share_employee": (3.0, "percent"),
    "overtime_manager": (0.5, "hours/week"),
    "overtime_employee": (0.5, "hours/week"),
    "kans_complaint": (3.5, "percent"),
    "has_adjustable": (5.0, "percent"),
    "isolation_exhaustion": (0.07, "r"),
    "mismatch_manager": (0.5, "measures of 15"),
    "mismatch_employee": (0.5, "measures of 15"),
    "burnout_home": (1.5, "percent"),
}


def simulate_rows(engine: Engine, survey: Survey, days: Sequence[int]) -> list[list[Row]]:
    """Run the days and return every fitted row in every world."""
    worlds = engine.worlds
    overtime = np.zeros((worlds, engine.staff.count["employee"]))
    shares = np.zeros((worlds, len(engine.interventions.names), 3))
    mismatch = np.zeros((worlds, 2))
    weeks = 0
    for day in days:
        engine.run_day(day)
        overtime += engine.values["overtime"]
        if day % DAYS_A_WEEK == DAYS_A_WEEK - 1:
            table = cascade(engine)
            shares += np.stack([table[:, :, 0, 0], table[:, :, 1, KNOWN], table[:, :, 2, KNOWN]], axis=-1)
            mismatch += mismatches(engine)
            weeks += 1
    return [
        _levels(engine, survey, world, overtime / weeks, mismatch / weeks) + _cells(engine, shares[world] / weeks)
        for world in range(worlds)
    ]


def mismatches(engine: Engine) -> np.ndarray:
    """Return the number of answers, of 15, that differ from the employer's, (world, manager or non-manager)."""
    firm, values = engine.staff.firm, engine.values
    in_study = values["asked_in_study"][0, :, 0] > 0
    claimed = values["claimed"][:, in_study][:, :, firm.establishment]
    differs = np.broadcast_to(
        np.abs(claimed - values["known"][:, in_study]).sum(axis=1), (engine.worlds, len(firm.team))
    )
    return np.stack([differs[:, firm.is_manager].mean(axis=1), differs[:, ~firm.is_manager].mean(axis=1)], axis=1)


def _levels(engine: Engine, survey: Survey, world: int, overtime: np.ndarray, mismatch: np.ndarray) -> list[Row]:
    def of(quantity: str) -> np.ndarray:
        values = engine.values[quantity]
        return np.asarray(values[min(world, len(values) - 1)], np.float64)

    home = of("may_work_from_home") > 0
    manager = engine.staff.firm.is_manager
    exhaustion = of("exhaustion")[home]
    isolations = ("isolation_from_colleagues", "isolation_from_company")
    simulated = {
        "home_share_manager": 100 * of("share_at_home")[home & manager].mean(),
        "home_share_employee": 100 * of("share_at_home")[home & ~manager].mean(),
        "overtime_manager": overtime[world, home & manager].mean(),
        "overtime_employee": overtime[world, home & ~manager].mean(),
        "kans_complaint": 100 * of("arm_neck_shoulder_complaint")[home].mean(),
        "has_adjustable": 100 * of("adjustable_at_home")[home].mean(),
        "isolation_exhaustion": np.mean([survey.observed_correlation(of(i)[home], exhaustion) for i in isolations]),
        "mismatch_manager": mismatch[world, 0],
        "mismatch_employee": mismatch[world, 1],
        "burnout_home": 100 * survey.burn_out_complaints(exhaustion).mean(),
    }
    targets = _targets()
    return [Row(name, targets[name], float(simulated[name]), *_TOLERANCES[name]) for name in simulated]


def _cells(engine: Engine, shares: np.ndarray) -> list[Row]:
    table = []
    for row, measure in enumerate(engine.interventions.measures):
        for column, role in enumerate(("employer", "manager", "non_manager")):
            if measure.in_study:
                cell = f"{measure.name}, {role.replace('_', '-')}"
                table.append(Row(cell, 100 * measure.study[role], 100 * float(shares[row, column]), 5.0, "percent"))
    return table


class _Problem:
    """Residuals and Jacobian of the fit, both from one block of worlds."""

    def __init__(self, plan: Plan, log: Callable[[str], None]):
        self.plan, self.log = plan, log
        self.low, self.high, self.now = _bounds(plan)
        self.step = STEP * (self.high - self.low)
        self._at, self._last = np.array([]), (np.array([]), np.array([]))

    def residuals(self, x: np.ndarray) -> np.ndarray:
        return self._run(x)[0]

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        return self._run(x)[1]

    def _run(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return differences in units of their tolerance, and their derivatives by parameter, cached."""
        if np.array_equal(x, self._at):
            return self._last
        signs = np.where(x + self.step > self.high, -1.0, 1.0)
        worlds = np.vstack([x, x + np.diag(signs * self.step)])
        reports = _reports(self.plan, worlds)
        fitted = np.array([[_weighted(r) for r in report if _is_fitted(r)] for report in reports])
        self._last = fitted[0], ((fitted[1:] - fitted[0]) / (signs * self.step)[:, None]).T
        self._at = x.copy()
        met = sum(row.met for row in reports[0])
        self.log(f"sum of squares {np.sum(fitted[0] ** 2):.2f}; {met} of {len(reports[0])} rows within tolerance")
        return self._last


def _weighted(row: Row) -> float:
    return (row.simulated - row.target) / row.tolerance


def _is_fitted(row: Row) -> bool:
    """Return whether the fit uses a row: employers' shares are inputs, and the cut-off is solved later."""
    return row.name != "burnout_home" and not row.name.endswith(", employer")


def _reports(plan: Plan, worlds: np.ndarray) -> list[list[Row]]:
    varied = {key: worlds[:, column] for column, key in enumerate(FREE)}
    return simulate_rows(run_burn_in(plan, len(worlds), varied), survey_of(plan), MEASURED_DAYS)


def run_burn_in(plan: Plan, worlds: int = 1, varied: Mapping[tuple[str, str], np.ndarray] | None = None) -> Engine:
    """Return the engine before the measured days; `worlds` and `varied` as in `create_engine`."""
    engine = create_engine(plan, worlds, varied)
    for week in range(-BURN_IN_WEEKS, 0):
        engine.run_week(week)
    return engine


def _bounds(plan: Plan) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    metadata = [metadata_of(*key) for key in FREE]
    now = [value_of(plan, *key) for key in FREE]
    return np.array([m.low for m in metadata]), np.array([m.high for m in metadata]), np.array(now)


def fit(plan: Plan, log: Callable[[str], None] = print) -> Parameters:
    """Standardise, fit, standardise again and solve the cut-off.

    Parameters
    ----------
    plan : Plan
        Measures, seed and starting values; its firm is replaced by `FIT_FIRM`.
    log : callable
        Prints progress.

    Returns
    -------
    dict
        Values of all parameters that differ from their defaults, by process and parameter.
    """
    from scipy.optimize import least_squares

    parameters = merged(plan.parameters, standardise(plan, log=log))
    problem = _Problem(replace(plan, firm=FIT_FIRM, parameters=parameters), log)
    limits, span = (problem.low, problem.high), problem.high - problem.low
    inside = np.clip(problem.now, problem.low + 1e-6, problem.high - 1e-6)
    solution = least_squares(
        problem.residuals, inside, problem.jacobian, limits, x_scale=span, max_nfev=MAX_EVALUATIONS, ftol=1e-2
    )
    fitted: Parameters = {}
    for (process, name), value in zip(FREE, solution.x, strict=True):
        fitted.setdefault(process, {})[name] = float(value)
    parameters = merged(parameters, fitted)
    parameters = merged(parameters, standardise(replace(plan, parameters=parameters), freeze_after=2, log=log))
    return merged(parameters, {"survey": {"cut_off": _cut_off(replace(plan, parameters=parameters))}})


def _cut_off(plan: Plan) -> float:
    """Return the cut-off at which reference people report burn-out complaints as often as home workers in the data."""
    from scipy.optimize import brentq

    engine = run_burn_in(replace(plan, firm=CHECK_FIRM))
    for day in MEASURED_DAYS:
        engine.run_day(day)
    exhaustion = engine.values["exhaustion"][0][engine.values["may_work_from_home"][0] > 0]
    survey, target = survey_of(plan), _targets()["burnout_home"] / 100
    cut_off = Survey.parameter_metadata()["cut_off"]

    def difference(value: float) -> float:
        return float(replace(survey, cut_off=value).burn_out_complaints(exhaustion).mean() - target)

    return float(brentq(difference, cut_off.low, cut_off.high))


def check(plan: Plan) -> list[Row]:
    """Return every fitted row, simulated with people and random numbers that the fit did not use."""
    engine = run_burn_in(replace(plan, firm=CHECK_FIRM, replicate=CHECK_REPLICATE))
    report = simulate_rows(engine, survey_of(plan), MEASURED_DAYS)[0]
    return report + _retests(engine, survey_of(plan)) + _categories(engine)


def _retests(engine: Engine, survey: Survey) -> list[Row]:
    """Return test-retest correlations of exhaustion over three weeks and a year (E088: recalled)."""
    home = engine.values["may_work_from_home"][0] > 0
    first, own = engine.values["exhaustion"][0][home], []
    targets = {21: 0.75, 364: 0.60}
    for days in range(1, max(targets) + 1):
        engine.run_day(MEASURED_DAYS[-1] + days)
        if days in targets:
            stays = home & (engine.values["tenure"][0] > days)
            r = survey.retest(first[stays[home]], engine.values["exhaustion"][0][stays], days)
            own.append(Row(f"test-retest of exhaustion, {days} days", targets[days], r, 0.10, "r"))
    return own


def verbal_levels(engine: Engine) -> dict[str, float]:
    """Return the two levels that the study reports in words, as means in SD, by the name of their observation."""
    home = engine.values["may_work_from_home"][0] > 0
    leads = home & engine.staff.firm.is_manager
    return {
        "bat_exhaustion_category": float(engine.values["exhaustion"][0][home].mean()),
        "leading_difficulty": float(engine.values["leading_difficulty"][0][leads].mean()),
    }


def _categories(engine: Engine) -> list[Row]:
    """Return rows of the levels in words: exhaustion average against the norm, leading remotely neutral."""
    names = ("mean exhaustion (BAT) against its norm", "mean difficulty of leading remotely")
    return [Row(name, 0.0, mean, 0.5, "sd") for name, mean in zip(names, verbal_levels(engine).values(), strict=True)]


def table(report: Sequence[Row]) -> str:
    """Return rows as lines of text: target, simulated, difference, and whether it is within its tolerance."""
    lines = [f"{'':44s}{'target':>9s}{'simulated':>11s}{'difference':>12s}  within"]
    for row in report:
        numbers = f"{row.target:9.2f}{row.simulated:11.2f}{signed(row.simulated - row.target, 2):>12}"
        lines.append(f"{row.name:44s}{numbers}  {'yes' if row.met else 'NO'} (±{row.tolerance:g} {row.unit})")
    return "\n".join(lines)


def main(argv: list[str]) -> int:
    """Run `hybridwork fit`: fit, write conf/fit/point.yaml and print every row; `fit check` only prints the rows."""
    from sim.config.command_settings import plan_for

    only_check = "check" in argv
    base = plan_for("fit", *[a for a in argv if a != "check"])
    if not only_check:
        check_writable()
        parameters = fit(base, lambda text: print(text, file=sys.stderr))
        print(f"Wrote {write_fit(parameters)}.")
        base = replace(base, parameters=parameters)
    print(table(check(base)))
    return 0
