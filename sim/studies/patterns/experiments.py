"""Experiments that test patterns: worlds with the same people and random numbers that differ in one way.

    today          the practice of 2022, beside other places of work, evenings of managers, and measures
    history        the practice of 2019, beside the pandemic with its advice by date
    introduction   everybody on site, as before home working, beside home working as in 2022
    return         full home working, beside its end, and its end with two fixed office days per team

Each returns statistics by name: mean differences over people, in SD, percentage points or shares.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sim.calibration.point_estimate import merged
from sim.engine import Engine
from sim.engine.plan import BASELINE, Plan
from sim.levers.scenario import Introduction, Scenario, Setting
from sim.studies.patterns.criteria import NOTICEABLE
from sim.survey.survey import survey_of
from sim.world.calendar import DAYS_A_WEEK, Calendar

SimulateBurnIn = Callable[[Plan], Engine]
"""Function that simulates the burn-in of a plan."""
Window = tuple[int, int]
"""First week, and the week after the last one."""

PRESSURE = ("demands", "exhaustion", "conflict", "pressure_from_colleagues", "telepressure", "usual_detachment")
"""Aspects of work pressure in the study of 2022; perceived pressure is their mean, with detachment reversed."""
HOME_2019 = 0.15
"""Share of days at home in 2019, of those who could: five hours a week (target:home_hours_2019)."""
QUIET, LATE = 0.2, 1.4
"""Additional tendency of managers to work in the evening, in logits: the ends of the range."""
SILENT, EXPLAINED = 0.0, 0.8
"""Degree to which managers explain their evening work: the ends of the range."""


def _scenario(name: str, process: str, **values: float) -> Scenario:
    settings = tuple(Setting(process, parameter, value) for parameter, value in values.items())
    return Scenario(name, "counterfactual", settings=settings)


_CHAIR = Introduction("chair_and_desk", hoops=0.05), Introduction("chair_and_desk", hoops=0.30)
"""Chair and desk for everybody, paid as in `conf/ergonomics`: at once, or in instalments."""
TODAY = (
    BASELINE,
    _scenario("on_site", "attendance", home_ceiling=0.0),
    _scenario("at_home", "attendance", home_floor=1.0),
    _scenario("quiet", "availability", managers_answer=QUIET, explained=SILENT),
    _scenario("silent", "availability", managers_answer=LATE, explained=SILENT),
    _scenario("explained", "availability", managers_answer=LATE, explained=EXPLAINED),
    Scenario("social_moments", "policy", (Introduction("social_moments"),)),
    Scenario("lump_sum", "policy", _CHAIR[:1], settings=(Setting("resources", "paid_at_once", 1.0),)),
    Scenario("instalments", "policy", _CHAIR[1:], settings=(Setting("resources", "paid_at_once", 0.0),)),
    Scenario("managers_explain", "policy", (Introduction("managers_explain"),)),
)
HISTORY = (_scenario("as_2019", "attendance", advice=0.0), _scenario("pandemic", "attendance", home_ceiling=1.0))
INTRODUCED = (BASELINE, _scenario("home_working", "attendance", home_ceiling=1.0))
_FREE = _scenario("free", "attendance", home_floor=0.0)
RETURN = (BASELINE, _FREE, Scenario("anchored", "policy", (Introduction("anchor_days"),), settings=_FREE.settings))
SCENARIOS = (*TODAY, *HISTORY, *INTRODUCED, *RETURN)
"""All scenarios, so that every experiment has the same measures."""


@dataclass
class ExperimentResult:
    """The engine after the last week, and by window and quantity (world, place): means of states, sums over days."""

    engine: Engine
    means: Mapping[Window, Mapping[str, np.ndarray]]
    sums: Mapping[Window, Mapping[str, np.ndarray]]

    def common(self, quantity: str) -> np.ndarray:
        """Return a quantity (place,) that all worlds share."""
        return np.asarray(self.engine.values[quantity][0], np.float64)

    def change(self, window: Window, quantity: str, among: np.ndarray, world: int = 1, baseline: int = 0) -> float:
        """Return the mean difference of a quantity between two worlds, `among` some people."""
        values = self.means[window][quantity]
        return float((values[world] - values[baseline])[among].mean())

    @property
    def home(self) -> np.ndarray:
        """Whether a person (place,) may work from home."""
        return self.common("may_work_from_home") > 0


def run_experiment(
    burnt_in: Engine, scenarios: Sequence[Scenario], windows: Sequence[Window], states: Sequence[str],
    daily: Sequence[str] = (),
) -> ExperimentResult:  # fmt: skip
    """Simulate scenarios side by side, one per world, to the end of the last window.

    `states` are averaged at the ends of weeks, and `daily` quantities are summed over days. `burnt_in` is not changed.
    """
    engine = burnt_in.with_scenarios(scenarios)
    shape = (len(scenarios), engine.staff.count["employee"])
    means = {w: {name: np.zeros(shape) for name in states} for w in windows}
    sums = {w: {name: np.zeros(shape) for name in daily} for w in windows}
    for week in range(max(last for _, last in windows)):
        now = [w for w in windows if w[0] <= week < w[1]]
        of_week = engine.run_week(week, daily if now else ())
        for window in now:
            for name in states:
                means[window][name] += engine.values[name] / (window[1] - window[0])
            for name in daily:
                sums[window][name] += of_week[name]
    return ExperimentResult(engine, means, sums)


def perceived_pressure(means: Mapping[str, np.ndarray], among: np.ndarray) -> np.ndarray:
    """Return work pressure (world, place) in all its aspects, in SD of the people `among` of the first world."""
    pressure = sum(means[name] for name in PRESSURE[:-1]) - means[PRESSURE[-1]]
    return pressure / pressure[0, among].std()


# -- today -----------------------------------------------------------------------------------------------------------

LAST = (39, 52)
EARLY, WORN = (26, 34), (96, 104)
DIARY_DAYS = 8 * DAYS_A_WEEK


def run_today(burnt_in: Engine) -> tuple[dict[str, float], ExperimentResult]:
    """Return differences of a year of other practices from that of 2022, and the worlds."""
    states = ("conflict", "exhaustion", "engagement", "injunctive_norm", "isolation_from_company")
    result = run_experiment(burnt_in, TODAY, (LAST,), states)
    world_of = {scenario.name: world for world, scenario in enumerate(TODAY)}
    home, others = result.home, (result.common("is_manager") == 0) & (result.common("has_manager") > 0)

    def change(quantity: str, world: str, baseline: str, among: np.ndarray) -> float:
        return result.change(LAST, quantity, among, world_of[world], world_of[baseline])

    silent = change("injunctive_norm", "silent", "quiet", others)
    explained = change("injunctive_norm", "explained", "quiet", others)
    measures, values = burnt_in.interventions.names, result.engine.values
    receives = home & (values["used"][world_of["lump_sum"], measures.index("chair_and_desk")] > 0)
    explains = measures.index("managers_explain")
    covered = others & (values["in_effect"][world_of["managers_explain"], explains] > 0.3)
    at_home = (("conflict", "on_site"), ("conflict", "at_home"), ("exhaustion", "on_site"), ("engagement", "on_site"))
    return {
        **{f"{quantity} {world}": change(quantity, world, "baseline", home) for quantity, world in at_home},
        "evenings silent": silent,
        "evenings explained less half": explained - silent / 2,
        "instalments support": -change("isolation_from_company", "instalments", "lump_sum", receives),
        "example norm": change("injunctive_norm", "managers_explain", "baseline", covered),
        "example conflict": change("conflict", "managers_explain", "baseline", covered),
    }, result


def run_wearing_off(burnt_in: Engine) -> dict[str, float]:
    """Return changes of enthusiasm for new social moments, and of attendance, over sixteen months.

    The comparison begins half a year after their introduction and follows those who know of them then. By then the
    measure is carried out and announced, so that further spread does not hide the decline.
    """
    scenario = next(scenario for scenario in TODAY if scenario.name == "social_moments")
    row = burnt_in.interventions.names.index(scenario.name)
    engine = burnt_in.with_scenarios((scenario,))
    new = burnt_in.values["in_place"][0, row][burnt_in.staff.firm.team] == 0
    enthusiasm: dict[Window, list[np.ndarray]] = {EARLY: [], WORN: []}
    attendance: dict[Window, list[list[np.ndarray]]] = {EARLY: [], WORN: []}
    for week in range(WORN[1]):
        sums = engine.run_week(week, ("joins_team", "works_today"))
        if week == EARLY[0]:
            knew = new & (engine.values["known"][0, row] > 0)
        for window in (EARLY, WORN):
            if window[0] <= week < window[1]:
                enthusiasm[window].append(engine.values["freshness"][0, row].copy())
                attendance[window].append([sums[name][0] for name in ("joins_team", "works_today")])
    stayed = knew & (engine.values["tenure"][0] > WORN[1] * DAYS_A_WEEK)
    fresh = {window: float(np.mean(own, axis=0)[stayed].mean()) for window, own in enthusiasm.items()}
    days = {window: np.sum(own, axis=0)[:, stayed].sum(axis=1) for window, own in attendance.items()}
    joined = {window: float(attended / worked) for window, (attended, worked) in days.items()}
    return {"wear enthusiasm": fresh[WORN] / fresh[EARLY] - 1, "wear attendance": joined[WORN] / joined[EARLY] - 1}


def run_days(burnt_in: Engine) -> dict[str, float]:
    """Return differences between days at home and at the office over eight weeks of 2022, and those of long days."""
    engine = burnt_in.with_scenarios((BASELINE,))
    names = ("works_today", "at_home", "overtime", "breaks", "after_hours_work", "fragmentation")
    diary: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for day in range(DIARY_DAYS):
        engine.run_day(day)
        for name in names:
            diary[name].append(np.broadcast_to(engine.values[name][0], (engine.staff.count["employee"],)).copy())
    day_of = {name: np.array(own, np.float64) for name, own in diary.items()}
    detachment = engine.values["usual_detachment"][0]
    home = engine.values["may_work_from_home"][0] > 0
    worked = day_of["works_today"] > 0
    statistics = {f"home day {name}": _home_less_office(day_of[name], worked, day_of["at_home"] > 0, home)
                  for name in ("overtime", "breaks", "after_hours_work", "fragmentation")}  # fmt: skip
    statistics["home week weekend"] = _weekends(day_of, home)
    for name in ("overtime", "breaks"):
        usual = day_of[name].sum(axis=0) / np.maximum(worked.sum(axis=0), 1)
        among = home & (worked.sum(axis=0) >= 15)
        statistics[f"r {name} detachment"] = float(np.corrcoef(usual[among], detachment[among])[0, 1])
    return statistics


def _home_less_office(values: np.ndarray, worked: np.ndarray, at_home: np.ndarray, among: np.ndarray) -> float:
    """Return the difference within people of a day at home less one at the office, in SD of their working days."""
    home, office = worked & at_home, worked & ~at_home
    n_home, n_office = home.sum(axis=0), office.sum(axis=0)
    both = among & (n_home >= 5) & (n_office >= 5)
    mean = (values * worked).sum(axis=0) / np.maximum(worked.sum(axis=0), 1)
    within = np.sqrt((worked * (values - mean) ** 2)[:, both].sum() / worked[:, both].sum())
    gap = (values * home).sum(axis=0) / np.maximum(n_home, 1) - (values * office).sum(axis=0) / np.maximum(n_office, 1)
    return float(gap[both].mean() / within)


def _weekends(day_of: Mapping[str, np.ndarray], among: np.ndarray) -> float:
    """Return the correlation within people, over weeks, of the share of days at home with work at the weekend."""
    week = lambda name: day_of[name].reshape(-1, DAYS_A_WEEK, day_of[name].shape[1])  # noqa: E731
    worked = week("works_today").sum(axis=1)
    share = week("at_home").sum(axis=1) / np.maximum(worked, 1)
    weekend = week("after_hours_work")[:, 5:].sum(axis=1)
    rows = (worked > 0) & among
    count = np.maximum(rows.sum(axis=0), 1)
    x, y = (np.where(rows, v - (v * rows).sum(axis=0) / count, 0) for v in (share, weekend))
    return float((x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum()))


# -- history ---------------------------------------------------------------------------------------------------------

PANDEMIC = datetime.date(2020, 3, 2)
SUMMER_2020, END_2020, END_2021 = (13, 35), (36, 44), (88, 96)
"""Weeks since the start: June to October 2020; November and December 2020; November and December 2021."""


def run_history(simulate: SimulateBurnIn, plan: Plan) -> dict[str, float]:
    """Return differences between the pandemic and a world in which the practice of 2019 continues."""
    plan = _with(plan, "attendance", home_ceiling=HOME_2019)
    states = (*PRESSURE, "autonomy", "arm_neck_shoulder_complaint")
    burnt_in = simulate(replace(plan, calendar=Calendar(PANDEMIC)))
    result = run_experiment(burnt_in, HISTORY, (SUMMER_2020, END_2020, END_2021), states)
    home, survey, change = result.home, survey_of(plan), result.change
    young, parents = result.common("young") > 0, result.common("children_at_home") > 0
    pressure = {window: perceived_pressure(own, home) for window, own in result.means.items()}
    gained = pressure[SUMMER_2020][1] - pressure[SUMMER_2020][0]
    rest = home & ~young & ~parents

    def complaints(window: Window, among: np.ndarray) -> float:
        percent = 100 * survey.burn_out_complaints(result.means[window]["exhaustion"])
        return float((percent[1] - percent[0])[among].mean())

    ends = (END_2021, END_2020)
    neck = [100 * change(window, "arm_neck_shoulder_complaint", home) for window in ends]
    at_home, on_site = ([complaints(window, among) for window in ends] for among in (home, ~home))
    young_on_site = [change(window, "exhaustion", ~home & young) for window in ends]
    worn = result.means[END_2021]["exhaustion"][1]
    return {
        "2020 autonomy": change(SUMMER_2020, "autonomy", home),
        "2020 demands": change(SUMMER_2020, "demands", home),
        "2020 pressure young": float(gained[home & young].mean() - gained[rest].mean()),
        "2020 pressure parents": float(gained[home & parents].mean() - gained[rest].mean()),
        "2021 pressure home": float((pressure[END_2021][1] - pressure[END_2021][0])[home].mean()),
        "2021 complaints home": at_home[0],
        "2021 complaints home, later": at_home[0] - at_home[1],
        "2021 neck home": neck[0],
        "2021 neck home, later": neck[0] - neck[1],
        "2021 complaints on site": on_site[0],
        "2021 complaints on site, later": on_site[0] - on_site[1],
        "2021 exhaustion young on site": float(worn[~home & young].mean() - worn[~home & ~young].mean()),
        "2021 exhaustion young on site, later": young_on_site[0] - young_on_site[1],
    }


# -- home working begins, and full home working ends -----------------------------------------------------------------


def run_introduction(simulate: SimulateBurnIn, plan: Plan) -> dict[str, float]:
    """Return the shares of people whose work pressure changes when home working is introduced."""
    burnt_in = simulate(_with(plan, "attendance", home_ceiling=0.0, advice=0.0))
    result = run_experiment(burnt_in, INTRODUCED, (LAST,), PRESSURE)
    home = result.home & (result.engine.values["tenure"] > LAST[1] * DAYS_A_WEEK).all(axis=0)
    pressure = perceived_pressure(result.means[LAST], home)
    change = (pressure[1] - pressure[0])[home]
    up, down = float((change > NOTICEABLE).mean()), float((change < -NOTICEABLE).mean())
    return {
        "introduced unchanged": 1 - up - down,
        "introduced up": up,
        "introduced down": down,
        "introduced up less twice down": up - 2 * down,
        "introduced down less twice up": down - 2 * up,
    }


FIRST_WEEKS, HALF_A_YEAR = (0, 8), (13, 26)


def run_return(simulate: SimulateBurnIn, plan: Plan) -> dict[str, float]:
    """Return changes after the end of a year of full home working: bonds, early pressure, days at the office."""
    burnt_in = simulate(_with(plan, "attendance", home_floor=1.0, advice=0.0))
    states, first_half = (*PRESSURE, "bond_with_team", "bond_with_organisation"), (0, 26)
    windows = (FIRST_WEEKS, first_half, HALF_A_YEAR, LAST)
    result = run_experiment(burnt_in, RETURN, windows, states, daily=("works_today", "at_office"))
    home = result.home
    pressure = {w: perceived_pressure(result.means[w], home) for w in (FIRST_WEEKS, LAST)}
    first, late = (float((pressure[w][2] - pressure[w][0])[home].mean()) for w in (FIRST_WEEKS, LAST))
    sums = result.sums[first_half]
    worked = sums["works_today"][1]
    working = home & (worked > 0)
    actual = (sums["at_office"][1][working] / worked[working]).mean()
    preferred = 1 - result.common("share_at_home_at_start")[working].mean()
    team, organisation = (
        result.change(HALF_A_YEAR, f"bond_with_{other}", home, world=2) for other in ("team", "organisation")
    )
    return {
        "return bond_with_team": team,
        "return organisation less team": organisation - team,
        "start first weeks": first,
        "start late less half": late - first / 2,
        "office taken less wanted": float(actual - preferred),
    }


def _with(plan: Plan, process: str, **values: float) -> Plan:
    return replace(plan, parameters=merged(plan.parameters, {process: values}))
