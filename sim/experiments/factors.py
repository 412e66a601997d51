"""Factors that a design varies, named as on the command line, and plans of the rows of a design.

A factor is a number within a range, or a choice among options. Numbers of mechanisms, instruments and measures have
their own ranges. A switch is a choice of 0 and 1; a family of levers or the scenario is a choice of its options.
`dose.<scenario>` is the share of employers that take a policy, `strength.<scenario>` a factor of its intensity.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.config import composition, explicit_settings, plan_builder, scenario_choice, study_settings
from sim.config.overrides import format_override
from sim.engine.plan import BASELINE, Plan, registry_of, required_measures
from sim.errors import UserError, as_written, invalid, is_number, unknown
from sim.language.grammar import ParameterMetadata
from sim.levers.measure import FAMILIES
from sim.levers.scenario import Introduction, Scenario, check_horizon, combine_scenarios, scale_scenario
from sim.survey.instruments import INSTRUMENTS

if TYPE_CHECKING:
    from omegaconf import DictConfig

POLICY = "policy"
"""Name of the scenario that the levers of a row form."""
_DOSES = {"dose": (0.0, 1.0), "strength": (0.0, 2.0)}
_NO_FACTORS = (
    "workers", "output", "engine", "title", "study", "hydra", "replicates", "draws", "fit", "report", "interview",
    *study_settings.OF_STUDIES,
)  # fmt: skip
_CHOICES = (*FAMILIES, "scenario")
_OF_VISITS = "interview."
"""Prefix of parameters of visits, on which no run depends."""
_SOLVED = ("centred", "fitted", "definition")
"""Sources of parameters that are not assumptions, since they are solved for or set by definition."""


@dataclass(frozen=True)
class Factor:
    """A number from `low` to `high` in `unit`, or one of `options`, that a design varies."""

    name: str
    low: float = 0.0
    high: float = 1.0
    unit: str = ""
    options: tuple[Any, ...] = ()

    def at(self, shares: np.ndarray) -> np.ndarray:
        """Return the values at these shares (0 to 1) of the range, from the lowest value or first option."""
        if not self.options:
            between = self.low + (self.high - self.low) * np.asarray(shares, float)
            return np.clip(between, self.low, self.high)  # rounding must not lead out of the range
        place = np.minimum((np.asarray(shares) * len(self.options)).astype(int), len(self.options) - 1)
        values: np.ndarray = np.array(self.options, dtype=object)[place]
        return values

    def steps(self, count: int) -> np.ndarray:
        """Return this many values from the lowest to the highest, or all options of a choice."""
        return np.array(self.options, dtype=object) if self.options else self.at(np.linspace(0, 1, count))


# -- selection of factors ---------------------------------------------------------------------------------------------


def choose(selection: Any, plan: Plan, fixed: Collection[str] = ()) -> tuple[Factor, ...]:
    """Return the selected factors in the order of the selection, each once.

    Parameters
    ----------
    selection : str, list or mapping
        Names, patterns such as `mechanisms.recovery.*`, and groups: assumed, sourced, fitted (all without switches),
        switches, amounts (of the shifts of the measures that the plan introduces), levers. A mapping may add to each
        its values: `[low, high]`, a list of options, or null for its whole range.
    plan : Plan
        Plan whose numbers can vary.
    fixed : collection of str
        Parameters that no group or pattern includes; only their own names select them.

    Raises
    ------
    UserError
        For an unknown name, and for a range outside that of the factor.
    """
    listed = [selection] if isinstance(selection, str) else selection
    if not isinstance(listed, Mapping | list | tuple):
        raise UserError(invalid("design.factors", selection, "names, as in design.factors=[switches]"))
    spans = listed if isinstance(listed, Mapping) else dict.fromkeys(map(str, listed))
    spans_by_name = {str(name): span for name, span in spans.items()}
    groups = _groups(plan)
    names_asked = [one for name in spans_by_name for one in groups.get(name, [name])]
    known = _known(plan, [name for name in _CHOICES if any(fnmatchcase(name, pattern) for pattern in names_asked)])
    factors: dict[str, Factor] = {}
    for name, span in spans_by_name.items():
        names = groups[name] if name in groups else [n for n in known if fnmatchcase(n, name)] or [name]
        for one in [n for n in names if n == name or n not in fixed]:
            if one not in factors or span is not None:
                factors[one] = _spanned(known.get(one) or _other_factor(one, span, known, groups), span)
    if not factors:
        accepted = "names, as in [switches,mechanisms.recovery.*], or a scenario whose measures have amounts"
        raise UserError(invalid("design.factors", selection, accepted, "It selects no factor."))
    return tuple(factors.values())


def with_every_measure(plan: Plan) -> Plan:
    """Return the plan with every measure introduced, so that the parameters of all measures can vary."""
    introduced = tuple(Introduction(measure.name) for measure in plan.measures)
    return replace(plan, scenarios=(BASELINE, Scenario("every_measure", "policy", introduced)))


def _known(plan: Plan, choices: Sequence[str]) -> dict[str, Factor]:
    """Return all factors by name, with only these choices, since looking up their options takes time."""
    numbers = {
        name: _number(name, metadata)
        for name, (_, metadata) in numbers_with_metadata(plan).items()
        if not name.startswith(_OF_VISITS)
    }
    amounts = {
        f"measures.{measure.name}.{condition}": Factor(
            f"measures.{measure.name}.{condition}", shift.low, shift.high, registry.quantities[condition].unit
        )
        for registry in [registry_of(plan)]
        for measure in plan.measures
        for condition, shift in measure.shifts.items()
    }
    own = {
        name: Factor(name, unit="share")
        for measure in plan.measures
        for name in (f"measures.{measure.name}.{n}" for n in ("use", "hoops", "well", "transition"))
    }
    lever_choices = {name: Factor(name, options=composition.options(name)) for name in choices}
    doses = {
        f"{kind}.{name}": Factor(f"{kind}.{name}", low, high, "share of employers" if kind == "dose" else "times")
        for kind, (low, high) in _DOSES.items()
        for name in scenario_choice.scenario_names()
        if name != BASELINE.name
    }
    return {**numbers, **amounts, **own, **lever_choices, **doses}


def _number(name: str, metadata: ParameterMetadata) -> Factor:
    if metadata.is_switch:
        return Factor(name, unit="switch", options=(0.0, 1.0))
    return Factor(name, metadata.low, metadata.high, metadata.unit)


def numbers_with_metadata(plan: Plan) -> dict[str, tuple[float, ParameterMetadata]]:
    """Return the value and the metadata of every parameter of mechanisms, levers in use and instruments, by name."""
    registry = registry_of(plan)
    owners = {f"mechanisms.{m.process()}": m for m in (*registry.mechanisms.values(), *registry.levers.values())}
    numbers = {
        f"{where}.{name}": (getattr(owner, name), metadata)
        for where, owner in owners.items()
        for name, metadata in owner.parameter_metadata().items()
    }
    return numbers | {
        f"{instrument}.{name}": (plan.parameters.get(instrument, {}).get(name, getattr(kind(), name)), metadata)
        for instrument, kind in INSTRUMENTS.items()
        for name, metadata in kind.parameter_metadata().items()
    }


def _groups(plan: Plan) -> dict[str, list[str]]:
    ranged = {
        name: metadata
        for name, (_, metadata) in numbers_with_metadata(plan).items()
        if metadata.low < metadata.high and not name.startswith(_OF_VISITS)
    }
    open_ones = {name: of for name, of in ranged.items() if not set(of.source.split()) & set(_SOLVED)}
    introduced = frozenset().union(*(scenario.measures for scenario in plan.scenarios))
    return {
        "assumed": [n for n, metadata in open_ones.items() if metadata.assumed and not metadata.is_switch],
        "sourced": [n for n, metadata in open_ones.items() if not metadata.assumed and not metadata.is_switch],
        "fitted": [n for n, metadata in ranged.items() if "fitted" in metadata.source.split()],
        "switches": [n for n, metadata in open_ones.items() if metadata.is_switch],
        "amounts": [
            f"measures.{measure.name}.{condition}"
            for measure in required_measures(plan)
            if measure.name in introduced
            for condition, shift in measure.shifts.items()
            if shift.low < shift.high
        ],
        "levers": list(FAMILIES),
    }


def _other_factor(name: str, span: Any, known: Mapping[str, Factor], groups: Mapping[str, Any]) -> Factor:
    """Return a factor for any other setting, which needs a list of values."""
    top = name.split(".")[0]
    if top in _NO_FACTORS:
        raise UserError(f"Invalid factor: {name}, which changes no run. Set it as in {name}=<value>.")
    if top in (*explicit_settings.TOPS, *_DOSES, *FAMILIES) or span is None:
        raise UserError(unknown("factor", name, [*groups, *_CHOICES, *known]))
    return Factor(name)


def _spanned(factor: Factor, span: Any) -> Factor:
    """Return the factor over these values: a lower and a higher number, or options."""
    if span is None:
        return factor
    if not isinstance(span, list | tuple) or not span:
        raise UserError(invalid(factor.name, span, "[low, high] or a list of options"))
    for value in span:
        if isinstance(value, Mapping | list | tuple):
            raise UserError(f"Invalid option for factor {factor.name}: {as_written(value)}. Use texts and numbers.")
        if factor.options and value not in factor.options:
            raise UserError(invalid(factor.name, value, map(as_written, factor.options)))
        if factor.unit and not factor.options and not (is_number(value) and factor.low <= value <= factor.high):
            accepted = f"{factor.low:g} to {factor.high:g} {factor.unit}".rstrip()
            raise UserError(invalid(factor.name, value, accepted))
    numbers = all(map(is_number, span))
    if factor.options or not factor.unit or not numbers or len(span) != 2:
        return replace(factor, options=tuple(float(value) if factor.unit else value for value in span))
    low, high = map(float, span)
    if not low < high:
        raise UserError(invalid(factor.name, span, "a lower and a higher number"))
    return replace(factor, low=low, high=high)


# -- plans of rows ----------------------------------------------------------------------------------------------------


class DesignContext:
    """A composed configuration with its overrides, which the rows of a design change.

    Attributes
    ----------
    plan : Plan
        Plan without any change.
    fixed : frozenset of str
        Parameters that a user has set or an organisation has counted, which draws and groups do not change.
    explicit : frozenset of str
        Settings that the overrides name.
    """

    def __init__(self, cfg: DictConfig, overrides: Sequence[str] | None = None):
        self._overrides = composition.overrides_of(cfg) if overrides is None else tuple(overrides)
        self.plan = plan_builder.build_plan(cfg, self._overrides)
        self.fixed = explicit_settings.fixed_parameters(cfg, self._overrides)
        self.explicit = frozenset(explicit_settings.in_overrides(self._overrides))
        self._composed = cache(self._compose)
        self._at_doses = cache(self._dosed)

    def at(self, row: Mapping[str, Any], replicate: int = 0) -> Plan:
        """Return the plan of a row, a mapping of factors to values; raise UserError for an invalid value."""
        numbers: dict[str, float] = {}
        doses: list[tuple[str, str, float]] = []
        others: list[tuple[str, Any]] = []
        for name, value in row.items():
            top, _, rest = name.partition(".")
            if explicit_settings.is_parameter_name(name):
                numbers[name] = float(value)
            elif top in _DOSES:
                doses.append((top, rest, float(value)))
            else:
                others.append((name, value))
        plan = self._composed(tuple(others)) if others else self.plan
        if doses:
            levers = [scenario for scenario in plan.scenarios[1:] if scenario.name == POLICY]
            policy = combine_scenarios(POLICY, [*levers, *self._at_doses(tuple(doses))])
            plan = replace(plan, scenarios=(plan.scenarios[0], policy))
        return replace(plan_builder.with_values(plan, numbers), replicate=replicate)

    def check_policies(self, columns: Iterable[str]) -> None:
        """Raise UserError where the rows define a policy, which would replace the one that a user has chosen."""
        tops = {name.partition(".")[0] for name in columns}
        levers, doses = tops & set(_CHOICES), tops & set(_DOSES)
        lost = {"scenarios"} if levers else {"scenarios", *_CHOICES} if doses else set()
        for name in sorted(self.explicit):
            if name.partition(".")[0] in lost:
                factors = ", ".join(sorted(levers | doses))
                raise UserError(
                    f"Conflicting settings: {name} and a policy in each row from {factors}. Leave {name} out, or name "
                    "it as a factor."
                )

    def _compose(self, settings: tuple[tuple[str, Any], ...]) -> Plan:
        own = [f"{name}={format_override(value)}" for name, value in settings]
        makes_policy = any(name in (*FAMILIES, "scenario") for name, _ in settings)
        listed = "scenarios=" if makes_policy else ()
        overrides = [*(override for override in self._overrides if not override.startswith(listed)), *own]
        plan = plan_builder.build_plan(composition.compose(*overrides), overrides)
        if not makes_policy:
            return plan
        policy = plan.scenarios[-1] if len(plan.scenarios) > 1 else replace(BASELINE, kind="policy")
        return replace(plan, scenarios=(plan.scenarios[0], replace(policy, name=POLICY)))

    def _dosed(self, doses: tuple[tuple[str, str, float], ...]) -> list[Scenario]:
        """Return the policies of a row, each at its dose and its strength."""
        known = numbers_with_metadata(self.plan)
        defaults = {name.removeprefix("mechanisms."): value for name, (value, _) in known.items()}
        own: dict[str, dict[str, float]] = {}
        for kind, name, value in doses:
            own.setdefault(name, {})["share" if kind == "dose" else "strength"] = value
        for name, amounts in own.items():
            check_horizon(scenario_choice.scenario_named(name), self.plan.weeks)
            self._check_strength(name, amounts.get("strength", 1.0))
        return [scale_scenario(scenario_choice.scenario_named(name), defaults, **one) for name, one in own.items()]

    def _check_strength(self, name: str, strength: float) -> None:
        """Raise UserError for a strength of a policy with a measure that employers already have."""
        if strength in (0.0, 1.0):
            return
        in_study = {measure.name for measure in self.plan.measures if measure.in_study}
        if present := sorted(scenario_choice.scenario_named(name).measures & in_study):
            raise UserError(
                f"Invalid factor: strength.{name}. It would also change {present[0]} where employers have it already. "
                f"Use dose.{name}, the share of employers that take it, or a policy of new measures."
            )
