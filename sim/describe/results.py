"""The results page of the documentation, with all numbers from `results.json`, which two comparisons fill.

`hybridwork describe write=docs results=FOLDER` takes the numbers of a main job, `options=FOLDER` those of a comparison
of every option. The page is rendered from that file, so nobody copies numbers by hand.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import UserError
from sim.outcomes.definitions import BURN_OUT, ISOLATION
from sim.reporting.changes import change_in_words, is_distinguishable
from sim.reporting.labels import label_of
from sim.reporting.templates import table
from sim.reporting.tables import date_of_share
from sim.reporting.templates import joined, render

if TYPE_CHECKING:
    import pandas as pd

FILE = "results.json"
RESULTS, OPTIONS = "results", "options"
PACKAGE = "whole_package"
_OUTCOMES = (BURN_OUT, ISOLATION, "autonomy", "arm_neck_shoulder_complaints", "work_home_conflict")
_DETAILED = (PACKAGE, "anchor_days", "fully_at_home")
"""Scenarios whose effects on every group the page may quote; of the others, those on everybody and on users."""
_ABOUT = ("version", "seed", "replicates", "people", "weeks", "burn_in", "interval", "parameters", "assumed")
_PEOPLE = "per 1,000 employees"
_SHARES_OF_EFFECT = (0.5, 0.75, 0.9)
Facts = Mapping[str, Any]
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
        raise UserError(f"{folder} holds no finished comparison ({error}). Give the folder of a main job.") from None
    effects = tables["effects"]
    return {
        "about": {name: about[name] for name in _ABOUT},
        "scenarios": {
            str(name): {
                "kind": str(own["kind"].iloc[0]),
                "effects": _effects(own, detailed=name in _DETAILED),
                "runs": _runs(tables["counts"], str(name)),
                "gains": _gains(tables["gains"], str(name)),
                "weeks": _weeks_to(weekly, str(name)),
            }
            for name, own in effects.groupby("scenario", sort=False)
        },
        "today": _today(effects),
        "cascade": {str(name): _cascade(own) for name, own in tables["cascade"].groupby("scenario", sort=False)},
    }


def _effects(own: pd.DataFrame, detailed: bool) -> dict[str, dict[str, list[float | str | None]]]:
    """Return [difference, low, high, reason] by outcome and group: either three numbers or a reason."""
    effects = own[own["outcome"].isin(_OUTCOMES)]
    if not detailed:
        effects = effects[effects["group"].isin(("everybody", "users"))]
    return {
        str(outcome): {
            row.group: [*map(_rounded, (row.difference, row.low, row.high)), row.reason] for row in rows.itertuples()
        }
        for outcome, rows in effects.groupby("outcome", sort=False)
    }


def _rounded(number: float) -> float | None:
    return None if math.isnan(number) else round(number, 4)


def _runs(counts: pd.DataFrame, scenario: str) -> list[int]:
    own = counts[(counts.scenario == scenario) & (counts.outcome == BURN_OUT) & (counts.group == "everybody")]
    return [int(own[column].iloc[0]) for column in ("lower", "little", "higher")] if len(own) else []


def _gains(gains: pd.DataFrame, scenario: str) -> list[float]:
    own = gains[(gains.scenario == scenario) & (gains.outcome == "exhaustion") & (gains.group == "everybody")]
    return [round(float(own[column].iloc[0]), 4) for column in ("gained", "worse")] if len(own) else []


def _weeks_to(weekly: pd.DataFrame, scenario: str) -> list[int]:
    """Return the weeks until half, three quarters and nine tenths of the last week's mean difference."""
    own = weekly[(weekly.scenario == scenario) & (weekly.group == "everybody")].sort_values("week")
    if own.empty or not own["difference"].iloc[-1] or own["difference"].isna().any():
        return []
    week_of = dict(zip(own["date"].dt.date, own["week"], strict=True))
    return [int(week_of[date_of_share(own, share)]) for share in _SHARES_OF_EFFECT]


def _today(effects: pd.DataFrame) -> dict[str, float]:
    own = effects[effects.group == "everybody"].drop_duplicates("outcome").set_index("outcome")["baseline"]
    return {name: round(float(own[name]), 2) for name in _OUTCOMES if name in own.index}


def _cascade(own: pd.DataFrame) -> dict[str, float]:
    """Return the mean share over the measures by role and stage, such as `employee.known`."""
    return {
        f"{role}.{stage}": round(float(rows["share"].mean()), 3)
        for (role, stage), rows in own.groupby(["role", "stage"])
    }


