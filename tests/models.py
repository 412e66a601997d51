"""Models for tests of the engines: the whole model with four scenarios, and a small model of difficult cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sim.engine import Engine
from sim.engine.plan import BASELINE, EXTERNAL_INPUTS, Plan, registry_of, required_measures
from sim.language.grammar import Lever, Mechanism, adds_to, flow, param, stock, stream, trait
from sim.language.registry import Registry, register
from sim.levers.interventions import InterventionState
from sim.levers.measure import Measure
from sim.levers.scenario import Introduction, Scenario, Setting
from sim.world.establishments import build
from sim.world.firm import FirmOptions
from sim.world.staff import Staff

INTRODUCED = Scenario(
    "introduced", "policy",
    introduced=(
        Introduction("anchor_days", start=0),
        Introduction("right_to_disconnect", start=0, end=2, share=0.6, intensity=0.5, use=0.8, hoops=0.1, well=0.9),
        Introduction("coffee_with_a_random_colleague", start=1),
    ),
)  # fmt: skip
WITHDRAWN = Scenario("withdrawn", "policy", withdrawn=("conversations", "breaks"))
SET = Scenario(
    "set", "policy",
    introduced=(Introduction("anchor_days", start=0),),
    settings=(
        Setting("attendance", "fixed_office_days", 2.0, start=1, end=3),
        Setting("cascade", "reach", 3.0),
        Setting("anchor_days", "firmness", 0.4, start=2),
    ),
)  # fmt: skip
SCENARIOS = (BASELINE, INTRODUCED, WITHDRAWN, SET)


def small(measures: Sequence[Measure], **options) -> Plan:
    """Return a plan of about 100 people in six establishments."""
    return Plan(tuple(measures), **{"firm": FirmOptions(kind="study", establishments=6, sample=17), **options})


def engine(kind: Callable[..., Engine], plan: Plan, worlds: int = 1, varied=None, registry=None, **options) -> Engine:
    """Return an engine of this kind on the first day of a plan's burn-in."""
    interventions = InterventionState(required_measures(plan), ())
    staff = Staff(build(plan.firm, plan.seed, plan.replicate), interventions.names, plan.replicate)
    return kind(
        registry or registry_of(plan), staff, interventions, plan.calendar, plan.seed, worlds, varied, **options
    )


def varied_parameters(plan: Plan, seed: int, worlds: int) -> dict[tuple[str, str], np.ndarray]:
    """Draw half of all parameters from their ranges, one value per world."""
    rng, registry = np.random.default_rng(seed), registry_of(plan)
    return {
        (process, name): rng.uniform(metadata.low, metadata.high, worlds)
        for process, own in (*registry.mechanisms.items(), *registry.levers.items())
        for name, metadata in own.parameter_metadata().items()
        if rng.random() < 0.5
    }


# -- a model of difficult cases ---------------------------------------------------------------------------------------


def in_module(file: str):
    """Return a decorator that places a class in a module of this name, which is the name of its process."""

    def move(kind):
        kind.__module__ = f"sim.mechanisms.{file}"
        return kind

    return move


