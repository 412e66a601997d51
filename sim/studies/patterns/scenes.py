"""Worlds side by side in which a pattern must show: the same people and chance, with one thing different.

    today        the practice of 2022 goes on, beside other places of work, evenings of managers, and measures
    history      the practice of 2019 goes on, beside the pandemic with its advice by date
    introduced   everybody on site, as before home working, beside home working as in 2022
    return       full home working goes on, beside its end, and its end with two fixed office days a team

Each gives statistics by name: means over people of what differs, in SD, points or shares.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sim.engine import Engine
from sim.engine.plan import BASELINE, Plan
from sim.levers.catalogue import Catalogue
from sim.levers.scenario import Introduction, Scenario, Setting
from sim.studies.patterns.criteria import NOTICED
from sim.survey.survey import survey_of
from sim.world.calendar import DAYS_A_WEEK, Calendar

Begin = Callable[[Plan], Engine]
"""What lives the burn-in of a plan."""
Window = tuple[int, int]

PRESSURE = ("demands", "exhaustion", "conflict", "pressure_from_colleagues", "telepressure", "usual_detachment")
"""Work pressure in its aspects, as the study asked for them; felt pressure is their mean, detachment reversed."""
HOME_2019 = 0.15
"""Share of days at home of those who could, 2019: five hours a week (target:home_hours_2019)."""
QUIET, LATE = 0.2, 1.4
"""How much more managers lean to work in the evening than others, logit: the ends of its range."""
SILENT, EXPLAINED = 0.0, 0.8
"""How far they say why: the ends of its range."""


def _set(name: str, process: str, **values: float) -> Scenario:
    settings = tuple(Setting(process, parameter, value) for parameter, value in values.items())
    return Scenario(name, "counterfactual", settings=settings)


def _evenings(name: str, leaning: float, explained: float) -> Scenario:
    return _set(name, "availability", managers_answer=leaning, explained=explained)


def _paid(name: str, at_once: float, hoops: float) -> Scenario:
    """A chair and desk for everybody, as `conf/ergonomics` has them paid."""
    desk = Introduction("chair_and_desk", hoops=hoops)
    return Scenario(name, "policy", (desk,), settings=(Setting("resources", "paid_at_once", at_once),))


TODAY = (
    BASELINE,
    _set("on_site", "attendance", home_ceiling=0.0),
    _set("at_home", "attendance", home_floor=1.0),
    _evenings("quiet", QUIET, SILENT),
    _evenings("silent", LATE, SILENT),
    _evenings("explained", LATE, EXPLAINED),
    Scenario("social_moments", "policy", (Introduction("social_moments"),)),
    _paid("lump_sum", at_once=1.0, hoops=0.05),
    _paid("instalments", at_once=0.0, hoops=0.30),
    Scenario("managers_explain", "policy", (Introduction("managers_explain"),)),
)
HISTORY = (
    _set("as_2019", "attendance", advice=0.0),
    _set("pandemic", "attendance", home_ceiling=1.0),
)
INTRODUCED = (BASELINE, _set("home_working", "attendance", home_ceiling=1.0))
ANCHORED = Scenario(
    "anchored", "policy", (Introduction("anchor_days"),), settings=(Setting("attendance", "home_floor", 0.0),)
)
RETURN = (BASELINE, _set("free", "attendance", home_floor=0.0), ANCHORED)
SCENARIOS = (*TODAY, *HISTORY, *INTRODUCED, *RETURN)
"""All of them, so that every scene knows the same measures."""


@dataclass
class Lived:
    """Some worlds after their weeks.

    means   window -> quantity -> (world, place), of the states at the ends of its weeks
    sums    window -> quantity -> (world, place), of what its days hold
    """

    engine: Engine
    means: Mapping[Window, Mapping[str, np.ndarray]]
    sums: Mapping[Window, Mapping[str, np.ndarray]]

    def one(self, quantity: str) -> np.ndarray:
        """(place,) of a quantity on which worlds do not differ, as it stands."""
        return np.asarray(self.engine.values[quantity][0], np.float64)


def lived(
    begun: Engine,
    scenarios: Sequence[Scenario],
    windows: Iterable[Window],
    states: Sequence[str],
    daily: Sequence[str] = (),
) -> Lived:
    """Live the scenarios to the end of the last window; windows are weeks, the last one not included."""
    engine = begun.fork(Catalogue(begun.catalogue.measures, scenarios))
    shape = (len(scenarios), engine.staff.count["employee"])
    windows = tuple(windows)
    means = {w: {name: np.zeros(shape) for name in states} for w in windows}
    sums = {w: {name: np.zeros(shape) for name in daily} for w in windows}
    for week in range(max(last for _, last in windows)):
        now = [w for w in windows if w[0] <= week < w[1]]
        today = engine.run_week(week, daily if now else ())
        for window in now:
            for name in states:
                means[window][name] += engine.values[name] / (window[1] - window[0])
            for name in daily:
                sums[window][name] += today[name]
    return Lived(engine, means, sums)


def felt_pressure(means: Mapping[str, np.ndarray], among: np.ndarray) -> np.ndarray:
    """(world, place) work pressure in all its aspects, in SD of the first world's people `among` whom it is felt."""
    felt = sum(means[name] for name in PRESSURE[:-1]) - means[PRESSURE[-1]]
    return felt / felt[0, among].std()


