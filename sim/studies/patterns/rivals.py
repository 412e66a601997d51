"""Rival models in the pattern table. The score of the model is informative only if simpler models score lower.

    nothing      zero effects: no answers are related, and no change has an effect
    signs        every expected relation is a small, lasting effect with the expected sign, in both roles
    regression   outcomes as linear functions of answers, with published sizes between people; no dynamics, no network
    no_network   the model without ties; what people see of others is centred again
    no_cascade   the model in which everything claimed is carried out, known and used well

The first three are numbers (`linear.py`). A pattern for which they have no number is not met. The last two are
simulated like the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from sim.calibration.point_estimate import merged
from sim.engine import Engine, engine_for
from sim.engine.plan import Plan, registry_of, required_measures, simulate_burn_in
from sim.levers.interventions import InterventionState
from sim.outcomes.patterns import (
    AGAINST_PRESSURE,
    CELLS,
    ISOLATIONS,
    MEASURES,
    OUTCOMES,
    PRESSURE,
    SCREEN_WORK,
    USES,
)
from sim.studies.inspection.findings import relations_of
from sim.studies.inspection.rating import RISKS
from sim.studies.inspection.repeated_surveys import analyse
from sim.studies.patterns.criteria import correlation, criteria, reported_share
from sim.studies.patterns.evidence import Statistics, simulate_statistics, study_statistics
from sim.studies.patterns.linear import LinearModel, Slopes
from sim.studies.patterns.scoring import MODEL
from sim.world.establishments import build
from sim.world.staff import Staff


@dataclass(frozen=True)
class Model:
    """A model in the table: its label, and the statistics of a world as a function of plan and number of visits."""

    label: str
    statistics: Callable[[Plan, int], Statistics]


# -- numbers without mechanisms --------------------------------------------------------------------------------------

SMALL_EFFECT = 0.10
"""A small effect by Cohen's convention, as a correlation and in SD; a study of 160 finds it one time in four."""
SPREAD_OF_HOME = 0.29
"""SD of a share of days that is uniform between 0 and 1."""
SD_OF_PERCENT = {"complaints": 37.6, "neck": 46.6}
"""SD of a yes or no in percentage points: burn-out complaints (17%); arm, neck and shoulder (32%)."""


def _worse(outcome: str) -> int:
    return -1 if outcome == "detachment" else 1


_TECHNOSTRESS = ("techno_invasion", "techno_complexity", "techno_uncertainty")

NO_SLOPES: Slopes = {name: {} for name in (*OUTCOMES, "back_complaint", *_TECHNOSTRESS)}


def _expected() -> Slopes:
    """Return the expected slopes: measures help, claimed or known, and working at home strains.

    Measures are meant to help, and the inspectorate's article of 2021 feared that home strains. Other findings of the
    study have the sign that it found, in both roles.
    """
    slopes = {name: dict(own) for name, own in NO_SLOPES.items()}
    measures = [f"{status}.{name}" for status in ("known", "claimed") for name in MEASURES]
    for outcome in OUTCOMES:
        slopes[outcome] |= dict.fromkeys(measures, -SMALL_EFFECT * _worse(outcome))
    for outcome in (*OUTCOMES, *_TECHNOSTRESS):
        slopes[outcome]["share_at_home"] = SMALL_EFFECT * _worse(outcome)
    for outcome in PRESSURE:
        slopes[outcome]["chooses_home_hours"] = -SMALL_EFFECT * _worse(outcome)
    for outcome in ISOLATIONS:
        slopes[outcome]["lives_alone"] = SMALL_EFFECT
    slopes["kans_complaint"] |= {"adjustable_at_home": -SMALL_EFFECT, "is_manager": -SMALL_EFFECT}
    slopes["back_complaint"]["work_home_conflict"] = SMALL_EFFECT
    return slopes


_PRACTICE = 0.17 / 2
"""d = 0.17 of controlled interventions (E138), as a correlation if half take part."""