@in_module("traps")
@dataclass(frozen=True)
class Traps(Mechanism):
    """Cases in which numpy and scalar arithmetic could differ."""

    slope: float = param(0.3, "sd/sd", "how steep it is", low=0.0, high=1.0, source="assumed")
    share: float = param(0.4, "share", "how much of it there is", low=0.0, high=1.0, source="assumed")

    @trait("sd", stream="gift")
    def gift(self, normal):
        """Own gift."""
        return normal

    @trait("0/1", per="tie", stream="friends")
    def friends(self, uniform, exists):
        """Whether the tie is a friendship."""
        return (uniform < self.share) & (exists > 0)

    @flow("sd", condition=True, stream="demands_of_work")
    def demands_of_work(self, uniform, mood):
        """A condition, truth values in arithmetic, and integers that numpy promotes to float64."""
        rising = (uniform < self.share) + (mood > 1)
        count = (uniform < self.share) * 1 + 2 * (mood <= 0)
        return np.where(rising, count * self.slope / 7, np.abs(mood) - np.sqrt(1 + mood * mood)) * (1 - rising)

    @flow("sd")
    def steep(self, demands_of_work, mood):
        """Minimum, maximum, clip and negation."""
        low = np.minimum(np.maximum(mood, 0), demands_of_work)
        return np.clip(low, -self.slope, 1) + ~(demands_of_work > 0) * self.slope - (-mood) / 2**2

    @flow("sd")
    def sheltered(self, mood, steep):
        """Nested conditions; branches not selected divide by zero or take the root of a negative number."""
        beyond = np.maximum(mood, 1) - 1
        above = np.where(mood > 1, steep / beyond, np.sqrt(mood))
        return np.where(mood >= 0, above, steep / np.minimum(mood, 0))

    @flow("friends")
    def company(self, ties, warmth):
        """Sum over ties."""
        return ties.sum(warmth)

    @flow("sd", per="tie")
    def warmth(self, friends, steep, their_steep, their_mood):
        """Flow over a tie today."""
        return friends * (their_steep - steep) + self.slope * their_mood

    @flow("sd")
    def around(self, ties, steep, affection, warmth):
        """Two aggregations in one equation, one weighted by a stock of a tie."""
        return (1 - ties.mean(steep, affection)) / 2 + 1 / (1 + np.abs(ties.sum(warmth)))

    @flow("sd", condition=True)
    def say_over_hours(self, manager, mood):
        """An aggregation within an equation that a lever may change."""
        return self.slope * manager.of(mood)

    @flow("sd", per="team")
    def spirit(self, team, mood):
        """Mean mood of the team."""
        return team.mean(mood)

    @adds_to("burden", "sd")
    def burden_of_others(self, around, spirit):
        """First contribution."""
        return around * spirit

    @adds_to("burden", "sd")
    def burden_of_one(self, steep):
        """Second contribution."""
        return self.slope * steep

    @stock("sd", per="tie", start=0.5)
    def affection(self, affection, warmth, their_mood):
        """Updated at night from the other person's mood of this morning."""
        return affection + (warmth - affection) / 3 + self.slope * their_mood / 10

    @stock("sd", start="gift", stream="mood")
    def mood(self, mood, company, burden, say_over_hours, normal, working_day):
        """Others read it at night, so it must not change before they have read it."""
        return mood / 2 + self.slope * (company + burden + say_over_hours) / 5 + normal * working_day / 3


@in_module("anchor_days")
@dataclass(frozen=True)
class Rewriting(Lever):
    """A lever that rewrites a flow with its own random numbers."""

    most: float = param(0.5, "sd", "most that there may be", low=0.0, high=1.0, source="assumed")

    @stream("anchor_days.say_over_hours")
    def say_over_hours(self, say_over_hours, dose, uniform):
        """Limited for some people."""
        return np.where(
            (dose > 0) & (uniform < self.most), np.minimum(say_over_hours, self.most * dose), say_over_hours
        )


@in_module("doses")
@dataclass(frozen=True)
class Doses(Mechanism):
    """How measures come into effect in this small model."""

    @stock("share", per="measure", every="week", stream="in_effect")
    def in_effect(self, in_effect, uniform, introduced_share):
        """In effect for more and more people."""
        return np.maximum(in_effect, (uniform < introduced_share) * (in_effect + 1) / 2)

    @stock("share", per="measure", every="week")
    def practised(self, in_effect):
        """The same, one week later."""
        return in_effect


def traps_registry(*more: Mechanism) -> Registry:
    """Return the registry of the small model, with further mechanisms."""
    return register((Traps(), Doses(), *more), (Rewriting(),), EXTERNAL_INPUTS)


def engine_with_traps(kind: Callable[..., Engine], measures: Sequence[Measure], **options) -> Engine:
    """Return the small model on its first day in two worlds, one with the measure that rewrites a flow."""
    plan = small(measures, scenarios=(BASELINE, INTRODUCED))
    varied = {("traps", "slope"): np.array([0.2, 0.9])}
    one = engine(kind, plan, worlds=2, varied=varied, registry=traps_registry(), **options)
    one.run_week(-1)
    return one.with_scenarios(plan.scenarios)