# -- today -----------------------------------------------------------------------------------------------------------

LAST = (39, 52)
EARLY, WORN = (26, 34), (96, 104)
DAYS_SEEN = 8 * DAYS_A_WEEK


def today(begun: Engine, plan: Plan) -> tuple[dict[str, float], Lived]:
    """What a year of other practices changes from that of 2022; and the worlds themselves."""
    states = ("conflict", "exhaustion", "engagement", "injunctive_norm", "isolation_from_company")
    worlds = lived(begun, TODAY, (LAST,), states)
    at = {scenario.name: world for world, scenario in enumerate(TODAY)}
    means = worlds.means[LAST]
    home, others = _home(worlds), _led(worlds)

    def change(quantity: str, world: str, than: str, among: np.ndarray) -> float:
        return float((means[quantity][at[world]] - means[quantity][at[than]])[among].mean())

    silent = change("injunctive_norm", "silent", "quiet", others)
    explained = change("injunctive_norm", "explained", "quiet", others)
    row = begun.catalogue.names.index("managers_explain")
    desk = begun.catalogue.names.index("chair_and_desk")
    given = home & (worlds.engine.values["used"][at["lump_sum"], desk] > 0)
    reached = others & (worlds.engine.values["in_effect"][at["managers_explain"], row] > 0.3)
    return {
        "conflict on_site": change("conflict", "on_site", "baseline", home),
        "conflict at_home": change("conflict", "at_home", "baseline", home),
        "exhaustion on_site": change("exhaustion", "on_site", "baseline", home),
        "engagement on_site": change("engagement", "on_site", "baseline", home),
        "evenings silent": silent,
        "evenings explained less half": explained - silent / 2,
        "instalments support": -change("isolation_from_company", "instalments", "lump_sum", given),
        "example norm": change("injunctive_norm", "managers_explain", "baseline", reached),
        "example conflict": change("conflict", "managers_explain", "baseline", reached),
    }, worlds


def wearing_off(begun: Engine) -> dict[str, float]:
    """Social moments where they are new, of those who know of them half a year later: what another sixteen months do.

    By then the measure has been carried out and told, so that what falls is not outweighed by what still spreads.
    """
    moments = next(scenario for scenario in TODAY if scenario.name == "social_moments")
    row = begun.catalogue.names.index(moments.name)
    engine = begun.fork(Catalogue(begun.catalogue.measures, (moments,)))
    new = begun.values["in_place"][0, row][begun.staff.firm.team] == 0
    enthusiasm: dict[Window, list[np.ndarray]] = {}
    attendance: dict[Window, list[list[np.ndarray]]] = {}
    for week in range(WORN[1]):
        sums = engine.run_week(week, ("joins_team", "works_today"))
        if week == EARLY[0]:
            knew = new & (engine.values["known"][0, row] > 0)
        for window in (EARLY, WORN):
            if window[0] <= week < window[1]:
                enthusiasm.setdefault(window, []).append(engine.values["freshness"][0, row].copy())
                attendance.setdefault(window, []).append([sums[name][0] for name in ("joins_team", "works_today")])
    stayed = knew & (engine.values["tenure"][0] > WORN[1] * DAYS_A_WEEK)
    fresh = {window: float(np.mean(own, axis=0)[stayed].mean()) for window, own in enthusiasm.items()}
    joined = {}
    for window, own in attendance.items():
        there, worked = np.sum(own, axis=0)[:, stayed].sum(axis=1)
        joined[window] = float(there / worked)
    return {
        "wear enthusiasm": fresh[WORN] / fresh[EARLY] - 1,
        "wear attendance": joined[WORN] / joined[EARLY] - 1,
    }