PUBLISHED: Slopes = {
    **NO_SLOPES,
    "autonomy": {"share_at_home": 0.22},
    "telepressure": {"availability_norm": 0.35},
    "work_home_conflict": {"messages": 0.335},
    "detachment": {"psychological_load": -0.25},
    "isolation_from_company": {"manager_support": -0.31},
    "exhaustion": {
        "detachment": -0.36, "psychological_load": 0.15, "autonomy": -0.13, "telepressure": 0.20,
        "isolation_from_company": 0.39, "manager_support": -0.37, "colleague_support": -0.22,
        **{f"known.{name}": -_PRACTICE for name in AGAINST_PRESSURE},
    },
    "kans_complaint": {"exhaustion": 0.08, "share_at_home": 0.02, **{f"known.{name}": -0.04 for name in SCREEN_WORK}},
    "back_complaint": {"exhaustion": 0.08},
}  # fmt: skip
"""Sizes between people, from `SOURCES`; the middle of the class if only a size class is published.

Physical complaints: OR 1.2 per SD of strain, OR 1.18 for home against location, risk ratio 0.85 for a better workplace,
each as a correlation with a yes or no of 32%.
"""
SOURCES = (
    "E004", "E005", "E014", "E015", "E024", "E025", "E031", "E032", "E035", "E036", "E039", "E047", "E054", "E057",
    "E059", "E138", "E143",
)  # fmt: skip
"""Rows of `sim/data/effects.csv` that the slopes come from."""


def zero_effects(plan: Plan, visits: int) -> Statistics:
    """Return statistics of a model without any effect."""
    return _of_answers(plan, visits, NO_SLOPES) | _no_change()


def expected_signs(plan: Plan, visits: int) -> Statistics:
    """Return statistics of a model with a small lasting effect wherever one is expected, the same for everybody."""
    return _of_answers(plan, visits, _expected()) | _no_change() | _small_changes()


def regression(plan: Plan, visits: int) -> Statistics:
    """Return statistics of published slopes; place of work acts through the share of days at home only."""
    return _of_answers(plan, visits, PUBLISHED, marks=True) | _of_more_home()


def _of_answers(plan: Plan, visits: int, slopes: Slopes, marks: bool = False) -> Statistics:
    """Return statistics of simulated studies of linear answers, with or without the inspector's marks."""
    linear, random = LinearModel(slopes, plan.measures), np.random.default_rng([plan.seed, plan.replicate])
    statistics = study_statistics([analyse(linear.answers(random), seed=number) for number in range(visits)])
    stated = {reported_share(name) for name in CELLS} | (_MARKS if marks else set())
    implied = {correlation(*one): linear.correlation(*one) for name in CELLS for one in relations_of(name)}
    return {name: value for name, value in statistics.items() if name in stated} | implied


_MARKS = {reported_share("inspector_downgrade"), *(f"inspector_downgrade.change.{risk}" for risk in RISKS)}


def _no_change() -> Statistics:
    """Return zero for every statistic that compares worlds, days or groups; *sanity* patterns are left out."""
    compared = [own for name, own in criteria().items() if USES[name] != "sanity" and name not in CELLS]
    return {one.statistic: 0.0 for own in compared for one in own if one.statistic} | {"introduced unchanged": 1.0}


_RISE = (
    "home day overtime", "home day after_hours_work", "home day fragmentation", "home week weekend",
    "return bond_with_team", "conflict on_site", "start first weeks", "evenings silent", "2020 autonomy",
    "2020 pressure young", "2020 pressure parents", "2021 pressure home", "2021 exhaustion young on site",
)  # fmt: skip
_FALL = (
    "home day breaks", *(f"inspector_downgrade.change.{risk}" for risk in RISKS), "conflict at_home", "2020 demands",
    "wear enthusiasm", "wear attendance", "instalments support",
)  # fmt: skip


def _small_changes() -> Statistics:
    """Return the expected consequences of changes, as small effects that start at once and last."""
    return {
        **dict.fromkeys(_RISE, SMALL_EFFECT),
        **dict.fromkeys(_FALL, -SMALL_EFFECT),
        "start late less half": SMALL_EFFECT / 2,
        "evenings explained less half": -SMALL_EFFECT / 2,
        "office taken less wanted": -SMALL_EFFECT * SPREAD_OF_HOME,
        "2021 complaints home": -SMALL_EFFECT * SD_OF_PERCENT["complaints"],
        "2021 neck home": SMALL_EFFECT * SD_OF_PERCENT["neck"],
        "2021 complaints on site": SMALL_EFFECT * SD_OF_PERCENT["complaints"],
    }


