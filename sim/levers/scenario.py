"""A scenario: which measures are introduced or withdrawn, and which settings change, from which week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sim.errors import UserError
from sim.levers.measure import FAMILIES

SCENARIO_KINDS = ("baseline", "policy", "counterfactual")


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
    """Make a scenario of a composed configuration: its `kind` and what its lever families introduce and set.

    Raises UserError for an unknown kind, measure or entry, and for a share outside 0 to 1.
    """
    kind = config.get("kind")
    if kind not in SCENARIO_KINDS:
        raise UserError(f"scenario {name}: kind is '{kind}'; one of {', '.join(SCENARIO_KINDS)}")
    introduced: list[Introduction] = []
    withdrawn: list[str] = []
    settings: list[Setting] = []
    for family in FAMILIES:
        option = config.get(family) or {}
        where = f"scenario {name}, {family}"
        introduced += [_introduction(where, m, c, measures) for m, c in (option.get("measures") or {}).items()]
        withdrawn += [_known(where, m, measures) for m in option.get("withdrawn") or ()]
        settings += _settings(where, option)
    twice = {i.measure for i in introduced if sum(j.measure == i.measure for j in introduced) > 1}
    if twice:
        raise UserError(f"scenario {name}: {sorted(twice)[0]} is introduced by two lever families; name it in one")
    return Scenario(name, kind, tuple(introduced), tuple(withdrawn), tuple(settings), config.get("text") or "")


def _known(where: str, measure: str, measures: Sequence[str]) -> str:
    if measure not in measures:
        raise UserError(f"{where}: measure '{measure}' is unknown; known are {', '.join(measures)}")
    return measure


def _introduction(where: str, measure: str, content: Mapping[str, Any] | None, measures: Sequence[str]) -> Introduction:
    _known(where, measure, measures)
    entries = dict(content or {})
    for entry in entries:
        if entry not in Introduction.__dataclass_fields__ or entry == "measure":
            allowed = [e for e in Introduction.__dataclass_fields__ if e != "measure"]
            raise UserError(f"{where}: {measure} has an unknown entry '{entry}'; known are {', '.join(allowed)}")
    for entry in ("share", "use", "hoops", "well"):
        share = entries.get(entry)
        if share is not None and not 0 <= share <= 1:
            raise UserError(f"{where}: {measure}.{entry} is {share}; a share lies between 0 and 1")
    if not 0 <= entries.get("intensity", 1.0) <= 2:
        raise UserError(f"{where}: {measure}.intensity is {entries['intensity']}; between 0 and 2 is right")
    return Introduction(measure, **entries)


def _settings(where: str, option: Mapping[str, Any]) -> list[Setting]:
    """Written as `settings: {<process>: {<parameter>: <value>}}`, with one `from_week` and `until_week` for all."""
    start, end = option.get("from_week") or 0, option.get("until_week")
    return [
        Setting(process, parameter, float(value), start, end)
        for process, parameters in (option.get("settings") or {}).items()
        for parameter, value in parameters.items()
    ]