def days(begun: Engine) -> dict[str, float]:
    """Eight weeks of days under the practice of 2022: at home against at the office, and long days."""
    engine = begun.fork(Catalogue(begun.catalogue.measures, (BASELINE,)))
    names = ("works_today", "at_home", "overtime", "breaks", "after_hours_work", "fragmentation")
    kept: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for day in range(DAYS_SEEN):
        engine.run_day(day)
        for name in names:
            kept[name].append(np.broadcast_to(engine.values[name][0], (engine.staff.count["employee"],)).copy())
    day_of = {name: np.array(own, np.float64) for name, own in kept.items()}
    detachment = engine.values["usual_detachment"][0]
    home = engine.values["may_work_from_home"][0] > 0
    worked = day_of["works_today"] > 0
    found = {f"home day {name}": _home_less_office(day_of[name], worked, day_of["at_home"] > 0, home)
             for name in ("overtime", "breaks", "after_hours_work", "fragmentation")}  # fmt: skip
    found["home week weekend"] = _weekends(day_of, home)
    for name in ("overtime", "breaks"):
        usual = day_of[name].sum(axis=0) / np.maximum(worked.sum(axis=0), 1)
        among = home & (worked.sum(axis=0) >= 15)
        found[f"r {name} detachment"] = float(np.corrcoef(usual[among], detachment[among])[0, 1])
    return found


def _home_less_office(values: np.ndarray, worked: np.ndarray, at_home: np.ndarray, among: np.ndarray) -> float:
    """Within people: a day at home less a day at the office, in SD of their own working days."""
    home, office = worked & at_home, worked & ~at_home
    n_home, n_office = home.sum(axis=0), office.sum(axis=0)
    both = among & (n_home >= 5) & (n_office >= 5)
    mean = (values * worked).sum(axis=0) / np.maximum(worked.sum(axis=0), 1)
    within = np.sqrt((worked * (values - mean) ** 2)[:, both].sum() / worked[:, both].sum())
    gap = (values * home).sum(axis=0) / np.maximum(n_home, 1) - (values * office).sum(axis=0) / np.maximum(n_office, 1)
    return float(gap[both].mean() / within)


def _weekends(day_of: Mapping[str, np.ndarray], among: np.ndarray) -> float:
    """Within people, over weeks: share of the days worked that were at home with work at the weekend, r."""
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
SUMMER_2020, A_YEAR_BEFORE, END_2021 = (13, 35), (36, 44), (88, 96)
"""June to October 2020; November and December 2020; November and December 2021: weeks from the start."""


def history(begin: Begin, plan: Plan) -> dict[str, float]:
    """The pandemic beside a world in which the practice of 2019 went on."""
    plan = _with(plan, "attendance", home_ceiling=HOME_2019)
    begun = begin(replace(plan, calendar=Calendar(PANDEMIC)))
    states = (*PRESSURE, "autonomy", "arm_neck_shoulder_complaint")
    worlds = lived(begun, HISTORY, (SUMMER_2020, A_YEAR_BEFORE, END_2021), states)
    home, survey = _home(worlds), survey_of(plan)
    young, parents = worlds.one("young") > 0, worlds.one("children_at_home") > 0
    found = {}
    pressure = {w: felt_pressure(worlds.means[w], home) for w in worlds.means}

    def change(window: Window, quantity: str, among: np.ndarray) -> float:
        values = worlds.means[window][quantity]
        return float((values[1] - values[0])[among].mean())

    def complaints(window: Window, among: np.ndarray) -> float:
        chance = 100 * survey.burn_out_complaints(worlds.means[window]["exhaustion"])
        return float((chance[1] - chance[0])[among].mean())

    found["2020 autonomy"] = change(SUMMER_2020, "autonomy", home)
    found["2020 demands"] = change(SUMMER_2020, "demands", home)
    gained = pressure[SUMMER_2020][1] - pressure[SUMMER_2020][0]
    for name, group in (("young", young), ("parents", parents)):
        rest = home & ~young & ~parents
        found[f"2020 pressure {name}"] = float(gained[home & group].mean() - gained[rest].mean())
    found["2021 pressure home"] = float((pressure[END_2021][1] - pressure[END_2021][0])[home].mean())
    found["2021 complaints home"] = complaints(END_2021, home)
    found["2021 complaints home, later"] = complaints(END_2021, home) - complaints(A_YEAR_BEFORE, home)
    neck = {w: 100 * change(w, "arm_neck_shoulder_complaint", home) for w in (A_YEAR_BEFORE, END_2021)}
    found["2021 neck home"] = neck[END_2021]
    found["2021 neck home, later"] = neck[END_2021] - neck[A_YEAR_BEFORE]
    found["2021 complaints on site"] = complaints(END_2021, ~home)
    found["2021 complaints on site, later"] = complaints(END_2021, ~home) - complaints(A_YEAR_BEFORE, ~home)
    worn = worlds.means[END_2021]["exhaustion"][1]
    found["2021 exhaustion young on site"] = float(worn[~home & young].mean() - worn[~home & ~young].mean())
    found["2021 exhaustion young on site, later"] = change(END_2021, "exhaustion", ~home & young) - change(
        A_YEAR_BEFORE, "exhaustion", ~home & young
    )
    return found


