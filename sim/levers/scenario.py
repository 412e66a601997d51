"""A scenario: which measures are introduced or withdrawn, and which settings change, from which week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sim.errors import UserError, as_written, is_number, is_whole
from sim.levers.entries import check_entries, check_number, check_share, check_text, entries_of
from sim.levers.measure import FAMILIES

SCENARIO_KINDS = ("baseline", "policy", "counterfactual")
_OPTION = ("text", "kind", "measures", "withdrawn", "settings", "from_week", "until_week")
_MOST_INTENSE = 2.0
_MEASURES = "measures: {breaks: {start: 0}}"
_WITHDRAWN = "withdrawn: [breaks]"
_SETTINGS = "settings: {recovery: {breaks_a_day: 4}}"


@dataclass(frozen=True)
class Introduction:
    """A measure taken by `share` of the establishments from week `start` until before week `end` (None: for good).

    `intensity` multiplies what the measure moves; `use`, `hoops` and `well` replace the measure's own where given.
    """

    measure: str
    start: int = 0
    end: int | None = None
    share: float = 1.0
    intensity: float = 1.0
    use: float | None = None
    hoops: float | None = None
    well: float | None = None


@dataclass(frozen=True)
class Setting:
    """A parameter that has another value from week `start` until before week `end`."""

    process: str
    parameter: str
    value: float
    start: int = 0
    end: int | None = None


@dataclass(frozen=True)
class Scenario:
    """Deltas from the practice of 2022."""

    name: str
    kind: str
    introduced: tuple[Introduction, ...] = ()
    withdrawn: tuple[str, ...] = ()
    settings: tuple[Setting, ...] = ()
    text: str = ""
    measures: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "measures", frozenset(i.measure for i in self.introduced))


def read_scenario(name: str, config: Mapping[str, Any], measures: Sequence[str]) -> Scenario:
    """Make a scenario of its `kind`, its `text` and what its lever families introduce, withdraw and set.

    Raises UserError for an unknown kind, measure or entry, and for a share, week or number that cannot be.
    """
    where = f"scenario {name}"
    check_entries(where, config, ("kind", "text", *FAMILIES))
    kind, text = config.get("kind"), config.get("text") or ""
    if kind not in SCENARIO_KINDS:
        raise UserError(f"{where}: kind is '{as_written(kind)}'; one of {', '.join(SCENARIO_KINDS)}")
    check_text(where, "text", text)
    options = {
        f"{where}, {family}": entries_of(where, family, config.get(family), f"{family}: {{{_MEASURES}}}")
        for family in FAMILIES
    }
    for here, option in options.items():
        _check_option(here, option)
    introduced = [i for here, option in options.items() for i in _introduced(here, option, measures)]
    withdrawn = [w for here, option in options.items() for w in _withdrawn(here, option, measures)]
    settings = [s for here, option in options.items() for s in _settings(here, option)]
    _check_once(where, [i.measure for i in introduced], withdrawn)
    return Scenario(name, kind, tuple(introduced), tuple(withdrawn), tuple(settings), text)


def scale_scenario(
    scenario: Scenario, defaults: Mapping[str, float], share: float = 1.0, strength: float = 1.0
) -> Scenario:
    """The scenario as `share` of the employers take it, with its measures `strength` times as strong.

    Settings, which hold everywhere, go `share` times `strength` of the way from their default to their value, and never
    beyond. `defaults` maps <process>.<parameter> to its value in force. Raises UserError for a scenario that withdraws
    a measure, which cannot be done by halves.
    """
    if scenario.withdrawn:
        raise UserError(f"scenario {scenario.name} withdraws {scenario.withdrawn[0]}, which cannot be done by halves")
    way = min(share * strength, 1.0)
    introduced = tuple(
        replace(one, share=one.share * share, intensity=min(one.intensity * strength, _MOST_INTENSE))
        for one in scenario.introduced
        if way > 0
    )
    settings = tuple(
        replace(one, value=usual + way * (one.value - usual))
        for one in scenario.settings
        for usual in [defaults[f"{one.process}.{one.parameter}"]]
        if way > 0
    )
    return replace(scenario, introduced=introduced, settings=settings)


def combine_scenarios(name: str, scenarios: Sequence[Scenario]) -> Scenario:
    """All these scenarios at once; of a measure that two introduce, and a parameter that two set, the last counts."""
    introduced = {one.measure: one for scenario in scenarios for one in scenario.introduced}
    settings = {(one.process, one.parameter): one for scenario in scenarios for one in scenario.settings}
    withdrawn = dict.fromkeys(measure for scenario in scenarios for measure in scenario.withdrawn)
    kinds = {scenario.kind for scenario in scenarios}
    return Scenario(
        name,
        "counterfactual" if "counterfactual" in kinds else "policy",
        tuple(introduced[measure] for measure in sorted(introduced)),
        tuple(withdrawn),
        tuple(settings.values()),
        " ".join(scenario.text for scenario in scenarios),
    )


def check_horizon(scenario: Scenario, weeks: int) -> None:
    """Raise UserError where a change begins or ends after the last week, so that nobody would see it."""
    changes: list[Introduction | Setting] = [*scenario.introduced, *scenario.settings]
    for change in changes:
        what = change.measure if isinstance(change, Introduction) else f"{change.process}.{change.parameter}"
        if change.start >= weeks:
            raise UserError(
                f"scenario {scenario.name}: {what} starts in week {change.start} and the run has {weeks} weeks; "
                f"a week from 0 to {weeks - 1} is right"
            )
        if change.end is not None and change.end > weeks:
            raise UserError(
                f"scenario {scenario.name}: {what} ends in week {change.end} and the run has {weeks} weeks; "
                f"a week up to {weeks} is right, or null for good"
            )


def _check_option(where: str, option: Mapping[str, Any]) -> None:
    check_entries(where, option, _OPTION)
    check_text(where, "text", option.get("text") or "")
    if option.get("kind") not in (None, *SCENARIO_KINDS[1:]):
        raise UserError(f"{where}: kind is '{option['kind']}'; one of {', '.join(SCENARIO_KINDS[1:])}, or left out")


def _check_once(where: str, introduced: Sequence[str], withdrawn: Sequence[str]) -> None:
    for measure in introduced:
        if introduced.count(measure) > 1:
            raise UserError(f"{where}: {measure} is introduced by two lever families; name it in one")
        if measure in withdrawn:
            raise UserError(f"{where}: {measure} is both introduced and withdrawn; one of the two is right")


def _known(where: str, measure: str, measures: Sequence[str]) -> str:
    if measure not in measures:
        raise UserError(f"{where}: measure '{measure}' is unknown; known are {', '.join(measures)}")
    return measure


def _introduced(where: str, option: Mapping[str, Any], measures: Sequence[str]) -> list[Introduction]:
    taken = entries_of(where, "measures", option.get("measures"), _MEASURES)
    return [_introduction(where, _known(where, measure, measures), details) for measure, details in taken.items()]


def _introduction(where: str, measure: str, details: Any) -> Introduction:
    entries = entries_of(where, measure, details, _MEASURES)
    here = f"{where}, {measure}"
    check_entries(here, entries, set(Introduction.__dataclass_fields__) - {"measure"})
    check_share(here, "share", entries.get("share", 1.0))
    check_number(here, "intensity", entries.get("intensity", 1.0), least=0, most=_MOST_INTENSE)
    for entry in ("use", "hoops", "well"):
        if entries.get(entry) is not None:
            check_share(here, entry, entries[entry])
    _check_weeks(here, entries, "start", "end")
    return Introduction(measure, **entries)


def _withdrawn(where: str, option: Mapping[str, Any], measures: Sequence[str]) -> list[str]:
    names = option.get("withdrawn") or []
    if not isinstance(names, list | tuple):
        raise UserError(f"{where}: withdrawn is {as_written(names)}; a list is right, as in {_WITHDRAWN}")
    return [_known(where, measure, measures) for measure in names]


def _settings(where: str, option: Mapping[str, Any]) -> list[Setting]:
    """Written as `settings: {<process>: {<parameter>: <value>}}`, with one `from_week` and `until_week` for all."""
    start, end = _check_weeks(where, option, "from_week", "until_week")
    settings = [
        Setting(process, parameter, _value(f"{where}, settings", process, parameter, value), start, end)
        for process, parameters in entries_of(where, "settings", option.get("settings"), _SETTINGS).items()
        for parameter, value in entries_of(f"{where}, settings", process, parameters, _SETTINGS).items()
    ]
    if not settings and (start, end) != (0, None):
        raise UserError(f"{where}: from_week and until_week are for settings; a measure has a start and an end")
    return settings


def _value(where: str, process: str, parameter: str, value: Any) -> float:
    """The value of a parameter; a switch may be written as true or false."""
    if not is_number(value) and not isinstance(value, bool):
        raise UserError(f"{where}: {process}.{parameter} is {as_written(value)}; a number is right")
    return float(value)


def _check_weeks(where: str, entries: Mapping[str, Any], first: str, last: str) -> tuple[int, int | None]:
    """When a change begins and ends: whole weeks one after the other, the last one null for good."""
    start, end = entries.get(first, 0), entries.get(last)
    _check_week(where, first, start)
    if end is None:
        return start, None
    _check_week(where, last, end)
    if end <= start:
        raise UserError(f"{where}: {first} is {start} and {last} is {end}; a later week is right, or null for good")
    return start, end


def _check_week(where: str, name: str, week: Any) -> None:
    if not is_whole(week) or week < 0:
        raise UserError(f"{where}: {name} is {as_written(week)}; a whole week from 0 on is right")
