"""Rival models on the same table: what a score is worth shows beside models that should not have one.

    nothing      all effects zero: nobody's answers relate to anything, and nothing changes anything
    signs        every relation that somebody expects is a small effect with the expected sign, in both roles, for good
    regression   outcomes as linear functions of answers, with published sizes between people; no dynamics, no network
    no_network   the model with all ties cut, and what people see of others centred anew
    no_cascade   the model with everything that is claimed carried out, known and used well

The first three are made of numbers (`linear.py`) and say nothing of a pattern that they have no number for, which is
then not met. The last two are lived like the model itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from sim.engine import Engine, engine_for
from sim.engine.plan import Plan, registry_of, required_measures, simulate_burn_in
from sim.levers.catalogue import Catalogue
from sim.outcomes.patterns import AGAINST_PRESSURE, ASKED, CELLS, ISOLATIONS, OUTCOMES, PRESSURE, SCREEN_WORK
from sim.studies.inspection.rating import RISKS
from sim.studies.inspection.repeated_surveys import relations_of, study_of
from sim.studies.patterns.criteria import correlation, reported
from sim.studies.patterns.evidence import Statistics, evidence, of_studies
from sim.studies.patterns.linear import Linear, Slopes
from sim.studies.patterns.scoring import MODEL
from sim.world.establishments import build
from sim.world.staff import Staff

Answerer = Callable[[Plan, int], Statistics]
"""What makes the statistics of one world, of a plan and so many visits."""


@dataclass(frozen=True)
class Rival:
    """A rival model: how pages call it, what it claims, and what yields its statistics of one world."""

    label: str
    says: str
    statistics: Answerer


# -- no mechanism: numbers alone -------------------------------------------------------------------------------------

SMALL = 0.10
"""A small effect by Cohen's convention, as a correlation and in SD: what a study of 160 finds one time in four."""
SPREAD_OF_HOME = 0.29
"""The SD of a share of days that is spread evenly from none to all."""
OF_100 = {"complaints": 37.6, "neck": 46.6}
"""The SD of a yes or no of 17 and of 32 in a hundred, in points: burn-out complaints; arm, neck and shoulder."""


def _worse(outcome: str) -> int:
    return -1 if outcome == "detachment" else 1


_TECHNOSTRESS = ("techno_invasion", "techno_complexity", "techno_uncertainty")

NO_SLOPES: Slopes = {name: {} for name in (*OUTCOMES, "back_complaint", *_TECHNOSTRESS)}


def _expected() -> Slopes:
    """What somebody expects: measures do good, in the employer's word and in what is known; working at home strains.

    So measures are meant, and so the inspectorate's article of 2021 feared. What was found beside that is taken with
    the sign found, and what was found in one role holds in both.
    """
    slopes = {name: dict(own) for name, own in NO_SLOPES.items()}
    measures = [f"{said}.{name}" for said in ("known", "claimed") for name in ASKED]
    for outcome in OUTCOMES:
        slopes[outcome] |= dict.fromkeys(measures, -SMALL * _worse(outcome))
    for outcome in (*OUTCOMES, *_TECHNOSTRESS):
        slopes[outcome]["share_at_home"] = SMALL * _worse(outcome)
    for outcome in PRESSURE:
        slopes[outcome]["chooses_home_hours"] = -SMALL * _worse(outcome)
    for outcome in ISOLATIONS:
        slopes[outcome]["lives_alone"] = SMALL
    slopes["kans_complaint"] |= {"adjustable_at_home": -SMALL, "is_manager": -SMALL}
    slopes["back_complaint"]["work_home_conflict"] = SMALL
    return slopes


_PRACTICE = 0.17 / 2
"""Of controlled interventions d = 0.17 (E138), as a correlation where half take part."""

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
"""Sizes between people, from `SOURCES`; where only a size class was seen, its middle.

Complaints of the body: OR 1.2 per SD of strain, 1.18 for home against location, risk ratio 0.85 for a better workplace,
each as a correlation with a yes or no of 32 in a hundred.
"""
SOURCES = (
    "E004", "E005", "E014", "E015", "E024", "E025", "E031", "E032", "E035", "E036", "E039", "E047", "E054", "E057",
    "E059", "E138", "E143",
)  # fmt: skip
"""Rows of `sim/data/effects.csv` behind the slopes."""


