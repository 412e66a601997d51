"""What a report rests on: how its numbers are known, which sources stand behind it, and how to compute it again."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sim.data import rows
from sim.levers.measure import Measure

_RECALLED = "recalled"


@dataclass(frozen=True)
class Source:
    """A reference: what it is, where it is found (an address or nothing), and whether it was seen."""

    text: str
    address: str
    seen: bool


def grades(about: Mapping[str, Any]) -> Counter[str]:
    """How many uncertain numbers of the model have which grade; empty for a comparison that another model made."""
    from sim.calibration.uncertainty import assumed_numbers, grade_counts

    counted = {name: about[name] for name in ("parameters", "assumed")}
    return grade_counts() if counted == assumed_numbers() else Counter()


def documents() -> list[str]:
    """The study, letters and interviews that levels were taken from."""
    return sorted({row["source"] for row in rows("targets")})


def behind_measures(introduced: Iterable[Sequence[str]]) -> list[Source]:
    """The literature that the measures of these scenarios cite."""
    from sim.config.default_settings import measures

    names = {name for own in introduced for name in own}
    cited = [source for measure in measures() if measure.name in names for source in _cited(measure)]
    return _literature(cited)


def behind_parameters() -> list[Source]:
    """The literature that the numbers of the model cite."""
    from sim.config.default_settings import mechanism_types

    return _literature(
        passport.source for kind in mechanism_types().values() for passport in kind.parameter_metadata().values()
    )


def _cited(measure: Measure) -> list[str]:
    return [measure.source, *(shift.source for shift in measure.shifts.values())]


def _literature(cited: Iterable[str]) -> list[Source]:
    """Each work once, by its name; a work of several rows counts as seen where one of them was."""
    keys = {key for source in cited for key in source.split()}
    found: dict[str, Source] = {}
    for row in rows("effects"):
        if row["id"] in keys:
            address = f"https://doi.org/{row['doi']}" if row["doi"] else ""
            known = found.get(address or row["source"])
            seen = row["provenance"] != _RECALLED or (known is not None and known.seen)
            longest = max((row["source"], known.text if known else ""), key=len)
            found[address or row["source"]] = Source(longest, address, seen)
    return sorted(found.values(), key=lambda source: source.text.lower())


def commands(about: Mapping[str, Any]) -> list[str]:
    """The commands that make the comparison again: one, or one a policy where each was lived by itself."""
    return list(about.get("commands") or [shlex.join(["hybridwork", "scenarios", *about["asked"]])])
