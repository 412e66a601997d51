"""Plans of a composed configuration, and of overrides given from Python."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from sim.config import explicit_settings
from sim.config.composition import compose, overrides_of, own_folders
from sim.config.default_settings import groups, measures, mechanism_types
from sim.config.error_messages import user_errors
from sim.config.explicit_settings import check_counts, fixed_parameters, set_parameters
from sim.config.overrides import format_override, read_overrides
from sim.config.posterior_draws import draws
from sim.config.provenance import OVERRIDES
from sim.config.scenario_choice import scenarios_of
from sim.config.study_settings import (
    OF_STUDIES,
    POSTERIOR,
    SETTINGS,
    as_group,
    calendar_of,
    check_names,
    check_overrides,
    group_of,
    read_dataclass,
    settings_of,
)
from sim.engine.plan import Plan, registry_of, validate_value
from sim.errors import UserError, instead, invalid, unknown
from sim.language.grammar import Mechanism
from sim.levers.measure import Measure, measure_parameters, with_measure_parameters
from sim.levers.scenario import check_horizon
from sim.outcomes.unread import unread_parameters, unread_traits
from sim.survey.instruments import INSTRUMENTS
from sim.world.establishments import check_options
from sim.world.firm import FirmOptions
from sim.world.own_organisation import columns_of


def plan(*overrides: str, replicate: int = 0, **options: Any) -> Plan:
    """Return the plan of one run.

    Parameters
    ----------
    *overrides : str
        Settings as on the command line, such as `"firm=one"`.
    replicate : int
        Number of the replicate, from 0, which determines people and random numbers.
    **options
        Settings as keywords, with a dot written as two underscores: `firm__employees=300`.

    Returns
    -------
    Plan
        Plan for `sim.run`.

    Raises
    ------
    UserError
        For an unknown setting or name, and a value out of range.

    Examples
    --------
    >>> import sim
    >>> sim.plan("firm=one", seed=3, firm__employees=300, scenario="right_to_disconnect").firm.people
    300
    """
    with user_errors():
        words = _with_keywords(overrides, options)
        cfg = compose(*words)
        result = build_plan(cfg, words)
        _check_single(explicit_settings.in_overrides(words))
        _warn_of_unread(cfg, words)
        return replace(result, replicate=replicate)


def _check_single(settings: Mapping[str, Any]) -> None:
    """Raise UserError for a setting that needs several replicates."""
    if settings.get("fit") == POSTERIOR or settings.get("draws") == POSTERIOR:
        raise UserError(invalid("fit", POSTERIOR, "plans(...), or fit=point", "A single plan has no draw."))
    if "replicates" in settings:
        raise UserError("Invalid setting: replicates. A single plan has no replicates. Use plans(...) or replicate=3.")


def plans(*overrides: str, **options: Any) -> list[Plan]:
    """Return the plans of all replicates of a comparison.

    Parameters
    ----------
    *overrides, **options
        Settings as in `plan`, and `replicates`. Each replicate has its own posterior draw unless `fit="point"`.

    Returns
    -------
    list of Plan
        One plan per replicate. `sim.studies.scenarios.compare` returns the tables of these plans.

    Raises
    ------
    UserError
        For an unknown setting or name, a value out of range, and where no scenario differs from the baseline.
    """
    with user_errors():
        words = _with_keywords(overrides, options)
        cfg = compose(*words)
        result = build_plans(cfg, words)
        _warn_of_unread(cfg, words)
        return result


def _warn_of_unread(cfg: DictConfig, overrides: Sequence[str]) -> None:
    note = unread_note(cfg, overrides)
    if note is not None:
        warnings.warn(note, stacklevel=3)


def _with_keywords(overrides: Sequence[str], options: Mapping[str, Any]) -> tuple[str, ...]:
    settings = (f"{setting_of(keyword)}={format_override(value)}" for keyword, value in options.items())
    return tuple(read_overrides((*overrides, *settings), groups()))


def setting_of(keyword: str) -> str:
    """Return the setting of a Python keyword: two underscores stand for a dot."""
    return keyword.replace("__", ".")


def build_plans(cfg: DictConfig, overrides: Sequence[str] | None = None) -> list[Plan]:
    """Return one plan per replicate of a comparison; raise UserError without a scenario beside the baseline."""
    return list(replicates_of(cfg, overrides))


def replicates_of(cfg: DictConfig, overrides: Sequence[str] | None = None) -> Iterator[Plan]:
    """Yield the plan of each replicate, with `fit=posterior` each with another posterior draw.

    Values set by a user or counted in an organisation are the same in every draw. With more replicates than draws,
    draws are used again with other people and random numbers. Raises UserError where there is nothing to compare.
    """
    first = build_plan(cfg, overrides)
    if len(first.scenarios) < 2:
        raise UserError("Missing scenario to compare with the baseline. Use one, as in scenario=anchor_days.")
    count = settings_of(cfg).replicates
    rows = draws_of(cfg, overrides, count)
    for number in range(count):
        plan_of_draw = with_values(first, rows[number % len(rows)]) if rows else first
        yield replace(plan_of_draw, replicate=number)


def draws_of(
    cfg: DictConfig, overrides: Sequence[str] | None = None, most: int | None = None
) -> list[dict[str, float]]:
    """Return the first `most` posterior draws of a study, without values that a user has set or counted.

    Empty with the point estimate.
    """
    if settings_of(cfg).draws is None:
        return []
    fixed, table = fixed_parameters(cfg, overrides), draws()
    columns = [name for name in table.columns if name not in fixed]
    return list(table[columns].head(len(table) if most is None else most).to_dict("records"))


def unread_settings(cfg: DictConfig, overrides: Sequence[str] | None = None) -> list[str]:
    """Return the settings and factors of a user on which no outcome depends; `overrides` as in `build_plan`."""
    firm = read_dataclass("firm", FirmOptions, cfg.firm)
    factors = OmegaConf.select(cfg, "design.factors")
    explicit = set(set_parameters(cfg, overrides)) | {f"firm.shares.{name}" for name in firm.shares or {}}
    explicit |= {str(name) for name in factors} if OmegaConf.is_config(factors) else set()
    columns = [] if firm.persons is None else columns_of(firm.persons)
    if firm.sector is not None:
        explicit.add("firm.sector")
    if not explicit and not columns:
        return []
    registry = registry_of(build_plan(cfg, overrides))
    traits = unread_traits(registry)
    unread = {"firm.sector", *unread_parameters(registry), *(f"firm.shares.{name}" for name in traits)}
    unread_columns = [f"column '{name}' of {Path(str(firm.persons)).name}" for name in columns if name in traits]
    return [*sorted(explicit & unread), *unread_columns]


def unread_note(cfg: DictConfig, overrides: Sequence[str] | None = None) -> str | None:
    """Return one line that lists `unread_settings`; None where there are none."""
    names = unread_settings(cfg, overrides)
    if not names:
        return None
    these = "this" if len(names) == 1 else "these"
    return f"{', '.join(names)}: no equation reads {these}. Results do not change, except for who counts in a group."


def build_plan(cfg: DictConfig, overrides: Sequence[str] | None = None) -> Plan:
    """Return the plan of a study's first replicate; raise UserError for an invalid setting.

    `overrides` are by default those that the composed configuration lists.
    """
    words = overrides_of(cfg) if overrides is None else overrides
    check_overrides(words)
    settings = settings_of(cfg)
    firm = read_dataclass("firm", FirmOptions, cfg.firm)
    check_options(firm)
    result = Plan(
        measures=measures_of(cfg),
        scenarios=scenarios_of(cfg, words),
        firm=firm,
        parameters=parameters_of(cfg),
        weeks=settings.weeks,
        burn_in=settings.burn_in,
        seed=settings.seed,
        engine=settings.engine,
        calendar=calendar_of(cfg),
        overrides=tuple(words),
    )
    check_names("", cfg, (*SETTINGS, *OF_STUDIES, OVERRIDES))
    check_counts(cfg, firm, words)
    registry_of(result)
    for scenario in result.scenarios:
        check_horizon(scenario, result.weeks)
    return result


def parameters_of(cfg: DictConfig) -> dict[str, dict[str, float]]:
    """Return the values of parameters that differ from their default, by process and name.

    Raises UserError for an unknown process or parameter, and for a value out of range.
    """
    kinds = mechanism_types()
    different = {name: _different(name, kind(), group_of(cfg, name)) for name, kind in INSTRUMENTS.items()}
    for process, settings in group_of(cfg, "mechanisms").items():
        if process not in kinds:
            raise UserError(unknown("mechanism", process, kinds))
        where = f"mechanisms.{process}"
        different[process] = _different(where, kinds[process](), as_group(where, settings))
    return {process: values for process, values in different.items() if values}


def measures_of(cfg: DictConfig) -> tuple[Measure, ...]:
    """Return every measure with the values of a study; raise UserError for an unknown name or value out of range."""
    known = {measure.name: measure for measure in measures(*own_folders())}
    for name, settings in group_of(cfg, "measures").items():
        if name not in known:
            raise UserError(unknown("measure", name, known))
        own = measure_parameters(known[name])
        changed = {n: v for n, v in as_group(f"measures.{name}", settings).items() if own.get(n) != v}
        if changed:
            known[name] = with_measure_parameters(known[name], changed)
    claimed = settings_of(cfg).in_place
    return tuple(known.values()) if claimed is None else _in_place(known, claimed, cfg)


def _in_place(known: Mapping[str, Measure], claimed: Sequence[str], cfg: DictConfig) -> tuple[Measure, ...]:
    """Return the measures of an organisation that states which measures of the 2022 study it has."""
    names = [name for name, measure in known.items() if measure.in_study]
    if cfg.firm.get("kind") == "study":
        raise UserError("Invalid setting: in_place, since firm=study has many organisations. Use firm=one or firm=own.")
    for name in claimed:
        if name not in names:
            raise UserError(invalid("in_place", name, names, "It takes measures of the 2022 study."))
    shares = {name: {**known[name].study, "employer": float(name in claimed)} for name in names}
    return tuple(replace(measure, study=shares.get(name, measure.study)) for name, measure in known.items())


def _different(where: str, mechanism: Mechanism, settings: Mapping[str, Any]) -> dict[str, float]:
    metadata = mechanism.parameter_metadata()
    for name in settings:
        if name not in metadata:
            raise UserError(f"Unknown parameter: {where}.{name}. {instead(name, metadata)}")
    within = {name: validate_value(mechanism, name, value, f"{where}.{name}") for name, value in settings.items()}
    return {name: value for name, value in within.items() if value != getattr(mechanism, name)}


def with_values(plan: Plan, numbers: Mapping[str, float]) -> Plan:
    """Return the plan with these values of parameters, by name.

    Raises UserError for an unknown measure or parameter of a measure, and for an amount out of range. Parameters of
    mechanisms are checked when the plan is simulated.
    """
    known = {measure.name: measure for measure in plan.measures}
    parameters = {process: dict(own) for process, own in plan.parameters.items()}
    amounts: dict[str, dict[str, float]] = {}
    for name, value in numbers.items():
        top, _, rest = name.partition(".")
        if top in INSTRUMENTS:
            parameters.setdefault(top, {})[rest] = float(value)
            continue
        owner, _, own = rest.partition(".")
        group = parameters if top == "mechanisms" else amounts
        group.setdefault(owner, {})[own] = float(value)
    for owner, own_amounts in amounts.items():
        if owner not in known:
            raise UserError(unknown("measure", owner, known))
        known[owner] = with_measure_parameters(known[owner], own_amounts)
    measures = tuple(known.values()) if amounts else plan.measures
    return replace(plan, parameters=parameters, measures=measures)
