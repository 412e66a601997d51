"""The scenarios of a report: the level at which each acts, its legal status and its evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sim.config.default_settings import measures
from sim.levers.measure import GRADES, Measure
from sim.reporting import phrases
from sim.words import Words

LEVELS = ("source", "collective", "individual", "several", "none")
"""The order of occupational hygiene, then scenarios that act at several levels, then those without a measure."""


@dataclass(frozen=True)
class Policy:
    """A scenario of the report; `marked` is its name with a mark where a measure is a legal duty."""

    id: str
    name: str
    text: str
    marked: str
    level: str
    laws: tuple[str, ...]
    grades: tuple[str, ...]

    @property
    def is_duty(self) -> bool:
        """True if it includes a legal duty of the employer."""
        return "duty" in self.laws


def policies(
    scenarios: Iterable[str], introduced: Mapping[str, Sequence[str]], texts: Mapping[str, str], words: Words
) -> list[Policy]:
    """Return these scenarios from the source of a problem to the individual, otherwise in the given order.

    `introduced` has the measures of each scenario, `texts` the description in its file.
    """
    catalogue = {one.name: one for one in measures()}
    rows = [
        _policy(one, [catalogue[name] for name in introduced.get(one, ()) if name in catalogue], texts, words)
        for one in scenarios
    ]
    return sorted(rows, key=lambda policy: LEVELS.index(policy.level))


def _policy(scenario: str, own: Sequence[Measure], texts: Mapping[str, str], words: Words) -> Policy:
    levels = list(dict.fromkeys(measure.hygiene for measure in own))
    laws = tuple(dict.fromkeys(measure.legal for measure in own))
    name = phrases.name_of(scenario, words)
    return Policy(
        id=scenario,
        name=name,
        text=phrases.text_of(scenario, words, texts.get(scenario, "")),
        marked=f"{name} {words('common.duty.mark')}" if "duty" in laws else name,
        level=levels[0] if len(levels) == 1 else "several" if levels else "none",
        laws=laws,
        grades=tuple(grade for grade in GRADES if grade in {measure.grade for measure in own}) or (GRADES[0],),
    )