def nothing(plan: Plan, visits: int) -> Statistics:
    """All effects zero."""
    return _of_answers(plan, visits, NO_SLOPES) | _no_change()


def signs(plan: Plan, visits: int) -> Statistics:
    """A small effect with the expected sign wherever one is expected; it holds for all alike, and lasts."""
    return _of_answers(plan, visits, _expected()) | _no_change() | _small_changes()


def regression(plan: Plan, visits: int) -> Statistics:
    """Published slopes; what changes with the place of work, changes with the share at home, and nothing else does."""
    return _of_answers(plan, visits, PUBLISHED, marks=True) | _of_more_home()


def _of_answers(plan: Plan, visits: int, slopes: Slopes, marks: bool = False) -> Statistics:
    """Statistics of virtual studies of answers that follow the slopes, and the correlations that these imply.

    `marks`: whether what an inspector makes of the answers is stated too.
    """
    linear, chance = Linear(slopes, plan.measures), np.random.default_rng([plan.seed, plan.replicate])
    told = of_studies([study_of(linear.answers(chance), luck=number) for number in range(visits)])
    stated = {reported(name) for name in CELLS} | (_MARKS if marks else set())
    implied = {correlation(*one): linear.correlation(*one) for name in CELLS for one in relations_of(name)}
    return {name: value for name, value in told.items() if name in stated} | implied


_MARKS = {reported("inspector_downgrade"), *(f"inspector_downgrade.change.{risk}" for risk in RISKS)}


def _no_change() -> Statistics:
    """No world differs from any other."""
    parts = (
        "home day overtime", "home day breaks", "home day after_hours_work", "home day fragmentation",
        "home week weekend", "introduced up", "introduced down", "introduced up less twice down",
        "introduced down less twice up", "inspector_downgrade.change.screen_work",
        "inspector_downgrade.change.work_pressure", "reported inspector_downgrade",
        "reported contacts_fewer_isolation_low", "return bond_with_team", "return organisation less team",
        "conflict on_site", "conflict at_home", "start first weeks", "start late less half", "evenings silent",
        "evenings explained less half", "office taken less wanted", "2020 autonomy", "2020 demands",
        "2020 pressure young", "2020 pressure parents", "2021 pressure home", "2021 complaints home",
        "2021 complaints home, later", "2021 neck home", "2021 neck home, later", "2021 complaints on site",
        "2021 complaints on site, later", "2021 exhaustion young on site", "2021 exhaustion young on site, later",
        "wear enthusiasm", "wear attendance", "instalments support",
    )  # fmt: skip
    return {"introduced unchanged": 1.0, **dict.fromkeys(parts, 0.0)}


def _small_changes() -> Statistics:
    """What somebody expects of a change, as a small effect that comes at once and stays."""
    return {
        **{f"home day {what}": SMALL for what in ("overtime", "after_hours_work", "fragmentation")},
        "home day breaks": -SMALL,
        "home week weekend": SMALL,
        **{f"inspector_downgrade.change.{risk}": -SMALL for risk in RISKS},
        "return bond_with_team": SMALL,
        "conflict on_site": SMALL,
        "conflict at_home": -SMALL,
        "start first weeks": SMALL,
        "start late less half": SMALL / 2,
        "evenings silent": SMALL,
        "evenings explained less half": -SMALL / 2,
        "office taken less wanted": -SMALL * SPREAD_OF_HOME,
        "2020 autonomy": SMALL,
        "2020 demands": -SMALL,
        "2020 pressure young": SMALL,
        "2020 pressure parents": SMALL,
        "2021 pressure home": SMALL,
        "2021 complaints home": -SMALL * OF_100["complaints"],
        "2021 neck home": SMALL * OF_100["neck"],
        "2021 complaints on site": SMALL * OF_100["complaints"],
        "2021 exhaustion young on site": SMALL,
        "wear enthusiasm": -SMALL,
        "wear attendance": -SMALL,
        "instalments support": -SMALL,
    }


HOME = {"2019": 0.15, "2020": 0.75, "2021": 0.80, "2022": 0.50}
"""Share of days at home by year, of those who could (regimes and targets of the data files)."""