def update(docs: Path, part: str, folder: Path) -> None:
    """Write the numbers of a comparison into `results.json`; `part` is results or options."""
    known = json.loads((docs / FILE).read_text(encoding="utf-8")) if (docs / FILE).is_file() else {}
    text = json.dumps({**known, part: extract(folder)}, indent=1, ensure_ascii=False)
    (docs / FILE).write_text(text + "\n", encoding="utf-8", newline="\n")


# -- from numbers to the page ----------------------------------------------------------------------------------------


def page(docs: Path) -> str:
    """Render the results page from the numbers in `docs/results.json`."""
    facts, options = _loaded(docs, RESULTS), _loaded(docs, OPTIONS)
    values = _parts(facts) | _parts_of_options(options) | _quoted(facts)
    return render("sim.describe", values, "pages/results.md.j2")


def caption(docs: Path) -> str:
    """Return the caption of the figure in the README."""
    facts = _loaded(docs, RESULTS)
    return render("sim.describe", _quoted_in_caption(facts, _loaded(docs, OPTIONS)), "pages/caption.md.j2").strip()


def _loaded(docs: Path, part: str) -> Facts:
    try:
        known: dict[str, Any] = json.loads((docs / FILE).read_text(encoding="utf-8"))
        return known[part]
    except (OSError, ValueError, KeyError):
        raise UserError(
            f"{docs / FILE} has no {part}. Fill it with `hybridwork describe write={docs} {part}=FOLDER`."
        ) from None


def people(effect: Effect) -> str:
    """Return an effect on people per 1,000 with its interval, to one decimal."""
    difference, low, high, reason = effect
    return change_in_words(difference, low, high, _PEOPLE, people_decimals=1, reason=reason)


def deviations(effect: Effect) -> str:
    """Return an effect in standard deviations with its interval."""
    difference, low, high, reason = effect
    return change_in_words(difference, low, high, "SD", reason=reason)


def effect_of(facts: Facts, scenario: str, outcome: str = BURN_OUT, group: str = "everybody") -> Effect:
    """Return the effect of a scenario on a group; raise KeyError if the comparison lacks it."""
    *numbers, reason = facts["scenarios"][scenario]["effects"][outcome][group]
    difference, low, high = (math.nan if number is None else number for number in numbers)
    return difference, low, high, reason


def of_kind(facts: Facts, kind: str) -> list[str]:
    """Return the scenarios of a kind, in the order of the comparison."""
    return [name for name, own in facts["scenarios"].items() if own["kind"] == kind]


def single_policies(facts: Facts) -> list[str]:
    """Return the policies that are one option of one lever and have an effect."""
    single = [name for name in of_kind(facts, "policy") if name != PACKAGE and not name.startswith("adoption.")]
    return [name for name in single if not math.isnan(effect_of(facts, name)[0])]


def _parts(facts: Facts) -> dict[str, Any]:
    about = facts["about"]
    return {
        **{name: f"{about[name]:,}" if isinstance(about[name], int) else about[name] for name in _ABOUT[:5]},
        "assumed": about["assumed"],
        "uncertain": about["parameters"],
        "today": f"{facts['today'][BURN_OUT]:.0f}",
        "policies": _policy_table(facts),
        "worlds": _world_table(facts),
        "gains": _gain_table(facts),
        "cascade": _cascade_table(facts),
    }


def _policy_table(facts: Facts) -> str:
    runs = facts["about"]["replicates"]
    heads = (
        "policy", "burn-out complaints per 1,000, everybody", "the same among its users",
        "isolation from colleagues, everybody", f"runs of {runs} with fewer complaints, about the same, more",
    )  # fmt: skip
    return table(heads, (_policy_row(facts, name) for name in of_kind(facts, "policy")))


def _policy_row(facts: Facts, name: str) -> tuple[str, ...]:
    own = facts["scenarios"][name]
    users = own["effects"][BURN_OUT].get("users")
    counts = ", ".join(map(str, own["runs"])) or "does not apply"
    return (
        label_of(name), people(effect_of(facts, name)), people(users) if users else "no users",
        deviations(effect_of(facts, name, ISOLATION)), counts,
    )  # fmt: skip


def _world_table(facts: Facts) -> str:
    rows = (
        (label_of(name), people(effect_of(facts, name)), deviations(effect_of(facts, name, ISOLATION)))
        for name in of_kind(facts, "counterfactual")
    )
    return table(("what if", "burn-out complaints per 1,000", "isolation from colleagues"), rows)


