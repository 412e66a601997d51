"""Facts and tables in a folder of `hybridwork scenarios`, checked on reading."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from sim.errors import UserError, first_line
from sim.reporting import phrases

TABLES = {
    "effects": ("scenario", "kind", "outcome", "group", "baseline", "difference", "low", "high", "interval", "unit"),
    "counts": ("scenario", "kind", "outcome", "group", "lower", "little", "higher", "margin", "replicates", "unit"),
    "trajectories": ("scenario", "kind", "outcome", "group", "date", "difference", "difference_low", "difference_high"),
    "cascade": ("scenario", "measure", "role", "stage", "share", "study_share"),
    "gains": ("scenario", "kind", "outcome", "group", "gained", "worse", "margin"),
}
"""The tables of a report, with the columns it needs."""
_FACTS = (
    *("version", "asked", "written", "seed", "weeks", "start", "scenarios"),
    *("replicates", "people", "parameters", "assumed", "holds", "introduced"),
)
_AGAIN = "Run `hybridwork scenarios` again."


@dataclass(frozen=True)
class Comparison:
    """A comparison of scenarios with today's practice: its facts and its tables."""

    folder: Path
    about: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]

    @property
    def interval(self) -> str:
        """What its intervals cover: chance or draws."""
        return str(self.about["holds"])

    @property
    def holds(self) -> str:
        """The same, or `one` for a single run, which has no interval."""
        return phrases.holds(self.interval, int(self.about["replicates"]))

    @cached_property
    def kinds(self) -> dict[str, str]:
        """The kind of each scenario except today's practice, in the order of the study."""
        effects = self.tables["effects"]
        return dict(zip(effects["scenario"], effects["kind"], strict=True))


def read(folder: Path) -> Comparison:
    """Return the comparison in a folder of `hybridwork scenarios` or `run`; raise UserError for any other folder."""
    _check(folder)
    about = _facts(folder / "about.json")
    missing = [fact for fact in _FACTS if fact not in about]
    if missing:
        raise UserError(f"{folder} was written by another version ({about.get('version', '?')}), "
                        f"without '{missing[0]}'. {_AGAIN}")  # fmt: skip
    tables = {name: _table(folder / f"{name}.parquet", columns) for name, columns in TABLES.items()}
    if len(about["scenarios"]) < 2:
        raise UserError(f"No comparison in {folder}: it has today's practice only. Use one with another scenario.")
    effects = tables["effects"]
    if effects[effects["group"] == "everybody"].empty:
        raise UserError(f"No group of ten people in {folder}, so nothing may be shown. Use more people.")
    tables["trajectories"]["date"] = pd.to_datetime(tables["trajectories"]["date"])
    return Comparison(folder, about, tables)


def screening_of(folder: Path) -> pd.DataFrame:
    """Return the screening in a folder of `hybridwork sensitivity`; raise UserError for any other folder."""
    path = folder / "screening.parquet"
    if not path.is_file():
        raise UserError(f"No sensitivity study in {folder}. Use a folder of `hybridwork sensitivity`.")
    columns = ("scenario", "kind", "outcome", "unit", "words", "mu_star", "low", "high", "tier", "trajectories")
    return _table(path, columns)


def _check(folder: Path) -> None:
    if not folder.is_dir():
        raise UserError(f"No folder {folder}. Use one of `hybridwork scenarios`.")
    if (folder / "effects.parquet").is_file():
        return
    inside = sorted(one.parent for one in folder.glob("*/effects.parquet") if not one.parent.name.startswith("."))
    if inside:
        raise UserError(f"{folder} has {len(inside)} comparisons. Use one of them, as in {inside[-1]}.")
    raise UserError(f"No comparison of scenarios in {folder}. Use a folder of `hybridwork scenarios`.")


def _facts(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {first_line(error)}. {_AGAIN}") from None
    if not isinstance(content, dict):
        raise UserError(f"{path} has no facts. {_AGAIN}")
    return content


def _table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    if not path.is_file():
        raise UserError(f"{path.parent} lacks {path.name}, which versions before 0.3 did not write. {_AGAIN}")
    try:
        table = pd.read_parquet(path)
    except Exception as error:  # pyarrow has errors of many kinds for a damaged file
        raise UserError(f"{path} cannot be read: {first_line(error)[:80]}. {_AGAIN}") from None
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise UserError(f"{path} lacks the column '{missing[0]}', because another version wrote it. {_AGAIN}")
    return table
