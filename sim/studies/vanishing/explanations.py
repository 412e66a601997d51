"""Rival explanations of why what employers report relates to nobody's health, each as numbers that can be put right.

A number put right is one with which measures lose nothing on that count. With all of them put right the world is
*perfect*: what is claimed is taken, told, known, used and used well, it lasts, and everybody answers plainly. What
remains is how much a measure does for those who use it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sim.engine.plan import Plan, validate_value
from sim.errors import UserError, as_written, instead, is_number
from sim.language.discovery import mechanisms
from sim.language.grammar import Mechanism
from sim.levers.measure import KINDS, Measure
from sim.survey.instruments import INSTRUMENTS

Number = tuple[str, str]
"""Whose number it is, and its name."""
TIMES = ("word_lost", "own_initiative", "not_used", "used_wrongly", "wearing_off", "amount")
"""What may be moved in multiples of what the model assumes."""
OF_MEASURES = ("hoops",)
"""What may be set alike for every measure of the study."""
NO_EFFECT, SELECTION = "no_effect", "unheard_and_silent"
"""The explanations that the study itself speaks of; the others may be any."""
_KINDS_HEARD = ("training", *(kind.removesuffix("_and_contact") for kind in KINDS if kind != "training"))
HEARING = tuple(f"{role}_{kind}" for role in ("managers", "others") for kind in _KINDS_HEARD)
"""Shares of a role who come to know a kind of measure: what is lost of word is what they lack to 1."""


@dataclass(frozen=True)
class Reach:
    """A number put right, and where the explanation holds at its weakest and at its strongest."""

    right: float
    weakest: float
    strongest: float

    def at(self, strength: float) -> float:
        """The number so far (0 to 1) on the way from weakest to strongest."""
        between = self.weakest + strength * (self.strongest - self.weakest)
        low, high = sorted((self.weakest, self.strongest))
        return min(max(between, low), high)  # rounding must not lead out of the range


@dataclass(frozen=True)
class Explanation:
    """One explanation: `prior` is the chance that it is on, `moves` what it is made of."""

    name: str
    label: str
    says: str
    prior: float
    moves: Mapping[Number, Reach]


@dataclass(frozen=True)
class World:
    """What one world assumes.

    on        explanation -> whether it holds
    reading   which reading of the counts of mismatches the cascade is fitted to: 1 any difference, 2 claimed, not known
    numbers   the numbers that differ from the plan
    amounts   (measure, condition) -> what full use of a measure moves; the plan's own where left out
    """

    on: Mapping[str, bool]
    reading: int
    numbers: Mapping[Number, float]
    amounts: Mapping[tuple[str, str], float] = field(default_factory=dict)


# -- worlds -----------------------------------------------------------------------------------------------------------


def perfect(explanations: Sequence[Explanation]) -> World:
    """Every explanation off."""
    return with_on(explanations, {})


def with_on(explanations: Sequence[Explanation], strengths: Mapping[str, float], reading: int = 1) -> World:
    """These explanations on at these strengths (0 to 1), every other one put right."""
    own = {(name, number): strength for name, strength in strengths.items() for number in _moves(explanations, name)}
    return World(_flags(explanations, strengths), reading, _numbers(explanations, own))


def put_right(explanations: Sequence[Explanation], name: str, reading: int = 1) -> World:
    """The world as the plan has it, with one explanation put right; an empty name puts nothing right."""
    numbers = {number: reach.right for number, reach in _moves(explanations, name).items()} if name else {}
    return World({one.name: one.name != name for one in explanations}, reading, numbers)


def drawn(
    explanations: Sequence[Explanation],
    measures: Sequence[Measure],
    works: Sequence[float],
    second_reading: float,
    chance: np.random.Generator,
) -> World:
    """A world from the prior: what is on, how strongly each of its numbers is, and what measures do for their users."""
    on = {one.name: bool(chance.random() < one.prior) for one in explanations}
    reading = 2 if chance.random() < second_reading else 1
    strengths = {(one.name, number): chance.random() for one in explanations for number in one.moves}
    numbers = _numbers(explanations, {key: strength for key, strength in strengths.items() if on[key[0]]})
    least, most = works
    factor = least + (most - least) * chance.random()
    numbers["times", "amount"] = numbers.get(("times", "amount"), 1.0) * factor
    amounts = {
        (measure.name, condition): shift.low + (shift.high - shift.low) * chance.random()
        for measure in measures
        if measure.in_study
        for condition, shift in sorted(measure.shifts.items())
    }
    return World(on, reading, numbers, amounts)


def _moves(explanations: Sequence[Explanation], name: str) -> Mapping[Number, Reach]:
    return next(one.moves for one in explanations if one.name == name)


def _flags(explanations: Sequence[Explanation], on: Mapping[str, float]) -> dict[str, bool]:
    return {one.name: one.name in on for one in explanations}


def _numbers(explanations: Sequence[Explanation], strengths: Mapping[tuple[str, Number], float]) -> dict[Number, float]:
    """All numbers; of those that two explanations move, the one farther from right counts."""
    numbers: dict[Number, float] = {}
    for one in explanations:
        for number, reach in one.moves.items():
            strength = strengths.get((one.name, number))
            value = reach.right if strength is None else reach.at(strength)
            farther = number not in numbers or abs(value - reach.right) > abs(numbers[number] - reach.right)
            if farther:
                numbers[number] = value
    return numbers


# -- plans ------------------------------------------------------------------------------------------------------------


def plan_of(plan: Plan, world: World, replicate: int) -> Plan:
    """The plan with a world's numbers, people and chance."""
    parameters = {process: dict(own) for process, own in plan.parameters.items()}
    times = {name: value for (owner, name), value in world.numbers.items() if owner == "times"}
    for (owner, name), value in world.numbers.items():
        if owner not in ("times", "measures"):
            parameters.setdefault(owner, {})[name] = value
    parameters["cascade"] = {**parameters.get("cascade", {}), **_of_cascade(plan, times)}
    invented = parameters.get("interview", {}).get("desirability", 0.0)
    measures = tuple(
        _measure(measure, world, times, invented) if measure.in_study else measure for measure in plan.measures
    )
    return replace(plan, parameters=parameters, measures=measures, replicate=replicate)


