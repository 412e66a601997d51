"""Rival explanations of why employers' answers are unrelated to health, each as parameters that can be corrected.

A corrected parameter is one with which measures lose nothing for that reason. In a *lossless* world all parameters are
corrected: each claimed measure is carried out, communicated, known, used, used well and lasting, and answers have no
bias. Only the effect of a measure on its users remains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, Field

from sim.calibration.point_estimate import merged
from sim.config.settings import StudySettings, read_settings
from sim.engine.plan import Plan, validate_value, value_of
from sim.errors import UserError, instead, invalid
from sim.language.discovery import mechanisms
from sim.language.grammar import Mechanism
from sim.levers.measure import KINDS, Measure
from sim.survey.instruments import INSTRUMENTS

Parameter = tuple[str, str]
"""Owner and name of a parameter."""
TIMES = ("word_lost", "own_initiative", "not_used", "used_wrongly", "wearing_off", "amount")
"""Multiples of what the model assumes."""
OF_MEASURES = ("hoops",)
"""Parameters of measures that get the same value in every measure of the study."""
NO_EFFECT, SELECTION = "no_effect", "unheard_and_silent"
"""The explanations that the page describes by name. The settings must contain them."""
_KINDS_HEARD = ("training", *(kind.removesuffix("_and_contact") for kind in KINDS if kind != "training"))
HEARING = tuple(f"{role}_{kind}" for role in ("managers", "others") for kind in _KINDS_HEARD)
"""Shares of a role who hear of a kind of measure. The loss of communication is their distance to 1."""


@dataclass(frozen=True)
class Reach:
    """Values of a parameter: corrected, and where the explanation is weakest and strongest."""

    corrected: float
    weakest: float
    strongest: float

    def at(self, strength: float) -> float:
        """Return the value at a strength from 0 (weakest) to 1 (strongest)."""
        between = self.weakest + strength * (self.strongest - self.weakest)
        low, high = sorted((self.weakest, self.strongest))
        return min(max(between, low), high)  # rounding must not lead out of the range


@dataclass(frozen=True)
class Explanation:
    """One explanation, its prior probability, and the reach of each parameter that it changes."""

    name: str
    label: str
    description: str
    prior: float
    moves: Mapping[Parameter, Reach]


@dataclass(frozen=True)
class World:
    """Assumptions of one world."""

    on: Mapping[str, bool]  # by explanation
    reading: int  # way of counting mismatches that the cascade is fitted to: 1 any difference, 2 claimed but not known
    parameters: Mapping[Parameter, float]  # that differ from the plan
    amounts: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """Effect of full use by measure and condition. The plan's own amount applies where it is left out."""


# -- worlds -----------------------------------------------------------------------------------------------------------


def with_on(explanations: Sequence[Explanation], strengths: Mapping[str, float]) -> World:
    """Return a world with these explanations on at strengths from 0 to 1, and every other one corrected.

    Without strengths the world is lossless.
    """
    by_parameter = {(one.name, own): strengths[one.name] for one in explanations if one.name in strengths
                    for own in one.moves}  # fmt: skip
    return World({one.name: one.name in strengths for one in explanations}, 1, _parameters(explanations, by_parameter))


def corrected(explanations: Sequence[Explanation], name: str, reading: int = 1) -> World:
    """Return the world of the plan with one explanation corrected, or with none if the name is empty."""
    parameters = {own: reach.corrected for one in explanations if one.name == name for own, reach in one.moves.items()}
    return World({one.name: one.name != name for one in explanations}, reading, parameters)


def draw_world(
    explanations: Sequence[Explanation],
    measures: Sequence[Measure],
    works: Sequence[float],
    second_reading: float,
    random: np.random.Generator,
) -> World:
    """Return a world from the prior.

    `works` is the smallest and the largest effect of measures, as a multiple of amounts that are drawn from their
    ranges; `second_reading` is the prior probability of the second way of counting.
    """
    on = {one.name: bool(random.random() < one.prior) for one in explanations}
    reading = 2 if random.random() < second_reading else 1
    strengths = {(one.name, own): random.random() for one in explanations for own in one.moves}
    parameters = _parameters(explanations, {key: strength for key, strength in strengths.items() if on[key[0]]})
    smallest, largest = works
    factor = smallest + (largest - smallest) * random.random()
    parameters["times", "amount"] = parameters.get(("times", "amount"), 1.0) * factor
    amounts = {
        (measure.name, condition): shift.low + (shift.high - shift.low) * random.random()
        for measure in measures
        if measure.in_study
        for condition, shift in sorted(measure.shifts.items())
    }
    return World(on, reading, parameters, amounts)


def _parameters(
    explanations: Sequence[Explanation], strengths: Mapping[tuple[str, Parameter], float]
) -> dict[Parameter, float]:
    """Return all parameters. If two explanations change one, the value farther from the corrected one counts."""
    values: dict[Parameter, float] = {}
    for one in explanations:
        for own, reach in one.moves.items():
            strength = strengths.get((one.name, own))
            value = reach.corrected if strength is None else reach.at(strength)
            if own not in values or abs(value - reach.corrected) > abs(values[own] - reach.corrected):
                values[own] = value
    return values


# -- plans ------------------------------------------------------------------------------------------------------------


