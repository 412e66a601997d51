"""Directions and sizes of published effects, each at its own level, with the fitted defaults.

Sizes between people are those that a survey would show, with its reliability. `test_pattern_table.py` covers the
findings of the study of 2022. All tests are slow. `docs/limits.md` lists what the model does not meet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from conftest import simulate

from sim.calibration.point_estimate import merged
from sim.calibration.standardisation import STATES
from sim.config.plan_builder import plan as composed
from sim.engine.plan import BASELINE, Plan, create_engine, simulate_burn_in
from sim.engine.reference import ReferenceEngine
from sim.levers.scenario import Introduction, Scenario
from sim.survey.survey import Survey, survey_of
from sim.world.calendar import DAYS_A_WEEK

pytestmark = pytest.mark.slow

FIRM = ("firm=study_full", "firm.sample=25", "seed=11")
DAYS = 8 * DAYS_A_WEEK
YEAR = 52


@pytest.fixture(scope="module")
def base() -> Plan:
    """Return a plan of about 5,000 people of 206 establishments, for two years after a year of burn-in."""
    return composed(*FIRM, "scenarios=[baseline]", "weeks=104", "burn_in=52")


# -- the baseline ----------------------------------------------------------------------------------------------------

DAILY = ("detachment", "demands_today", "after_hours_work", "fatigue", "works_today")
WEEKLY = tuple(state.quantity for state in STATES)


@dataclass
class Panel:
    """Home workers in the practice of 2022: a survey after eight weeks, the days before it, and two years by week."""

    engine: ReferenceEngine
    survey: Survey
    home: np.ndarray
    answers: dict[str, np.ndarray]
    known: dict[str, np.ndarray]
    days: dict[str, np.ndarray]
    exhaustion: dict[int, np.ndarray]
    complaint_begins: float
    complaint_ends: float
    means: dict[str, np.ndarray]

    def r(self, x: str, y: str, among: np.ndarray | None = None, observed: bool = True) -> float:
        """Return the correlation of two quantities between people, as two scales of the survey would show it."""
        rows = self.home if among is None else self.home & among
        if y == "exhaustion" and observed:
            return self.survey.observed_correlation(self.answers[x][rows], self.answers[y][rows])
        latent = np.corrcoef(self.answers[x][rows], self.answers[y][rows])[0, 1]
        return float(latent * (self.survey.reliability if observed else 1))


@pytest.fixture(scope="module")
def panel(base: Plan) -> Panel:
    engine = simulate_burn_in(base)
    home = engine.values["may_work_from_home"][0] > 0
    days: dict[str, list[np.ndarray]] = {name: [] for name in DAILY}
    for day in range(DAYS):
        engine.run_day(day)
        for name in DAILY:
            days[name].append(engine.values[name][0].copy())
    answers = {
        name: engine.values[name][0].copy()
        for name, quantity in engine.registry.quantities.items()
        if quantity.per == "employee" and engine.values[name].shape[-1] == len(home)
    }
    answers["is_manager"] = engine.values["is_manager"][0]
    answers["managers_usual_detachment"] = engine.staff.aggregation_sources["manager"].of(
        engine.values["usual_detachment"]
    )[0]
    known = {name: engine.values["known"][0, row].copy() for row, name in enumerate(engine.interventions.names)}
    exhaustion = {0: answers["exhaustion"]}
    complaint = answers["arm_neck_shoulder_complaint"]
    means: dict[str, list[float]] = {state.quantity: [] for state in STATES}
    for week in range(DAYS // DAYS_A_WEEK, DAYS // DAYS_A_WEEK + 2 * YEAR):
        sums = engine.run_week(week, WEEKLY)
        after = (week + 1) * DAYS_A_WEEK - DAYS
        for state in STATES:
            group = engine.values[state.group][0] > 0
            means[state.quantity].append(sums[state.quantity][0][group].mean() / DAYS_A_WEEK)
        if after in (21, 364):
            stayed = home & (engine.values["tenure"][0] >= after)
            exhaustion[after] = np.where(stayed, engine.values["exhaustion"][0], np.nan)
        if after == 364:
            later = engine.values["arm_neck_shoulder_complaint"][0]
            begins, ends = later[stayed & (complaint == 0)].mean(), 1 - later[stayed & (complaint > 0)].mean()
    return Panel(
        engine, survey_of(base), home, answers, known, {name: np.array(own) for name, own in days.items()}, exhaustion,
        begins, ends, {name: np.array(own) for name, own in means.items()},
    )  # fmt: skip


SAMPLING = 0.03
"""Two standard errors of a correlation among some four thousand home workers."""

BETWEEN = [
    ("injunctive_norm", "telepressure", 0.20, 0.50),
    ("injunctive_norm", "autonomy", -0.30, -0.05),
    ("recent_messaging", "usual_detachment", -0.40, -0.15),
    ("recent_messaging", "conflict", 0.29, 0.41),
    ("demands", "usual_detachment", -0.32, -0.15),
    ("usual_detachment", "exhaustion", -0.45, -0.10),
    ("manager_support", "exhaustion", -0.37, -0.05),
    ("colleague_support", "exhaustion", -0.37, -0.05),
    ("share_at_home", "autonomy", 0.10, 0.25),
    ("share_at_home", "isolation_from_colleagues", 0.0, 0.20),
    ("isolation_from_colleagues", "exhaustion", 0.24, 0.39),
    ("isolation_from_company", "exhaustion", 0.24, 0.39),
    ("managers_usual_detachment", "usual_detachment", 0.10, 0.30),
    ("telepressure", "recent_messaging", 0.10, 0.40),
]


@pytest.mark.parametrize(("x", "y", "low", "high"), BETWEEN)
def test_between_people_the_survey_shows_the_published_size(x, y, low, high, panel):
    has_manager = panel.engine.values["has_manager"][0] > 0
    found = panel.r(x, y, has_manager if x.startswith("managers_") else None)
    assert low - SAMPLING <= found <= high + SAMPLING


@pytest.mark.parametrize(("x", "y", "sign"), [
    ("exhaustion", "back_complaint", +1),
    ("conflict", "back_complaint", +1),
    ("separate_room", "back_complaint", -1),
    ("demands", "exhaustion", +1),
    ("telepressure", "usual_detachment", -1),
    ("engagement", "exhaustion", -1),
])  # fmt: skip
def test_between_people_the_sign_is_the_published_one(x, y, sign, panel):
    assert sign * panel.r(x, y, observed=False) > 0.02


ISOLATIONS = ("isolation_from_colleagues", "isolation_from_company")


@pytest.mark.parametrize("who", ["young", "older"])
@pytest.mark.parametrize("outcome", ["exhaustion", *ISOLATIONS])
def test_age_groups_hardly_differ(who, outcome, panel):
    """Check the true correlation; the pattern table has the rank of age in samples of 160."""
    assert abs(panel.r(who, outcome, observed=False)) <= 0.10


@pytest.mark.parametrize("measure", ["reachability_agreements", "goals_and_tasks", "stress_information"])
@pytest.mark.parametrize("outcome", ["telepressure", "demands", "exhaustion", "usual_detachment"])
def test_other_known_measures_do_not_relate_to_work_pressure(measure, outcome, panel):
    others = panel.home & (panel.answers["is_manager"] == 0)
    assert abs(np.corrcoef(panel.known[measure][others], panel.answers[outcome][others])[0, 1]) <= 0.10


@pytest.mark.parametrize("outcome", ISOLATIONS)
def test_non_managers_who_know_of_social_moments_are_less_isolated(outcome, panel):
    others = panel.home & (panel.answers["is_manager"] == 0)
    assert np.corrcoef(panel.known["social_moments"][others], panel.answers[outcome][others])[0, 1] < -0.02


def within_people(panel: Panel, x: str, y: str, later: int = 0) -> float:
    """Return the correlation over working days within home workers; `y` is measured `later` days after `x`."""
    rows = panel.days["works_today"] > 0
    rows = rows[: len(rows) - later] & panel.home
    first, second = panel.days[x][: len(rows)], panel.days[y][later:]
    count = rows.sum(axis=0)
    enough = count >= 15

    def from_own_mean(values):
        return np.where(rows, values - (values * rows).sum(axis=0) / np.maximum(count, 1), 0)[:, enough]

    a, b = from_own_mean(first), from_own_mean(second)
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


@pytest.mark.parametrize(("x", "y", "low", "high"), [
    ("after_hours_work", "detachment", -0.40, -0.15),
    ("demands_today", "detachment", -0.32, -0.05),
    ("detachment", "fatigue", -0.45, -0.10),
])  # fmt: skip
def test_within_people_a_diary_shows_the_published_size(x, y, low, high, panel):
    """Published are -.20, -.12 and -.15 to -.20; the fatigue of a day is that of the next morning."""
    assert low <= panel.survey.reliability * within_people(panel, x, y) <= high


@pytest.mark.parametrize("x", ["detachment", "demands_today"])
def test_days_hardly_correlate_with_the_next_day_within_people(x, panel):
    assert -0.05 <= within_people(panel, x, x, later=1) <= 0.30


def test_within_people_messages_matter_less_than_between(panel):
    between = panel.r("recent_messaging", "usual_detachment", observed=False)
    assert abs(within_people(panel, "after_hours_work", "detachment")) < abs(between)


@pytest.mark.parametrize(("days", "r"), [(21, 0.75), (364, 0.60)])
def test_exhaustion_is_as_stable_as_two_surveys_find_it(days, r, panel):
    stayed = panel.home & ~np.isnan(panel.exhaustion[days])
    first, later = (panel.exhaustion[day][stayed] for day in (0, days))
    assert panel.survey.retest(first, later, days) == pytest.approx(r, abs=0.10)


def test_complaints_come_and_go_at_the_published_rates(panel):
    """A year later, 16-17% of those without a complaint within the last year have one, and 65-70% of those with one."""
    prevalence = panel.answers["arm_neck_shoulder_complaint"][panel.home].mean()
    assert 0.14 - SAMPLING / 2 <= panel.complaint_begins <= 0.18 + SAMPLING / 2
    assert 0.30 - SAMPLING <= panel.complaint_ends <= 0.35 + SAMPLING
    assert 0.28 <= prevalence <= 0.36


def test_averages_of_home_workers_stay_at_the_reference_for_two_years(panel):
    off = {name: f"{means[0]:.3f} at first, {means[-1]:.3f} at last" for name, means in panel.means.items()
           if np.abs(means).max() > 0.1}  # fmt: skip
    assert off == {}


def test_a_common_cause_explains_most_of_the_correlation_of_isolation_with_exhaustion(base, panel):
    """With only the causal path cut, most of the correlation remains."""
    cut = create_engine(with_parameters(base, isolation={"isolation_strains": 0.0}))
    for day in range(-base.burn_in * DAYS_A_WEEK, 0):
        cut.run_day(day)
    isolation, exhaustion = (cut.values[name][0][panel.home] for name in ("isolation_from_colleagues", "exhaustion"))
    whole = panel.r("isolation_from_colleagues", "exhaustion", observed=False)
    assert np.corrcoef(isolation, exhaustion)[0, 1] > 0.5 * whole


def with_parameters(plan: Plan, **changes: dict[str, float]) -> Plan:
    return replace(plan, parameters=merged(plan.parameters, changes))


# -- effects of measures ---------------------------------------------------------------------------------------------

NAMES = [measure.name for measure in composed("scenarios=[baseline]").measures]
HALF = ("firm=study", "firm.establishments=100", "firm.sample=25", "seed=12")
HORIZON = 60
LAST_WEEKS = 16


@dataclass
class Difference:
    """Effects of scenarios: means over the last weeks, for everybody or some."""

    engine: ReferenceEngine
    survey: Survey
    sums: dict[str, np.ndarray]

    def of(self, outcome: str, world: int, among: Callable[[ReferenceEngine], np.ndarray] | None = None) -> np.ndarray:
        """Return the paired difference of each person from the baseline."""
        values = np.broadcast_to(self.sums[outcome], (self.engine.worlds, self.sums[outcome].shape[-1]))
        change = (values[world] - values[0]) / LAST_WEEKS
        return change if among is None else change[among(self.engine)]


FOLLOWED = (
    "exhaustion", "isolation_from_colleagues", "isolation_from_company", "manager_support", "injunctive_norm",
    "recent_after_hours", "leading_difficulty",
)  # fmt: skip


def compared(plan: Plan, weeks: int = HORIZON) -> Difference:
    """Simulate the scenarios of a plan side by side, and add up their last weeks."""
    engine, survey = simulate(plan, days=(weeks - LAST_WEEKS) * DAYS_A_WEEK), survey_of(plan)
    sums: dict[str, np.ndarray] = {}
    for week in range(weeks - LAST_WEEKS, weeks):
        engine.run_week(week)
        for name in FOLLOWED:
            sums[name] = sums.get(name, 0) + engine.values[name]
        complaints = 100 * survey.burn_out_complaints(engine.values["exhaustion"])
        for name, values in (("complaints", complaints), ("known", engine.values["known"])):
            sums[name] = sums.get(name, 0) + values
    return Difference(engine, survey, sums)


def non_managers(engine: ReferenceEngine) -> np.ndarray:
    return (engine.values["is_manager"][0] == 0) & (engine.values["has_manager"][0] > 0)


def home_workers(engine: ReferenceEngine) -> np.ndarray:
    return engine.values["may_work_from_home"][0] > 0


@pytest.fixture(scope="module")
def everywhere() -> Difference:
    """Return the effects of each measure alone, introduced by all employers."""
    alone = tuple(Scenario(name, "policy", (Introduction(name),)) for name in NAMES)
    return compared(replace(composed(*HALF, "scenarios=[baseline]", "burn_in=40"), scenarios=(BASELINE, *alone)))


@pytest.mark.parametrize("measure", NAMES)
def test_no_single_measure_moves_burn_out_complaints_of_everybody_by_more_than_three_points(measure, everywhere):
    world = NAMES.index(measure) + 1
    assert abs(everywhere.of("complaints", world).mean()) <= 3


def test_manager_training_helps_without_employees_knowing_of_it():
    plan = composed(*HALF, "scenarios=[baseline,manager_training]", "burn_in=40")
    found = compared(with_parameters(plan, cascade={"others_training": 0.01, "own_training": 0.0}))
    row = found.engine.interventions.names.index("remote_leadership_training")
    others = non_managers(found.engine)
    known = np.broadcast_to(found.sums["known"], (2, *found.sums["known"].shape[1:]))[1, row] / LAST_WEEKS
    assert known[others].mean() < 0.02, "hardly any employee knows"
    assert known[~others].mean() > 0.4, "managers do"
    support = found.of("manager_support", 1, non_managers)
    assert support.mean() > 0.02
    assert support.mean() > 3 * support.std() / np.sqrt(len(support))
    assert found.of("isolation_from_company", 1, non_managers).mean() < 0
    assert found.of("exhaustion", 1, non_managers).mean() < 0.01


@pytest.fixture(scope="module")
def schedules() -> Difference:
    """Return the effects of schedules from all days at the office to all days at home, for those who can."""
    base = composed(*HALF, "scenarios=[baseline]", "burn_in=40")
    imposed = [
        composed(*HALF, f"schedule={option}", "burn_in=40").scenarios[-1]
        for option in ("on_site", "three_office_days", "strict_advice", "at_home")
    ]
    return compared(replace(base, scenarios=(BASELINE, *imposed)))


def test_strict_advice_raises_isolation_and_hardly_moves_burn_out_complaints(schedules):
    isolation = schedules.of("isolation_from_colleagues", 3, home_workers)
    assert isolation.mean() > 0.03
    assert isolation.mean() > 3 * isolation.std() / np.sqrt(len(isolation))
    assert abs(schedules.of("complaints", 3, home_workers).mean()) < 1.5


def test_more_contact_has_less_and_less_effect(schedules):
    on_site, _, strict, at_home = (
        schedules.of("isolation_from_colleagues", w, home_workers).mean() for w in (1, 2, 3, 4)
    )
    assert on_site <= 0 < strict < at_home
    assert abs(on_site) < at_home, "full-time office work adds less contact than its absence takes"
    assert on_site > -0.35
    assert schedules.of("complaints", 1, home_workers).mean() > -2


def test_a_right_to_disconnect_alone_does_not_cut_contact(everywhere):
    world = NAMES.index("right_to_disconnect") + 1
    before = np.atleast_2d(everywhere.sums["recent_after_hours"])[0]
    assert everywhere.of("recent_after_hours", world).mean() > -0.10 * before.mean() / LAST_WEEKS


def test_always_on_raises_the_norm_and_perfect_communication_changes_little():
    found = compared(composed(*HALF, "scenarios=[baseline,always_on,no_communication_loss,no_measures]", "burn_in=40"))
    assert found.of("injunctive_norm", 1).mean() > 0.3
    assert found.of("complaints", 1).mean() > 0
    assert abs(found.of("complaints", 2).mean()) < 3
    assert abs(found.of("complaints", 3).mean()) < 6


# -- the fit ---------------------------------------------------------------------------------------------------------


def test_fitted_defaults_meet_their_targets_with_other_people_than_those_of_the_fit():
    """Every level is met. The table is fitted by kind of measure, so two cells may miss by up to 7 points."""
    from sim.calibration.point_fit import check, table

    missed = [row for row in check(composed("firm=study", "scenarios=[baseline]")) if not row.met]
    cells = [row for row in missed if ", " in row.name and row.unit == "percent"]
    assert missed == cells, "\n" + table(missed)
    near = all(abs(row.simulated - row.target) < 7 for row in cells)
    assert len(cells) <= 2 and near, "\n" + table(cells)