def _of_more_home() -> Statistics:
    """What published slopes on the share at home make of a change in it."""
    exhaustion = PUBLISHED["exhaustion"]["autonomy"] * PUBLISHED["autonomy"]["share_at_home"]

    def change(slope: float, year: str, than: str) -> float:
        return slope * (HOME[year] - HOME[than]) / SPREAD_OF_HOME

    return {
        "introduced unchanged": 1.0,
        "introduced up": 0.0,
        "introduced down": 0.0,
        "conflict on_site": 0.0,
        "conflict at_home": 0.0,
        "2020 autonomy": change(PUBLISHED["autonomy"]["share_at_home"], "2020", "2019"),
        "2020 demands": 0.0,
        "2020 pressure young": 0.0,
        "2020 pressure parents": 0.0,
        "2021 pressure home": change(exhaustion, "2021", "2019") / len(PRESSURE),
        "2021 complaints home": OF_100["complaints"] * change(exhaustion, "2021", "2019"),
        "2021 complaints home, later": 0.0,
        "2021 neck home": OF_100["neck"] * change(PUBLISHED["kans_complaint"]["share_at_home"], "2021", "2019"),
        "2021 neck home, later": 0.0,
        "2021 complaints on site": 0.0,
        "2021 complaints on site, later": 0.0,
    }


# -- the model with something cut ------------------------------------------------------------------------------------

_NO_CONTACT = {
    "contact": {"usual_touch": 0.1, "touch_sd": 5.0, "usual_strength": 0.1, "strength_sd": 5.0},
    "isolation": {"usual_within": 0.1, "within_sd": 5.0, "usual_across": 0.02, "across_sd": 4.0},
}
"""Of ties that are not there nobody misses anything: contact is near the usual for all, and hardly counts."""


def no_network(plan: Plan, visits: int) -> Statistics:
    """The model with every tie cut."""
    return evidence(_with(plan, _NO_CONTACT), visits, without_ties)


def without_ties(plan: Plan) -> Engine:
    """The engine after a burn-in without ties, in which what one sees of others' evenings is centred anew."""
    first = _without_ties(plan)
    home = first.values["may_work_from_home"][0] > 0
    seen = first.values["descriptive_norm"][0][home]
    usual = {"availability": {"usual_seen": float(seen.mean()), "seen_sd": float(seen.std())}}
    return _without_ties(_with(plan, usual))


def _without_ties(plan: Plan) -> Engine:
    firm, measures = build(plan.firm, plan.seed, plan.replicate), required_measures(plan)
    nobody = np.zeros_like(firm.ties.exists)
    firm = replace(firm, ties=replace(firm.ties, exists=nobody, across=nobody, dormant=nobody))
    catalogue = Catalogue(measures, ())
    staff = Staff(firm, catalogue.names, plan.replicate)
    engine = engine_for(plan.engine)(registry_of(plan, firm), staff, catalogue, plan.calendar, plan.seed, 1, None)
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
    """The model with everything that is claimed carried out, known, used and used well."""
    used = tuple(replace(measure, use=1.0, hoops=0.0, well=1.0) for measure in plan.measures)
    return evidence(replace(_with(plan, _NOTHING_LOST), measures=used), visits, simulate_burn_in)


def _with(plan: Plan, parameters: Mapping[str, Mapping[str, float]]) -> Plan:
    own = {process: {**plan.parameters.get(process, {}), **values} for process, values in parameters.items()}
    return replace(plan, parameters={**plan.parameters, **own})


RIVALS: Mapping[str, Rival] = {
    "nothing": Rival("nothing", "all effects are zero, so that it meets what was not found and nothing else", nothing),
    "signs": Rival(
        "signs alone",
        "every relation that somebody expects is a small effect (r = 0.10, or 0.10 SD) with the expected sign, in "
        "both roles, at once and for good; where something was found it is told the sign found, so that it is half a "
        "list of answers",
        signs,
    ),
    "regression": Rival(
        "regression",
        "each outcome a linear function of other answers, with published sizes between people and the study's own "
        "table of what is claimed and known; no dynamics, no network",
        regression,
    ),
    "no_network": Rival(
        "no network", "the model with all ties cut, and what people see of others centred anew", no_network
    ),
    "no_cascade": Rival(
        "no cascade", "the model with all that is claimed carried out, known and used well", no_cascade
    ),
}
ALL: Mapping[str, Rival] = {MODEL: Rival("the model", "the model as it stands", evidence), **RIVALS}
"""The model and its rivals."""
