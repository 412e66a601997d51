"""The evidence of a report: grades of its numbers, sources, and commands that reproduce it."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sim.calibration.uncertainty import assumed_numbers, grade_counts
from sim.config.default_settings import measures, mechanism_types
from sim.data import rows


@dataclass(frozen=True)
class Source:
    """A reference: its text, its address (or nothing), and whether it was read or cited from memory."""

    text: str
    address: str
    was_read: bool


def grades(about: Mapping[str, Any]) -> Counter[str]:
    """Return the number of uncertain parameters by grade; empty for a comparison by another version of the model."""
    counts = {name: about[name] for name in ("parameters", "assumed")}
    return grade_counts() if counts == assumed_numbers() else Counter()


def documents() -> list[str]:
    """Return the study, letters and interviews that levels were taken from."""
    return sorted({row["source"] for row in rows("targets")})


def behind_measures(introduced: Iterable[Sequence[str]]) -> list[Source]:
    """Return the literature that the measures of these scenarios cite."""
    names = {name for own in introduced for name in own}
    introduced_measures = [measure for measure in measures() if measure.name in names]
    return _literature(
        source
        for measure in introduced_measures
        for source in (measure.source, *(shift.source for shift in measure.shifts.values()))
    )


def behind_parameters() -> list[Source]:
    """Return the literature that the parameters of the model cite."""
    kinds = mechanism_types().values()
    return _literature(metadata.source for kind in kinds for metadata in kind.parameter_metadata().values())


def _literature(cited: Iterable[str]) -> list[Source]:
    """Return each work once, by its name; a work with several rows counts as read if one of them was."""
    keys = {key for source in cited for key in source.split()}
    sources: dict[str, Source] = {}
    for row in rows("effects"):
        if row["id"] in keys:
            address = f"https://doi.org/{row['doi']}" if row["doi"] else ""
            known = sources.get(address or row["source"])
            was_read = row["provenance"] != "recalled" or (known is not None and known.was_read)
            longest = max((row["source"], known.text if known else ""), key=len)
            sources[address or row["source"]] = Source(longest, address, was_read)
    return sorted(sources.values(), key=lambda source: source.text.lower())


def commands(about: Mapping[str, Any]) -> list[str]:
    """Return the commands that repeat the comparison: one, or one per policy if each was simulated separately."""
    return list(about.get("commands") or [shlex.join(["hybridwork", "scenarios", *about["asked"]])])
