"""The results page of the documentation, with all numbers from `results.json`, which two comparisons fill.

`hybridwork describe write=docs results=FOLDER` takes the numbers of a main job, `options=FOLDER` those of a comparison
of every option. The page is rendered from that file, so nobody copies numbers by hand.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import UserError
from sim.outcomes.definitions import BURN_OUT, ISOLATION
from sim.reporting.changes import change_in_words, is_distinguishable
from sim.reporting.tables import date_of_share
from sim.reporting.templates import render

if TYPE_CHECKING:
    import pandas as pd

FILE = "results.json"
RESULTS, OPTIONS = "results", "options"
PACKAGE = "whole_package"
_OUTCOMES = (BURN_OUT, ISOLATION, "autonomy", "arm_neck_shoulder_complaints", "work_home_conflict")
_DETAILED = (PACKAGE, "anchor_days", "fully_at_home")
"""Scenarios whose effects on every group are stored; for others, only the effects on everybody and on users."""
_ABOUT = ("version", "seed", "replicates", "people", "weeks", "burn_in", "interval", "parameters", "assumed")
_PEOPLE = "per 1,000 employees"
_SHARES_OF_EFFECT = (0.5, 0.75, 0.9)
Effect = tuple[float, float, float, str]
"""Difference from today's practice, the bounds of its interval, and the reason if these are nan."""


# -- from a folder to numbers ----------------------------------------------------------------------------------------


def extract(folder: Path) -> dict[str, Any]:
    """Return the values of the page from the folder of a comparison; raise UserError for any other folder."""
    import pandas as pd

    try:
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        tables = {
            name: pd.read_parquet(folder / f"{name}.parquet") for name in ("effects", "counts", "gains", "cascade")
        }
        weekly = pd.read_parquet(folder / "trajectories.parquet", filters=[("outcome", "==", BURN_OUT)])
    except (OSError, ValueError) as error:
        raise UserError(
            f"{folder} has no finished comparison ({error}). Use a folder of `hybridwork scenarios`."
        ) from None
    effects = tables["effects"]
    return {
        "about": {name: about[name] for name in _ABOUT},
        "scenarios": {
            name: {
                "kind": str(own["kind"].iloc[0]),
                "effects": _effects(own, detailed=name in _DETAILED),
                "runs": _everybody(tables["counts"], name, BURN_OUT, "lower", "little", "higher"),
                "gains": _everybody(tables["gains"], name, "exhaustion", "gained", "worse"),
                "weeks": _weeks_to(weekly, name),
            }
            for name, own in effects.groupby("scenario", sort=False)
        },
        "today": _today(effects),
        "cascade": {
            name: {
                f"{role}.{stage}": round(float(rows["share"].mean()), 3)
                for (role, stage), rows in own.groupby(["role", "stage"])
            }
            for name, own in tables["cascade"].groupby("scenario", sort=False)
        },
    }


def _effects(own: pd.DataFrame, detailed: bool) -> dict[str, dict[str, list[float | str | None]]]:
    """Return [difference, low, high, reason] by outcome and group: either three numbers or a reason."""
    effects = own[own["outcome"].isin(_OUTCOMES)]
    if not detailed:
        effects = effects[effects["group"].isin(("everybody", "users"))]
    return {
        outcome: {
            row.group: [
                None if math.isnan(number) else round(number, 4) for number in (row.difference, row.low, row.high)
            ]
            + [row.reason]
            for row in rows.itertuples()
        }
        for outcome, rows in effects.groupby("outcome", sort=False)
    }


def _everybody(table: pd.DataFrame, scenario: str, outcome: str, *columns: str) -> list[float]:
    """Return columns of the row of everybody; empty where the table has no such row."""
    own = table[(table.scenario == scenario) & (table.outcome == outcome) & (table.group == "everybody")]
    return [round(value, 4) for row in own[list(columns)].head(1).itertuples(index=False) for value in row]


def _weeks_to(weekly: pd.DataFrame, scenario: str) -> list[int]:
    """Return the weeks until 50%, 75% and 90% of the last week's mean difference."""
    own = weekly[(weekly.scenario == scenario) & (weekly.group == "everybody")].sort_values("week")
    if own.empty or not own["difference"].iloc[-1] or own["difference"].isna().any():
        return []
    week_of = dict(zip(own["date"].dt.date, own["week"], strict=True))
    return [int(week_of[date_of_share(own, share)]) for share in _SHARES_OF_EFFECT]


