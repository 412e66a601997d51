"""Scenarios: measures that are introduced or withdrawn, and parameters that change, each from a given week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sim.errors import UserError, instead, invalid, is_number, is_whole
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
    """A measure taken by `share` of the establishments from week `start` until before week `end` (None: no end).

    `intensity` multiplies the effect of the measure; `use`, `hoops` and `well`, if given, replace its own values.
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
    """Differences from the practice of 2022."""

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
    """Read a scenario: its `kind`, its `text`, and what its lever families introduce, withdraw and set.

    Raises UserError for an unknown kind, measure or entry, and for an invalid share, week or number.
    """
    where = f"scenario {name}"
    check_entries(where, config, ("kind", "text", *FAMILIES))
    kind, text = config.get("kind"), config.get("text") or ""
    if kind not in SCENARIO_KINDS:
        raise UserError(invalid(f"kind in {where}", kind, SCENARIO_KINDS))
    check_text(f"text in {where}", text)
    options = {
        f"{where}, {family}": entries_of(f"{family} in {where}", config.get(family), f"{family}: {{{_MEASURES}}}")
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
    """Scale a scenario.

    Parameters
    ----------
    scenario : Scenario
    defaults : mapping of str to float
        <process>.<parameter> to its current value.
    share : float
        Share of the employers that take the measures.
    strength : float
        Factor of the measures' intensity. Settings move by `share` times `strength` from their default towards their
        value, and never beyond it.

    Raises
    ------
    UserError
        For a scenario that withdraws a measure, which cannot be scaled.
    """
    if scenario.withdrawn:
        raise UserError(
            f"Invalid scenario to scale: {scenario.name}. It withdraws {scenario.withdrawn[0]}. Use one that does not."
        )
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
    """Combine scenarios; for a measure or parameter in several of them, the last counts."""
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
    """Raise UserError where a change begins or ends after the last week."""
    changes: list[Introduction | Setting] = [*scenario.introduced, *scenario.settings]
    for change in changes:
        what = change.measure if isinstance(change, Introduction) else f"{change.process}.{change.parameter}"
        if change.start >= weeks:
            raise UserError(
                f"Invalid start of {what} in scenario {scenario.name}: week {change.start} of a run of {weeks} weeks. "
                f"Use week 0 to {weeks - 1}."
            )
        if change.end is not None and change.end > weeks:
            raise UserError(
                f"Invalid end of {what} in scenario {scenario.name}: week {change.end} of a run of {weeks} weeks. "
                f"Use a week up to {weeks}, or null for no end."
            )


def _check_option(where: str, option: Mapping[str, Any]) -> None:
    check_entries(where, option, _OPTION)
    check_text(f"text in {where}", option.get("text") or "")
    if option.get("kind") not in (None, *SCENARIO_KINDS[1:]):
        raise UserError(invalid(f"kind in {where}", option["kind"], f"{' or '.join(SCENARIO_KINDS[1:])}, or null"))


def _check_once(where: str, introduced: Sequence[str], withdrawn: Sequence[str]) -> None:
    for measure in introduced:
        if introduced.count(measure) > 1:
            raise UserError(f"Conflict in {where}: two lever families introduce {measure}. Name it in one.")
        if measure in withdrawn:
            raise UserError(f"Conflict in {where}: {measure} is both introduced and withdrawn. Use one of the two.")


def _known(where: str, measure: str, measures: Sequence[str]) -> str:
    if measure not in measures:
        raise UserError(f"Unknown measure: {measure} in {where}. {instead(measure, measures)}")
    return measure


def _introduced(where: str, option: Mapping[str, Any], measures: Sequence[str]) -> list[Introduction]:
    introduced = entries_of(f"measures in {where}", option.get("measures"), _MEASURES)
    return [_introduction(where, _known(where, measure, measures), details) for measure, details in introduced.items()]


def _introduction(where: str, measure: str, details: Any) -> Introduction:
    entries = entries_of(f"{measure} in {where}", details, _MEASURES)
    here = f"{where}, {measure}"
    check_entries(here, entries, set(Introduction.__dataclass_fields__) - {"measure"})
    check_share(f"share in {here}", entries.get("share", 1.0))
    check_number(f"intensity in {here}", entries.get("intensity", 1.0), least=0, most=_MOST_INTENSE)
    for entry in ("use", "hoops", "well"):
        if entries.get(entry) is not None:
            check_share(f"{entry} in {here}", entries[entry])
    _check_weeks(here, entries, "start", "end")
    return Introduction(measure, **entries)


def _withdrawn(where: str, option: Mapping[str, Any], measures: Sequence[str]) -> list[str]:
    names = option.get("withdrawn") or []
    if not isinstance(names, list | tuple):
        raise UserError(invalid(f"withdrawn in {where}", names, f"a list, as in {_WITHDRAWN}"))
    return [_known(where, measure, measures) for measure in names]


def _settings(where: str, option: Mapping[str, Any]) -> list[Setting]:
    """Read `settings: {<process>: {<parameter>: <value>}}`, with one `from_week` and `until_week` for all."""
    start, end = _check_weeks(where, option, "from_week", "until_week")
    settings = [
        Setting(process, parameter, _value(f"{where}, settings", process, parameter, value), start, end)
        for process, parameters in entries_of(f"settings in {where}", option.get("settings"), _SETTINGS).items()
        for parameter, value in entries_of(f"{process} in {where}, settings", parameters, _SETTINGS).items()
    ]
    if not settings and (start, end) != (0, None):
        raise UserError(f"Missing entry: settings in {where}. from_week and until_week are for settings.")
    return settings


def _value(where: str, process: str, parameter: str, value: Any) -> float:
    """Return the value of a parameter; a switch may be true or false."""
    if not is_number(value) and not isinstance(value, bool):
        raise UserError(invalid(f"{process}.{parameter} in {where}", value, "a number"))
    return float(value)


def _check_weeks(where: str, entries: Mapping[str, Any], first: str, last: str) -> tuple[int, int | None]:
    """Return the first and last week of a change; the last is None for a change without end."""
    start, end = entries.get(first, 0), entries.get(last)
    _check_week(where, first, start)
    if end is None:
        return start, None
    _check_week(where, last, end)
    if end <= start:
        raise UserError(invalid(f"{last} in {where}", end, f"a week after {first} ({start}), or null for no end"))
    return start, end


def _check_week(where: str, name: str, week: Any) -> None:
    if not is_whole(week) or week < 0:
        raise UserError(invalid(f"{name} in {where}", week, "a whole week from 0"))
