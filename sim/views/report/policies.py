"""What stands behind each scenario: where it acts, what the law says of it, and how well founded it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sim.levers.measure import GRADES, Measure
from sim.reporting import phrases
from sim.words import Words

LEVELS = ("source", "collective", "individual", "several", "none")
"""The order of occupational hygiene, then what acts at several levels and what introduces no measure."""


@dataclass(frozen=True)
class Policy:
    """A scenario as the report tells it; `level` is one of `LEVELS`, `duties` are measures that the law demands."""

    id: str
    name: str
    text: str
    level: str
    duties: tuple[str, ...]
    laws: tuple[str, ...]
    grades: tuple[str, ...]


def policies(
    scenarios: Iterable[str], introduced: Mapping[str, Sequence[str]], texts: Mapping[str, str], words: Words
) -> list[Policy]:
    """Return these scenarios from the source of a problem to the individual, otherwise in the given order.

    `introduced` has the measures of each scenario, `texts` the description in its file.
    """
    from sim.config.default_settings import measures

    catalogue = {one.name: one for one in measures()}
    rows = [
        _policy(one, [catalogue[name] for name in introduced.get(one, ()) if name in catalogue], texts, words)
        for one in scenarios
    ]
    return sorted(rows, key=lambda policy: LEVELS.index(policy.level))


def _policy(scenario: str, own: Sequence[Measure], texts: Mapping[str, str], words: Words) -> Policy:
    levels = list(dict.fromkeys(measure.hygiene for measure in own))
    return Policy(
        id=scenario,
        name=phrases.name_of(scenario, words),
        text=phrases.text_of(scenario, words, texts.get(scenario, "")),
        level=levels[0] if len(levels) == 1 else "several" if levels else "none",
        duties=tuple(measure.tekst if words.language == "nl" else measure.text for measure in own if _is_duty(measure)),
        laws=tuple(dict.fromkeys(measure.legal for measure in own)),
        grades=tuple(grade for grade in GRADES if grade in {measure.grade for measure in own}) or (GRADES[0],),
    )


def _is_duty(measure: Measure) -> bool:
    return measure.legal == "duty"