HOME = {"2019": 0.15, "2020": 0.75, "2021": 0.80}
"""Share of days at home by year, of those who could (regimes and targets in `sim/data`)."""
_UNCHANGED = (
    "introduced up", "introduced down", "conflict on_site", "conflict at_home", "2020 demands", "2020 pressure young",
    "2020 pressure parents", "2021 complaints home, later", "2021 neck home, later", "2021 complaints on site",
    "2021 complaints on site, later",
)  # fmt: skip


def _of_more_home() -> Statistics:
    """Return the changes since 2019 that published slopes on the share of days at home imply."""
    autonomy, kans = (PUBLISHED[outcome]["share_at_home"] for outcome in ("autonomy", "kans_complaint"))
    exhaustion = PUBLISHED["exhaustion"]["autonomy"] * autonomy

    def change(slope: float, year: str) -> float:
        return slope * (HOME[year] - HOME["2019"]) / SPREAD_OF_HOME

    return {
        "introduced unchanged": 1.0,
        **dict.fromkeys(_UNCHANGED, 0.0),
        "2020 autonomy": change(autonomy, "2020"),
        "2021 pressure home": change(exhaustion, "2021") / len(PRESSURE),
        "2021 complaints home": SD_OF_PERCENT["complaints"] * change(exhaustion, "2021"),
        "2021 neck home": SD_OF_PERCENT["neck"] * change(kans, "2021"),
    }


# -- the model without a part     ------------------------------------------------------------------------------------

_NO_CONTACT = {
    "contact": {"usual_touch": 0.1, "touch_sd": 5.0, "usual_strength": 0.1, "strength_sd": 5.0},
    "isolation": {"usual_within": 0.1, "within_sd": 5.0, "usual_across": 0.02, "across_sd": 4.0},
}
"""Usual contact without ties: near zero for everybody, with a wide SD, so that nobody misses contact."""


def no_network(plan: Plan, visits: int) -> Statistics:
    """Return statistics of the model without ties."""
    return simulate_statistics(_with(plan, _NO_CONTACT), visits, burn_in_without_ties)


def burn_in_without_ties(plan: Plan) -> Engine:
    """Simulate the burn-in without ties twice, the second time with the perceived evenings of others centred again."""
    first = _burn_in_without_ties(plan)
    home = first.values["may_work_from_home"][0] > 0
    norm = first.values["descriptive_norm"][0][home]
    usual = {"availability": {"usual_seen": float(norm.mean()), "seen_sd": float(norm.std())}}
    return _burn_in_without_ties(_with(plan, usual))


def _burn_in_without_ties(plan: Plan) -> Engine:
    firm, measures = build(plan.firm, plan.seed, plan.replicate), required_measures(plan)
    none = np.zeros_like(firm.ties.exists)
    firm = replace(firm, ties=replace(firm.ties, exists=none, across=none, dormant=none))
    interventions = InterventionState(measures, ())
    staff = Staff(firm, interventions.names, plan.replicate)
    engine = engine_for(plan.engine)(registry_of(plan, firm), staff, interventions, plan.calendar, plan.seed, 1, None)
    for week in range(-plan.burn_in, 0):
        engine.run_week(week)
    return engine


_NOTHING_LOST = {
    "cascade": {
        "carried_out": 1.0, "weeks_to_carry_out": 2.0, "informing": 1.0, "untold": 1.0, "layer_loss": 0.0,
        "nothing_lost": 1.0, "own_initiative": 0.0, "forgetting": 0.008,
    },
}  # fmt: skip


def no_cascade(plan: Plan, visits: int) -> Statistics:
    """Return statistics of the model in which everything claimed is carried out, known and used well."""
    used = tuple(replace(measure, use=1.0, hoops=0.0, well=1.0) for measure in plan.measures)
    return simulate_statistics(replace(_with(plan, _NOTHING_LOST), measures=used), visits, simulate_burn_in)


def _with(plan: Plan, parameters: Mapping[str, Mapping[str, float]]) -> Plan:
    return replace(plan, parameters=merged(plan.parameters, parameters))


MODELS: Mapping[str, Model] = {
    MODEL: Model("the model", simulate_statistics),
    "nothing": Model("nothing", zero_effects),
    "signs": Model("signs alone", expected_signs),
    "regression": Model("regression", regression),
    "no_network": Model("no network", no_network),
    "no_cascade": Model("no cascade", no_cascade),
}
"""The model and its rivals, by name."""
