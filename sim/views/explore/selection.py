"""A choice: what somebody asks of the explorer. It becomes settings of the command line, a link, and a command.

All three say the same, so that the page and the command agree. A link is checked like any other input: it holds names
that exist and numbers within their ranges, never a path or code, and asks for no more work than `MOST_WORK`.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from sim.errors import UserError
from sim.levers.measure import FAMILIES
from sim.words import LANGUAGES, Words

TODAY = "practice_2022"
"""The option of every family of levers that changes nothing."""
VERSION = "1"
BURN_IN = 52
FEWEST, MOST = 12, 100
"""Replicates that even the largest organisation gets, and that are enough for any."""
FIRST_STAGE = 8
"""Replicates after which the page shows its first answer."""
MOST_WORK = 900_000
"""Person-weeks that one replicate may live in one world: 5,750 people for two years after one."""
_WORK_AT_MOST = 100 * 500 * 156
_LONGEST_LINK = 2_000
_MOST_NUMBERS = 12
_FEW = 8
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_RANGES = {
    "employees": (20, 5_000),
    "team_size": (3, 12),
    "weeks": (26, 260),
    "seed": (1, 1_000_000),
    "question": (1, 10),
    "at_home": (0, 100),
}


class SelectionError(UserError):
    """What is wrong with a choice or a link, and what would be right, in the language of whoever reads it."""

    def __init__(self, key: str, **values: Any) -> None:
        self._key, self._values = key, values
        super().__init__(self.said(Words()))

    def said(self, words: Words) -> str:
        """The one line."""
        return words(f"explore.mistake.{self._key}", **self._values)


@dataclass(frozen=True)
class PolicySelection:
    """What is asked, of whom.

    levers    family -> option, where it is not today's practice
    measures  of the 15 of the study beside them -> share of employers that take it, 0-1; for one organisation the
              chance that it does
    numbers   assumption by its name on the command line -> value
    at_home   percent of employees whose work can be done at home; None: as in the Netherlands
    in_place  measures of the 15 that one's own organisation has already; None: drawn as in 2022
    persons   the name under which an uploaded organisation is held in memory; never from a link and never in one
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
        """Put what was given in one order; raises UserError for whatever does not exist or lies out of range."""
        chosen = {family: self.levers[family] for family in FAMILIES if self.levers.get(family, TODAY) != TODAY}
        _check_known("lever", self.levers, FAMILIES)
        object.__setattr__(self, "levers", chosen)
        for name in ("measures", "numbers"):
            object.__setattr__(self, name, dict(sorted(getattr(self, name).items())))
        if self.in_place is not None:
            object.__setattr__(self, "in_place", tuple(sorted(set(self.in_place))))
        _check(self)

    # -- what it is for the model ----------------------------------------------------------------------------------

    @property
    def scenario(self) -> str | None:
        """The named scenario that these levers are, if they are one and nothing is added."""
        named = [] if self.measures or not self.levers else [n for n, own in presets().items() if own == self.levers]
        return named[0] if named else None

    @property
    def changes_nothing(self) -> bool:
        """Whether it is today's practice and nothing else."""
        return not (self.levers or self.measures)

    @property
    def overrides(self) -> tuple[str, ...]:
        """The settings of the command line, in which only the number of replicates is missing."""
        return (*self._firm(), *self._policy(), *self._assumed(), f"weeks={self.weeks}", f"seed={self.seed}")

    def _firm(self) -> list[str]:
        if self.persons is not None:
            from sim.config.overrides import format_override

            return ["firm=own", f"firm.persons={format_override(self.persons)}"]
        shares = {} if self.at_home is None else {"may_work_from_home": self.at_home / 100}
        shared = [f"firm.shares={{{', '.join(f'{name}: {share:g}' for name, share in shares.items())}}}"]
        staff = [f"firm.employees={self.employees}", f"firm.team_size={self.team_size}"]
        return ["firm=one", *staff, *(shared if shares else [])]

    def _policy(self) -> list[str]:
        levers = [f"{family}={option}" for family, option in self.levers.items()]
        if self.scenario:
            levers = [f"scenario={self.scenario}"]
        added = [f"+adoption.measures.{name}.share={share:g}" for name, share in self.measures.items()]
        return [*levers, *added] or [f"{FAMILIES[0]}={TODAY}"]

    def _assumed(self) -> list[str]:
        own = [f"{name}={value:g}" for name, value in self.numbers.items()]
        return own if self.in_place is None else [*own, f"in_place=[{','.join(self.in_place)}]"]

    @property
    def most_replicates(self) -> int:
        """How many replicates it may get: fewer for larger organisations and longer times."""
        return min(max(_WORK_AT_MOST // self.work, FEWEST), MOST)

    @property
    def work(self) -> int:
        """Person-weeks of one replicate in one world; an uploaded file counts as `employees` says."""
        return self.employees * (self.weeks + BURN_IN)

    def command(self, replicates: int) -> str:
        """The command that computes the same, to copy into a terminal; an uploaded organisation is a file there."""
        shown = replace(self, persons="persons.csv") if self.persons else self
        words = ("hybridwork", "run", *shown.overrides, f"replicates={replicates}")
        return " ".join(word if re.fullmatch(r"[\w.=+-]+", word) else shlex.quote(word) for word in words)

    # -- the link --------------------------------------------------------------------------------------------------

    @property
    def query(self) -> dict[str, str]:
        """The link's query, from which `choice_of` makes the same choice; an uploaded file stays out of it."""
        usual = PolicySelection()
        asked = {
            "v": VERSION,
            "language": self.language,
            "question": "" if self.question is None else str(self.question),
            **self.levers,
            "measures": _pairs(self.measures),
            "numbers": _pairs(self.numbers),
            **{name: str(getattr(self, name)) for name in _NUMBERS if getattr(self, name) != getattr(usual, name)},
            "in_place": "" if self.in_place is None else ",".join(self.in_place) or "none",
        }
        return {name: value for name, value in asked.items() if value}


_NUMBERS = ("employees", "team_size", "at_home", "weeks", "seed")
_KEYS = ("v", "language", "question", *FAMILIES, "measures", "numbers", *_NUMBERS, "in_place")


def choice_of(query: Mapping[str, str]) -> PolicySelection:
    """The choice that a link holds; raises UserError, in one line, for everything that no link of ours holds."""
    if sum(len(name) + len(value) for name, value in query.items()) > _LONGEST_LINK:
        raise SelectionError("long", most=_LONGEST_LINK)
    _check_known("part", query, _KEYS)
    if not query:
        return PolicySelection()
    if query.get("v") != VERSION:
        raise SelectionError("version", version=_told(query.get("v", "–")), right=VERSION)
    given: dict[str, Any] = {name: _whole(name, query[name]) for name in (*_NUMBERS, "question") if name in query}
    if "in_place" in query:
        given["in_place"] = () if query["in_place"] == "none" else tuple(query["in_place"].split(","))
    return PolicySelection(
        language=query.get("language", "en"),
        levers={family: query[family] for family in FAMILIES if family in query},
        measures=_read_pairs("measures", query.get("measures", "")),
        numbers=_read_pairs("numbers", query.get("numbers", "")),
        **given,
    )


def _pairs(numbers: Mapping[str, float]) -> str:
    return ",".join(f"{name}:{value:g}" for name, value in numbers.items())


def _read_pairs(where: str, text: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in filter(None, text.split(",")):
        name, colon, value = part.partition(":")
        if not colon or not _NAME.fullmatch(name):
            raise SelectionError("pair", where=where, part=_told(part))
        found[name] = _number(where, value)
    return found


def _number(where: str, text: str) -> float:
    if not re.fullmatch(r"-?\d{1,9}(\.\d{1,6})?(e-?\d)?", text):
        raise SelectionError("number", where=where, text=_told(text))
    return float(text)


def _whole(where: str, text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text):
        raise SelectionError("whole", where=where, text=_told(text))
    return int(text)


def _told(text: str) -> str:
    """A stranger's text, short and harmless enough to be shown."""
    return re.sub(r"[^\w .:+-]", "?", text)[:30]


# -- checks ----------------------------------------------------------------------------------------------------------


def _check(choice: PolicySelection) -> None:
    _check_known("language", [choice.language], LANGUAGES)
    for name, (least, most) in _RANGES.items():
        value = getattr(choice, name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most):
            raise SelectionError("range", name=name, value=_told(str(value)), least=least, most=most)
    if choice.work > MOST_WORK:
        raise SelectionError("work", employees=choice.employees, weeks=choice.weeks)
    for family, option in choice.levers.items():
        _check_known("option", [option], options_of(family), family)
    _check_measures(choice)
    _check_numbers(choice.numbers)


def _check_measures(choice: PolicySelection) -> None:
    asked = studied()
    _check_known("measure", [*choice.measures, *(choice.in_place or ())], asked)
    for name, share in choice.measures.items():
        if not (0 < share <= 1 and math.isfinite(share)):
            raise SelectionError("share", name=name, share=f"{share:g}")
        if name in _introduced_by(choice.levers):
            raise SelectionError("twice", name=name)


def _check_numbers(numbers: Mapping[str, float]) -> None:
    if len(numbers) > _MOST_NUMBERS:
        raise SelectionError("many", count=len(numbers), most=_MOST_NUMBERS)
    known = assumptions()
    _check_known("assumption", numbers, known)
    for name, value in numbers.items():
        least, most = known[name]
        if not least <= value <= most:
            raise SelectionError("range", name=name, value=f"{value:g}", least=f"{least:g}", most=f"{most:g}")


def _check_known(what: str, names: Iterable[Any], known: Iterable[str], of: str = "") -> None:
    for name in names:
        if name not in known:
            told = _told(str(name))
            near = get_close_matches(told, list(known)) or list(known)[:_FEW]
            raise SelectionError(f"unknown.{what}", name=told, known=", ".join(near), of=of)


# -- what there is ---------------------------------------------------------------------------------------------------


@cache
def options_of(family: str) -> tuple[str, ...]:
    """The options of a family of levers."""
    from sim.config import composition

    return composition.options(family)


@cache
def studied() -> tuple[str, ...]:
    """The 15 measures that the study of 2022 asked about."""
    from sim.config import default_settings

    return tuple(measure.name for measure in default_settings.measures() if measure.in_study)


@cache
def presets() -> dict[str, dict[str, str]]:
    """The named scenarios: the levers of each, by family."""
    from sim.config import default_settings

    found: dict[str, dict[str, str]] = {}
    for path in sorted((default_settings.conf_folder() / "scenario").glob("*.yaml")):
        chosen = {}
        for change in content(path).get("defaults") or ():
            for group, option in change.items():
                chosen[str(group).removeprefix("override /")] = str(option)
        if chosen:
            found[path.stem] = {family: chosen[family] for family in FAMILIES if family in chosen}
    return found


@cache
def assumptions() -> dict[str, tuple[float, float]]:
    """Every number that may be changed, by its name on the command line, with its range."""
    from sim.config import default_settings

    found = {
        f"mechanisms.{process}.{name}": (passport.low, passport.high)
        for process, kind in default_settings.mechanism_types().items()
        for name, passport in kind.parameter_metadata().items()
    }
    for measure in default_settings.measures():
        found |= {f"measures.{measure.name}.{name}": (0.0, 1.0) for name in ("use", "hoops", "well")}
        found |= {f"measures.{measure.name}.{name}": (shift.low, shift.high) for name, shift in measure.shifts.items()}
    return found


def _introduced_by(levers: Mapping[str, str]) -> set[str]:
    """The measures that the options of these levers introduce."""
    return {name for family, option in levers.items() for name in measures_in(family, option)}


@cache
def measures_in(family: str, option: str) -> tuple[str, ...]:
    """The measures that an option of a family introduces."""
    from sim.config import default_settings

    path = default_settings.conf_folder() / family / f"{option}.yaml"
    return tuple(content(path).get("measures") or ()) if path.is_file() else (option,)


def content(path: Path) -> Mapping[str, Any]:
    """The entries of one file of the configuration."""
    import yaml

    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))
