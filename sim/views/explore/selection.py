"""A choice in the explorer, and its three equivalent forms: settings of the command line, a link and a command.

A link is checked like any other input: names must exist, numbers must be in range, and the work is at most `MAX_WORK`.
It never contains a path or code.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache
from typing import Any

from sim.config import composition, default_settings
from sim.config.overrides import format_override
from sim.errors import UserError, is_whole
from sim.levers.measure import FAMILIES
from sim.words import LANGUAGES, Words

TODAY = "practice_2022"
"""The option of every family of levers that changes nothing."""
VERSION = "1"
BURN_IN = 52
FEWEST, MOST = 12, 100
"""Replicates of the largest organisations and of small ones."""
FIRST_STAGE = 8
"""Replicates after which the page shows its first answer."""
MAX_WORK = 900_000
"""Person-weeks of one replicate in one world: 5,750 people for two years and a burn-in of one."""
_TOTAL_WORK = 100 * 500 * 156
_MAX_LINK = 2_000
_MAX_NUMBERS = 12
_FEW = 8
ANCHOR_DAYS = "mechanisms.anchor_days.days"
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_FORMS = {"number": r"-?\d{1,9}(\.\d{1,6})?(e-?\d)?", "whole": r"\d{1,9}"}
_RANGES = {
    "employees": (20, 5_000), "team_size": (3, 12), "weeks": (26, 260), "seed": (1, 1_000_000), "question": (1, 10),
    "at_home": (0, 100),
}  # fmt: skip


class SelectionError(UserError):
    """An error in a choice or a link, in the language of the reader."""

    def __init__(self, key: str, **values: Any) -> None:
        self._key, self._values = key, values
        super().__init__(self.text(Words()))

    def text(self, words: Words) -> str:
        """Return the error in one line."""
        return words(f"explore.mistake.{self._key}", **self._values)


@dataclass(frozen=True)
class PolicySelection:
    """A policy and the organisation in which it is simulated.

    Attributes
    ----------
    levers : mapping of str to str
        Option by family, where it is not today's practice.
    measures : mapping of str to float
        Other measures of the study with the share of employers that take them, 0-1; for a single organisation the
        probability of taking them.
    numbers : mapping of str to float
        Values of assumptions by their names on the command line.
    at_home : int or None
        Percentage of employees who can work at home; None: as in the Netherlands.
    in_place : tuple of str or None
        Measures of the study that the organisation already has; None: drawn as in 2022.
    persons : str or None
        Name of an uploaded organisation in memory; it is never part of a link.
    """

    language: str = "en"
    question: int | None = None
    levers: Mapping[str, str] = field(default_factory=dict)
    measures: Mapping[str, float] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    employees: int = 500
    team_size: int = 8
    at_home: int | None = None
    in_place: tuple[str, ...] | None = None
    weeks: int = 104
    seed: int = 1
    persons: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Sort the values; raise UserError for unknown names and values out of range."""
        levers = {family: self.levers[family] for family in FAMILIES if self.levers.get(family, TODAY) != TODAY}
        _check_known("lever", self.levers, FAMILIES)
        object.__setattr__(self, "levers", levers)
        for name in ("measures", "numbers"):
            object.__setattr__(self, name, dict(sorted(getattr(self, name).items())))
        if self.in_place is not None:
            object.__setattr__(self, "in_place", tuple(sorted(set(self.in_place))))
        _check(self)

    # -- settings of the command line -------------------------------------------------------------------------------

    @property
    def scenario(self) -> str | None:
        """The named scenario with exactly these levers, if any."""
        names = (name for name, levers in presets().items() if levers == self.levers)
        return None if self.measures or not self.levers else next(names, None)

    @property
    def in_levers(self) -> set[str]:
        """The measures that its levers introduce."""
        return {name for family, option in self.levers.items() for name in measures_in(family, option)}

    @property
    def changes_nothing(self) -> bool:
        """True if it is today's practice."""
        return not (self.levers or self.measures)

    @property
    def overrides(self) -> tuple[str, ...]:
        """The settings of the command line without the number of replicates."""
        return (*self._firm(), *self._policy(), *self._assumed(), f"weeks={self.weeks}", f"seed={self.seed}")

    def _firm(self) -> list[str]:
        if self.persons is not None:
            return ["firm=own", f"firm.persons={format_override(self.persons)}"]
        staff = ["firm=one", f"firm.employees={self.employees}", f"firm.team_size={self.team_size}"]
        at_home = [] if self.at_home is None else [f"firm.shares={{may_work_from_home: {self.at_home / 100:g}}}"]
        return [*staff, *at_home]

    def _policy(self) -> list[str]:
        levers = [f"{family}={option}" for family, option in self.levers.items()]
        levers = [f"scenario={self.scenario}"] if self.scenario else levers
        added = [f"+adoption.measures.{name}.share={share:g}" for name, share in self.measures.items()]
        return [*levers, *added] or [f"{FAMILIES[0]}={TODAY}"]

    def _assumed(self) -> list[str]:
        own = [f"{name}={value:g}" for name, value in self.numbers.items()]
        return own if self.in_place is None else [*own, f"in_place=[{','.join(self.in_place)}]"]

    @property
    def most_replicates(self) -> int:
        """The number of replicates: fewer for larger organisations and longer periods."""
        return min(max(_TOTAL_WORK // self.work, FEWEST), MOST)

    @property
    def work(self) -> int:
        """Person-weeks of one replicate in one world."""
        return self.employees * (self.weeks + BURN_IN)

    def command(self, replicates: int) -> str:
        """Return the command that computes the same; an uploaded organisation is a file there."""
        public = replace(self, persons="persons.csv") if self.persons else self
        words = ("hybridwork", "run", *public.overrides, f"replicates={replicates}")
        return " ".join(word if re.fullmatch(r"[\w.=+-]+", word) else shlex.quote(word) for word in words)

    # -- the link --------------------------------------------------------------------------------------------------

    @property
    def query(self) -> dict[str, str]:
        """The query of the link, which `choice_of` reads; an uploaded file is not part of it."""
        usual = PolicySelection()
        values = {
            "v": VERSION,
            "language": self.language,
            "question": "" if self.question is None else str(self.question),
            **self.levers,
            "measures": _pairs(self.measures),
            "numbers": _pairs(self.numbers),
            **{name: str(getattr(self, name)) for name in _NUMBERS if getattr(self, name) != getattr(usual, name)},
            "in_place": "" if self.in_place is None else ",".join(self.in_place) or "none",
        }
        return {name: value for name, value in values.items() if value}


_NUMBERS = ("employees", "team_size", "at_home", "weeks", "seed")
_KEYS = ("v", "language", "question", *FAMILIES, "measures", "numbers", *_NUMBERS, "in_place")


def choice_of(query: Mapping[str, str]) -> PolicySelection:
    """Return the choice of a link; raise SelectionError for a link that the page would not write."""
    if sum(len(name) + len(value) for name, value in query.items()) > _MAX_LINK:
        raise SelectionError("long", most=_MAX_LINK)
    _check_known("part", query, _KEYS)
    if not query:
        return PolicySelection()
    if query.get("v") != VERSION:
        raise SelectionError("version", version=_harmless(query.get("v", "–")), right=VERSION)
    values: dict[str, Any] = {
        name: int(_written("whole", name, query[name])) for name in (*_NUMBERS, "question") if name in query
    }
    if "in_place" in query:
        values["in_place"] = () if query["in_place"] == "none" else tuple(query["in_place"].split(","))
    return PolicySelection(
        language=query.get("language", "en"),
        levers={family: query[family] for family in FAMILIES if family in query},
        measures=_read_pairs("measures", query.get("measures", "")),
        numbers=_read_pairs("numbers", query.get("numbers", "")),
        **values,
    )


def _pairs(numbers: Mapping[str, float]) -> str:
    return ",".join(f"{name}:{value:g}" for name, value in numbers.items())


def _read_pairs(where: str, text: str) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for part in filter(None, text.split(",")):
        name, colon, value = part.partition(":")
        if not colon or not _NAME.fullmatch(name):
            raise SelectionError("pair", where=where, part=_harmless(part))
        numbers[name] = float(_written("number", where, value))
    return numbers


def _written(kind: str, where: str, text: str) -> str:
    if not re.fullmatch(_FORMS[kind], text):
        raise SelectionError(kind, where=where, text=_harmless(text))
    return text


def _harmless(text: str) -> str:
    """Return a text from a link, shortened and without characters of markup."""
    return re.sub(r"[^\w .:+-]", "?", text)[:30]


# -- checks ----------------------------------------------------------------------------------------------------------


def _check(choice: PolicySelection) -> None:
    _check_known("language", [choice.language], LANGUAGES)
    for name, (least, most) in _RANGES.items():
        value = getattr(choice, name)
        if value is not None and not (is_whole(value) and least <= value <= most):
            raise SelectionError("range", name=name, value=_harmless(str(value)), least=least, most=most)
    if choice.work > MAX_WORK:
        raise SelectionError("work", employees=choice.employees, weeks=choice.weeks)
    for family, option in choice.levers.items():
        _check_known("option", [option], options_of(family), family)
    _check_measures(choice)
    _check_numbers(choice.numbers)


def _check_measures(choice: PolicySelection) -> None:
    known = study_measures()
    _check_known("measure", [*choice.measures, *(choice.in_place or ())], known)
    for name, share in choice.measures.items():
        if not 0 < share <= 1:
            raise SelectionError("share", name=name, share=f"{share:g}")
        if name in choice.in_levers:
            raise SelectionError("twice", name=name)


def _check_numbers(numbers: Mapping[str, float]) -> None:
    if len(numbers) > _MAX_NUMBERS:
        raise SelectionError("many", count=len(numbers), most=_MAX_NUMBERS)
    known = assumptions()
    _check_known("assumption", numbers, known)
    for name, value in numbers.items():
        least, most = known[name]
        if not least <= value <= most:
            raise SelectionError("range", name=name, value=f"{value:g}", least=f"{least:g}", most=f"{most:g}")


def _check_known(what: str, names: Iterable[Any], known: Iterable[str], of: str = "") -> None:
    for name in names:
        if name not in known:
            text = _harmless(str(name))
            near = get_close_matches(text, list(known)) or list(known)[:_FEW]
            raise SelectionError(f"unknown.{what}", name=text, known=", ".join(near), of=of)


# -- options and ranges ------------------------------------------------------------------------------------------------


@cache
def options_of(family: str) -> tuple[str, ...]:
    """Return the options of a family of levers."""
    return composition.options(family)


@cache
def study_measures() -> tuple[str, ...]:
    """Return the 15 measures of the 2022 study."""
    return tuple(measure.name for measure in default_settings.measures() if measure.in_study)


@cache
def presets() -> dict[str, dict[str, str]]:
    """Return the levers of each named scenario, by family."""
    scenarios: dict[str, dict[str, str]] = {}
    for path in sorted((default_settings.conf_folder() / "scenario").glob("*.yaml")):
        changes = default_settings.read_yaml(path).get("defaults") or ()
        options = {str(group).removeprefix("override /"): str(own) for one in changes for group, own in one.items()}
        if options:
            scenarios[path.stem] = {family: options[family] for family in FAMILIES if family in options}
    return scenarios


@cache
def assumptions() -> dict[str, tuple[float, float]]:
    """Return the range of every number that may be changed, by its name on the command line."""
    ranges = {
        f"mechanisms.{process}.{name}": (metadata.low, metadata.high)
        for process, kind in default_settings.mechanism_types().items()
        for name, metadata in kind.parameter_metadata().items()
    }
    for measure in default_settings.measures():
        ranges |= {f"measures.{measure.name}.{name}": (0.0, 1.0) for name in ("use", "hoops", "well")}
        ranges |= {f"measures.{measure.name}.{name}": (shift.low, shift.high) for name, shift in measure.shifts.items()}
    return ranges


@cache
def measures_in(family: str, option: str) -> tuple[str, ...]:
    """Return the measures that an option of a family introduces."""
    path = default_settings.conf_folder() / family / f"{option}.yaml"
    return tuple(default_settings.read_yaml(path).get("measures") or ()) if path.is_file() else (option,)