def plan_of(plan: Plan, world: World, replicate: int) -> Plan:
    """Return the plan with the parameters of a world and the people and random numbers of a replicate."""
    by_owner: dict[str, dict[str, float]] = {"times": {}, "cascade": {}}
    for (owner, name), value in world.parameters.items():
        by_owner.setdefault(owner, {})[name] = value
    times = by_owner.pop("times")
    by_owner.pop("measures", None)
    by_owner["cascade"] |= _cascade_parameters(plan, times)
    parameters = merged(plan.parameters, by_owner)
    invented = parameters.get("interview", {}).get("desirability", 0.0)
    measures = tuple(
        _measure(measure, world, times, invented) if measure.in_study else measure for measure in plan.measures
    )
    return replace(plan, parameters=parameters, measures=measures, replicate=replicate)


def _cascade_parameters(plan: Plan, times: Mapping[str, float]) -> dict[str, float]:
    """Return hearing and own initiative as multiples of those of the plan, within their ranges."""
    values = {name: 1 - times.get("word_lost", 1.0) * (1 - value_of(plan, "cascade", name)) for name in HEARING}
    values["own_initiative"] = times.get("own_initiative", 1.0) * value_of(plan, "cascade", "own_initiative")
    ranges = mechanisms()["cascade"].parameter_metadata()
    return {name: float(np.clip(value, ranges[name].low, ranges[name].high)) for name, value in values.items()}


def _measure(measure: Measure, world: World, times: Mapping[str, float], invented: float) -> Measure:
    """Return the measure in this world. Invented claims are subtracted, so that employers claim as much as in 2022."""
    factor, faster = times.get("amount", 1.0), times.get("wearing_off", 1.0)
    shifts = {
        condition: replace(shift, amount=factor * world.amounts.get((measure.name, condition), shift.amount))
        for condition, shift in measure.shifts.items()
    }
    return replace(
        measure,
        study={**measure.study, "employer": max(measure.study["employer"] - invented, 0.0) / (1 - invented)},
        shifts=shifts,
        use=_with_loss(measure.use, times.get("not_used", 1.0)),
        well=_with_loss(measure.well, times.get("used_wrongly", 1.0)),
        fades_in=measure.fades_in / faster if faster else 0.0,
        hoops=world.parameters.get(("measures", "hoops"), measure.hoops),
    )


def _with_loss(share: float, times: float) -> float:
    """Return a share after its loss, the distance to 1, is multiplied."""
    return float(np.clip(1 - times * (1 - share), 0, 1))


# -- settings ---------------------------------------------------------------------------------------------------------

_GROUP = "vanishing.explanations"


def _three(values: list[float]) -> list[float]:
    if len(values) != 3:
        raise ValueError("three numbers: corrected, weakest, strongest")
    return values


def _some(moves: dict[str, Any]) -> dict[str, Any]:
    if not any(moves.values()):
        raise ValueError("at least one parameter, as in {cascade: {carried_out: [1, 0.9, 0.6]}}")
    return moves


class _Entry(StudySettings):
    """One entry of `vanishing.explanations`; `conf/study/vanishing_measures.yaml` explains it."""

    label: str
    description: str = Field(alias="says")
    prior: float = Field(gt=0, lt=1)
    moves: Annotated[dict[str, dict[str, Annotated[list[float], AfterValidator(_three)]]], AfterValidator(_some)]


def explanations_of(entries: Mapping[str, Any]) -> tuple[Explanation, ...]:
    """Return the explanations of the settings; raise UserError for an invalid entry."""
    explanations = tuple(_explanation(name, entry) for name, entry in entries.items())
    values: dict[Parameter, float] = {}
    for one in explanations:
        for own, reach in one.moves.items():
            if values.setdefault(own, reach.corrected) != reach.corrected:
                accepted = f"{values[own]:g} as the first number, as in another explanation"
                where = f"{_GROUP}.{one.name}.moves.{'.'.join(own)}"
                raise UserError(invalid(where, f"{reach.corrected:g}", accepted))
    return explanations


def _explanation(name: str, entry: Any) -> Explanation:
    own = read_settings(f"{_GROUP}.{name}", _Entry, entry)
    reaches = {(owner, parameter): values for owner, group in own.moves.items() for parameter, values in group.items()}
    for (owner, parameter), values in reaches.items():
        _check_parameter(f"{_GROUP}.{name}.moves.{owner}.{parameter}", owner, parameter, values)
    moves = {parameter: Reach(*map(float, values)) for parameter, values in reaches.items()}
    return Explanation(name, own.label, own.description, own.prior, moves)


def _check_parameter(where: str, owner: str, name: str, values: Sequence[float]) -> None:
    known = {"times": TIMES, "measures": OF_MEASURES}.get(owner)
    if known is None:
        owners = _owners()
        if owner not in owners:
            raise UserError(f"Unknown setting: {where}. {instead(owner, (*owners, 'times', 'measures'))}")
        for value in values:
            validate_value(owners[owner](), name, value, where)
    elif name not in known:
        raise UserError(f"Unknown setting: {where}. {instead(name, known)}")
    elif min(values) < 0 or (owner == "measures" and max(values) > 1):
        accepted = "shares from 0 to 1" if owner == "measures" else "multiples of 0 or more"
        raise UserError(invalid(where, values, accepted))


def _owners() -> dict[str, type[Mechanism]]:
    return {**mechanisms(), **INSTRUMENTS}