def _today(effects: pd.DataFrame) -> dict[str, float]:
    own = effects[effects.group == "everybody"].drop_duplicates("outcome").set_index("outcome")["baseline"]
    return {name: round(float(own[name]), 2) for name in _OUTCOMES if name in own.index}


def update(docs: Path, part: str, folder: Path) -> None:
    """Write the numbers of a comparison into `results.json`; `part` is results or options."""
    known = json.loads((docs / FILE).read_text(encoding="utf-8")) if (docs / FILE).is_file() else {}
    text = json.dumps({**known, part: extract(folder)}, indent=1, ensure_ascii=False)
    (docs / FILE).write_text(text + "\n", encoding="utf-8", newline="\n")


# -- from numbers to the page ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Comparison:
    """The numbers of a comparison, as `extract` returns them, with its effects in words."""

    facts: Mapping[str, Any]

    def effect(self, scenario: str, outcome: str = BURN_OUT, group: str = "everybody") -> Effect:
        """Return the effect of a scenario on a group; raise KeyError if the comparison lacks it."""
        *numbers, reason = self.facts["scenarios"][scenario]["effects"][outcome][group]
        difference, low, high = (math.nan if number is None else number for number in numbers)
        return difference, low, high, reason

    def people(self, scenario: str, group: str = "everybody") -> str:
        """Return the effect on burn-out complaints per 1,000 in words, to one decimal."""
        difference, low, high, reason = self.effect(scenario, group=group)
        return change_in_words(difference, low, high, _PEOPLE, people_decimals=1, reason=reason)

    def deviations(self, scenario: str, outcome: str = ISOLATION) -> str:
        """Return the effect on an outcome in standard deviations, in words."""
        difference, low, high, reason = self.effect(scenario, outcome)
        return change_in_words(difference, low, high, "SD", reason=reason)

    def without_interval(self, scenario: str) -> str:
        """Return the mean effect on burn-out complaints per 1,000 in words."""
        return change_in_words(self.effect(scenario)[0], math.nan, math.nan, _PEOPLE, people_decimals=1)

    def of_kind(self, kind: str) -> list[str]:
        """Return the scenarios of a kind, in the order of the comparison."""
        return [name for name, own in self.facts["scenarios"].items() if own["kind"] == kind]

    def single_policies(self) -> list[str]:
        """Return the policies that are one option of one lever and have an effect, in the order of the comparison."""
        single = [name for name in self.of_kind("policy") if name != PACKAGE and not name.startswith("adoption.")]
        return [name for name in single if not math.isnan(self.effect(name)[0])]

    def by_effect(self) -> list[str]:
        """Return the single policies, those with the largest mean reduction of burn-out complaints first."""
        return sorted(self.single_policies(), key=lambda name: self.effect(name)[0])

    def clear(self, scenarios: Iterable[str], outcome: str = BURN_OUT, at_most: float = math.inf) -> list[str]:
        """Return the scenarios whose interval excludes zero, and whose mean effect is at most `at_most`."""
        effects = {name: self.effect(name, outcome) for name in scenarios}
        return [name for name, (mean, low, high, _) in effects.items()
                if is_distinguishable(low, high) and mean <= at_most]  # fmt: skip


def page(docs: Path) -> str:
    """Render the results page from the numbers in `docs/results.json`."""
    main = _loaded(docs, RESULTS)
    clear = main.clear(main.single_policies())
    values = {
        **main.facts,
        "main": main,
        "options": _loaded(docs, OPTIONS),
        "clear": clear,
        "clear_on_both": main.clear(clear, ISOLATION, at_most=-0.01),
        "package": PACKAGE,
    }
    return render("sim.describe", values, "pages/results.md.j2")


def caption(docs: Path) -> str:
    """Return the caption of the figure in the README."""
    values = {"main": _loaded(docs, RESULTS), "options": _loaded(docs, OPTIONS), "package": PACKAGE}
    return render("sim.describe", values, "pages/caption.md.j2").strip()


def _loaded(docs: Path, part: str) -> Comparison:
    try:
        return Comparison(json.loads((docs / FILE).read_text(encoding="utf-8"))[part])
    except (OSError, ValueError, KeyError):
        raise UserError(
            f"{docs / FILE} has no {part}. Add them with `hybridwork describe write={docs} {part}=FOLDER`."
        ) from None