def _of_cascade(plan: Plan, times: Mapping[str, float]) -> dict[str, float]:
    """Hearing and own initiative in multiples of what the plan has, within their ranges."""
    heard = {name: 1 - times.get("word_lost", 1.0) * (1 - value_in(plan, "cascade", name)) for name in HEARING}
    itself = {"own_initiative": times.get("own_initiative", 1.0) * value_in(plan, "cascade", "own_initiative")}
    passports = mechanisms()["cascade"].parameter_metadata()
    return {n: float(np.clip(v, passports[n].low, passports[n].high)) for n, v in {**heard, **itself}.items()}


def value_in(plan: Plan, process: str, name: str) -> float:
    """A parameter as the plan has it."""
    return float(plan.parameters.get(process, {}).get(name, getattr(_kinds()[process](), name)))


def _measure(measure: Measure, world: World, times: Mapping[str, float], invented: float) -> Measure:
    """The measure as this world has it; what employers invent is taken off, so that they say what they said in 2022."""
    factor = times.get("amount", 1.0)
    shifts = {
        condition: replace(shift, amount=factor * world.amounts.get((measure.name, condition), shift.amount))
        for condition, shift in measure.shifts.items()
    }
    faster = times.get("wearing_off", 1.0)
    return replace(
        measure,
        study={**measure.study, "employer": max(measure.study["employer"] - invented, 0.0) / (1 - invented)},
        shifts=shifts,
        use=_kept(measure.use, times.get("not_used", 1.0)),
        well=_kept(measure.well, times.get("used_wrongly", 1.0)),
        fades_in=measure.fades_in / faster if faster else 0.0,
        hoops=world.numbers.get(("measures", "hoops"), measure.hoops),
    )


def _kept(share: float, lost: float) -> float:
    """A share of which so many times as much is lost as usual."""
    return float(np.clip(1 - lost * (1 - share), 0, 1))


# -- as they stand in the settings ------------------------------------------------------------------------------------


def explanations_of(given: Mapping[str, Any]) -> tuple[Explanation, ...]:
    """Read `vanishing.explanations`; raises UserError naming the entry that cannot be."""
    if not given:
        raise UserError("vanishing.explanations is empty; name at least one")
    read = tuple(_explanation(name, entries) for name, entries in given.items())
    rights: dict[Number, float] = {}
    for one in read:
        for number, reach in one.moves.items():
            if rights.setdefault(number, reach.right) != reach.right:
                raise UserError(
                    f"{_where(one.name)}.moves puts {'.'.join(number)} right at {reach.right:g}, another explanation "
                    f"at {rights[number]:g}; a number is right in one way"
                )
    return read


def _where(name: str) -> str:
    return f"vanishing.explanations.{name}"


def _explanation(name: str, entries: Any) -> Explanation:
    where = _where(name)
    needed = {"label", "says", "prior", "moves"}
    if not isinstance(entries, Mapping) or set(entries) != needed:
        raise UserError(f"{where} needs {', '.join(sorted(needed))}, and nothing else")
    prior = entries["prior"]
    if not is_number(prior) or not 0 < prior < 1:
        raise UserError(f"{where}.prior is {as_written(prior)}; a chance between 0 and 1 is right")
    if not isinstance(entries["moves"], Mapping) or not entries["moves"]:
        raise UserError(
            f"{where}.moves is empty; name a number, as in moves: {{cascade: {{carried_out: [1, 0.9, 0.6]}}}}"
        )
    moves = {
        (owner, number): _reach(f"{where}.moves.{owner}.{number}", owner, number, values)
        for owner, numbers in entries["moves"].items()
        for number, values in numbers.items()
    }
    return Explanation(name, str(entries["label"]), str(entries["says"]), float(prior), moves)


def _reach(where: str, owner: str, number: str, values: Any) -> Reach:
    if not isinstance(values, list | tuple) or len(values) != 3 or not all(map(is_number, values)):
        raise UserError(f"{where} is {as_written(values)}; three numbers are right: put right, weakest, strongest")
    _check_number(where, owner, number, values)
    return Reach(*map(float, values))


def _check_number(where: str, owner: str, number: str, values: Sequence[float]) -> None:
    known = {"times": TIMES, "measures": OF_MEASURES}.get(owner)
    if known is not None:
        if number not in known:
            raise UserError(f"{where} does not exist {instead(number, known)}")
        shares = owner == "measures"
        if min(values) < 0 or (shares and max(values) > 1):
            right = "shares from 0 to 1" if shares else "multiples from 0 on"
            raise UserError(f"{where} is {as_written(list(values))}; {right} are right")
        return
    kinds = _kinds()
    if owner not in kinds:
        raise UserError(f"{where}: nothing is called '{owner}' {instead(owner, (*kinds, 'times', 'measures'))}")
    for value in values:
        validate_value(kinds[owner](), number, value, where)


def _kinds() -> dict[str, type[Mechanism]]:
    return {**mechanisms(), **INSTRUMENTS}
