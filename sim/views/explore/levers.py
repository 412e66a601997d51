"""The levers: families, their options, and the measures and evidence behind each.

The options of a family are in the order of occupational hygiene: source, collective, individual.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from omegaconf import OmegaConf

from sim.config import default_settings
from sim.data import rows
from sim.levers.measure import FAMILIES, GRADES, HYGIENE, Measure
from sim.reporting import phrases
from sim.views.explore.selection import TODAY, measures_in, options_of, study_measures
from sim.words import Words

FIRST = ("availability", "social", "ergonomics", "communication", "schedule", "leadership")
"""The six levers at the top of the sidebar; the other families are below "more"."""
MORE = tuple(family for family in FAMILIES if family not in FIRST)
_MARKS = {"assumed": "○", "weak": "◐", "moderate": "◕", "strong": "●"}
_SETTINGS_ONLY = "collective"
"""Level of an option without a measure, which changes settings of the whole organisation."""
ASSUMPTIONS = (
    "mechanisms.availability.norm_loop",
    "mechanisms.availability.over_reading",
    "mechanisms.availability.stickiness",
    "mechanisms.recovery.night",
    "mechanisms.recovery.messaging_holds",
    "mechanisms.recovery.telepressure_direct",
    "mechanisms.isolation.isolation_strains",
    "mechanisms.workload.spiral",
    "mechanisms.resources.relief_of_manager",
    "mechanisms.contact.online",
    "mechanisms.cascade.carried_out",
    "mechanisms.cascade.forgetting",
    "mechanisms.practice.floor",
)
"""Assumptions on the panel: those that users ask about or that change results most. A link can set any other."""


@dataclass(frozen=True)
class Option:
    """One option of a family; `what_if` marks options that no organisation can choose."""

    family: str
    name: str
    measures: tuple[Measure, ...]
    what_if: bool = False

    @property
    def grade(self) -> str:
        """The grade of its weakest measure; an option without measures is assumed."""
        return min((measure.grade for measure in self.measures), key=GRADES.index, default="assumed")

    @property
    def hygiene(self) -> str:
        """The first level at which a measure acts: source, collective or individual."""
        return min((measure.hygiene for measure in self.measures), key=HYGIENE.index, default=_SETTINGS_ONLY)

    @property
    def is_duty(self) -> bool:
        """True if any of its measures is a legal duty of the employer."""
        return any(measure.legal == "duty" for measure in self.measures)

    @property
    def is_today(self) -> bool:
        """True if it changes nothing."""
        return self.name == TODAY

    def label(self, words: Words) -> str:
        """Return its name."""
        return phrases.option_name(self.family, self.name, words)

    def marked(self, words: Words) -> str:
        """Return its name after a mark of its evidence; today's practice and what-if scenarios have no mark."""
        label = self.label(words)
        return label if self.is_today or self.what_if else f"{_MARKS[self.grade]} {label}"


@cache
def family(name: str) -> tuple[Option, ...]:
    """Return the options of a family: today's practice, then from source to individual, what-if scenarios last.

    A measure is not listed separately if an option with a file introduces only this measure.
    """
    files = {path.stem: path for path in (default_settings.conf_folder() / name).glob("*.yaml")}
    alone = {own for option in files if len(own := measures_in(name, option)) == 1}
    members = [
        _option(name, option, files.get(option))
        for option in options_of(name)
        if option in files or measures_in(name, option) not in alone
    ]
    return tuple(sorted(members, key=lambda one: (not one.is_today, one.what_if, HYGIENE.index(one.hygiene), one.name)))


def _option(family: str, name: str, file: Path | None) -> Option:
    known = {measure.name: measure for measure in default_settings.measures()}
    what_if = file is not None and default_settings.read_yaml(file).get("kind") == "counterfactual"
    return Option(family, name, tuple(known[measure] for measure in measures_in(family, name)), what_if)


@cache
def fifteen() -> tuple[Measure, ...]:
    """Return the 15 measures of the study, from source to individual."""
    return measures_named(study_measures())


def measures_named(names: Collection[str]) -> tuple[Measure, ...]:
    """Return measures of the catalogue, from source to individual."""
    own = [measure for measure in default_settings.measures() if measure.name in names]
    return tuple(sorted(own, key=lambda measure: (HYGIENE.index(measure.hygiene), measure.name)))


def evidence_of(measure: Measure) -> list[dict[str, str]]:
    """Return the effects and patterns that a measure and its shifts cite: id, source, and doi where there is one."""
    cited = " ".join([measure.source, *(shift.source for shift in measure.shifts.values())]).split()
    sources = [row for name in ("effects", "patterns") for row in rows(name) if row["id"] in cited]
    return [{name: row.get(name) or "" for name in ("id", "source", "doi")} for row in sources]


@cache
def usual_of(name: str) -> float:
    """Return the value of an assumption in the fitted model."""
    fitted = OmegaConf.load(default_settings.conf_folder() / "fit" / "point.yaml")
    return float(OmegaConf.select(OmegaConf.merge(default_settings.defaults(), fitted), name))