# -- home working begins, and full home working ends -----------------------------------------------------------------


def introduced(begin: Begin, plan: Plan) -> dict[str, float]:
    """Home working introduced to people who never had it: work pressure of each, beside the same person without it."""
    begun = begin(_with(plan, "attendance", home_ceiling=0.0, advice=0.0))
    worlds = lived(begun, INTRODUCED, (LAST,), PRESSURE)
    home = _home(worlds) & (worlds.engine.values["tenure"] > LAST[1] * DAYS_A_WEEK).all(axis=0)
    pressure = felt_pressure(worlds.means[LAST], home)
    change = (pressure[1] - pressure[0])[home]
    up, down = float((change > NOTICED).mean()), float((change < -NOTICED).mean())
    return {
        "introduced unchanged": 1 - up - down,
        "introduced up": up,
        "introduced down": down,
        "introduced up less twice down": up - 2 * down,
        "introduced down less twice up": down - 2 * up,
    }


FIRST_WEEKS, HALF_A_YEAR = (0, 8), (13, 26)


def returned(begin: Begin, plan: Plan) -> dict[str, float]:
    """A year of full home working ends: bonds, pressure of the first weeks, and days at the office."""
    begun = begin(_with(plan, "attendance", home_floor=1.0, advice=0.0))
    states = (*PRESSURE, "bond_with_team", "bond_with_organisation")
    worlds = lived(begun, RETURN, (FIRST_WEEKS, (0, 26), HALF_A_YEAR, LAST), states, daily=("works_today", "at_office"))
    home = _home(worlds)

    def gained(window: Window, quantity: str) -> float:
        values = worlds.means[window][quantity]
        return float((values[2] - values[0])[home].mean())

    pressure = {w: felt_pressure(worlds.means[w], home) for w in (FIRST_WEEKS, LAST)}
    first, late = (float((pressure[w][2] - pressure[w][0])[home].mean()) for w in (FIRST_WEEKS, LAST))
    sums = worlds.sums[0, 26]
    worked = sums["works_today"][1]
    there = home & (worked > 0)
    taken = (sums["at_office"][1][there] / worked[there]).mean()
    wanted = 1 - worlds.one("share_at_home_at_start")[there].mean()
    team, organisation = (gained(HALF_A_YEAR, f"bond_with_{which}") for which in ("team", "organisation"))
    return {
        "return bond_with_team": team,
        "return organisation less team": organisation - team,
        "start first weeks": first,
        "start late less half": late - first / 2,
        "office taken less wanted": float(taken - wanted),
    }


def _with(plan: Plan, process: str, **values: float) -> Plan:
    own = {**plan.parameters.get(process, {}), **values}
    return replace(plan, parameters={**plan.parameters, process: own})


def _home(worlds: Lived) -> np.ndarray:
    return worlds.one("may_work_from_home") > 0


def _led(worlds: Lived) -> np.ndarray:
    return (worlds.one("is_manager") == 0) & (worlds.one("has_manager") > 0)