def _gain_table(facts: Facts) -> str:
    gains = {name: facts["scenarios"][name]["gains"] for name in of_kind(facts, "policy")}
    rows = ((label_of(name), *map(_percent, shares)) for name, shares in gains.items() if shares)
    return table(("policy", "gain", "made worse"), rows)


def _cascade_table(facts: Facts) -> str:
    worlds = {"today": "baseline", "nothing lost on the way": "no_communication_loss"}
    stages = {
        "employers claim": "employer.claimed", "employers carry out": "employer.implemented",
        "employers communicate": "employer.communicated", "managers know": "manager.known",
        "employees know": "non_manager.known", "employees use": "non_manager.used",
        "employees use as intended": "non_manager.used_well",
    }  # fmt: skip
    rows = (
        (stage, *(_percent(facts["cascade"][world][key]) for world in worlds.values())) for stage, key in stages.items()
    )
    return table(("mean of the 15 measures", *worlds), rows)


def _parts_of_options(facts: Facts) -> dict[str, Any]:
    about = facts["about"]
    return {
        "options_count": len(of_kind(facts, "policy")),
        "options_replicates": about["replicates"],
        "options_version": about["version"],
        "options": _option_table(facts),
        "largest_options": _largest(facts),
    }


def _option_table(facts: Facts) -> str:
    heads = ("option", "burn-out complaints per 1,000, everybody", "isolation from colleagues, everybody")
    rows = (
        (label_of(name), people(effect_of(facts, name)), deviations(effect_of(facts, name, ISOLATION)))
        for name in of_kind(facts, "policy")
    )
    return table(heads, rows)


def _largest(facts: Facts, count: int = 3) -> str:
    """Return the single options with the largest mean reduction and their intervals, which may overlap."""
    names = sorted(single_policies(facts), key=lambda name: effect_of(facts, name)[0])[:count]
    return joined(f"{label_of(name).lower()} ({people(effect_of(facts, name))})" for name in names)


def _quoted(facts: Facts) -> dict[str, Any]:
    """Return the numbers that sentences of the page quote."""
    clear = [name for name in single_policies(facts) if _is_clear(effect_of(facts, name))]
    both = [name for name in clear if _is_clear(effect_of(facts, name, ISOLATION))]
    noticeable = [name for name in both if effect_of(facts, name, ISOLATION)[0] <= -0.01]
    half, three_quarters, nine_tenths = facts["scenarios"][PACKAGE]["weeks"]
    return {
        "clear": _names(clear),
        "both": _names(noticeable),
        "package": people(effect_of(facts, PACKAGE)),
        "without": people(effect_of(facts, "no_measures")),
        "lossless": people(effect_of(facts, "no_communication_loss")),
        "newcomers": people(effect_of(facts, PACKAGE, BURN_OUT, "newcomers")),
        "high_risk": people(effect_of(facts, PACKAGE, BURN_OUT, "high_stress_risk")),
        "home_on_site": people(effect_of(facts, "fully_at_home", BURN_OUT, "on_site")),
        "anchor_autonomy": deviations(effect_of(facts, "anchor_days", "autonomy")),
        "half_after": half, "three_quarters_after": three_quarters, "nine_tenths_after": nine_tenths,
    }  # fmt: skip


def _quoted_in_caption(facts: Facts, options: Facts) -> dict[str, Any]:
    about, today = facts["about"], facts["cascade"]["baseline"]
    names = sorted(single_policies(options), key=lambda name: effect_of(options, name)[0])
    return {
        "claimed": _percent(today["employer.claimed"]),
        "known": _percent(today["non_manager.known"]),
        "used": _percent(today["non_manager.used"]),
        "largest": label_of(names[0]),
        "largest_effect": people(effect_of(options, names[0])),
        "second": _without_interval(effect_of(options, names[1])[0]),
        "last": _without_interval(effect_of(options, names[-1])[0]),
        "package": people(effect_of(facts, PACKAGE)),
        "assumed": about["assumed"],
        "uncertain": about["parameters"],
    }


def _is_clear(effect: Effect) -> bool:
    _, low, high, _ = effect
    return is_distinguishable(low, high)


def _names(scenarios: Sequence[str]) -> str:
    return joined(label_of(name).lower() for name in scenarios) if scenarios else "none"


def _without_interval(difference: float) -> str:
    return people((difference, math.nan, math.nan, ""))


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%"
