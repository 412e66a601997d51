"""The page of the pattern table: its words stand in `page.md`, its numbers come from the table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engine.plan import Plan
from sim.experiments import output_folder
from sim.formatting import signed
from sim.reporting.markdown import code, table
from sim.studies.patterns import criteria
from sim.studies.patterns.rivals import ALL, RIVALS
from sim.studies.patterns.scoring import KINDS, MODEL, Score, Table
from sim.studies.patterns.words import IN_WORDS, WHY

if TYPE_CHECKING:
    import pandas as pd

AIM = 20
"""Of the 27 strong and test patterns, how many the model is meant to meet."""
NUMBER = "Model"
"""The heading of what the model gives."""
Row = Mapping[Any, Any]


def write(found: Table, frames: Mapping[str, pd.DataFrame], plan: Plan, visits: int) -> str:
    """The page to read, as markdown."""
    words = files("sim.studies.patterns").joinpath("page.md").read_text(encoding="utf-8")
    rows = frames["rows"]
    judged, sanity = rows[rows["use"] != "sanity"], rows[rows["use"] == "sanity"]
    worlds = len(found.worlds[MODEL])
    return Template(words).substitute(
        verdict=verdict(found),
        worlds=worlds,
        establishments=plan.firm.establishments,
        visits=visits,
        groups=found.groups,
        size=worlds // found.groups,
        seed=plan.seed,
        version=output_folder.version(),
        scores=_scores(found),
        leads=_leads(found),
        rivals="\n".join(f"- **{rival.label.capitalize()}**: {rival.says}." for rival in RIVALS.values()),
        failing=_failing(judged[~judged["met"]]),
        met=_met(found, judged[judged["met"]]),
        sanity=_sanity(sanity.sort_values("met", kind="stable")),
        rules=_rules(),
    )


def verdict(found: Table) -> str:
    """The answer, as the page opens."""
    both, telling, alone = (found.score(MODEL, kind) for kind in ("counted", "telling", "not_in_mind"))
    leads = {who: found.lead(who, "counted") for who in found.rivals}
    nearest = min(leads, key=lambda who: leads[who].met)
    aim = "as many as aimed at" if both.met >= AIM else f"{AIM} were aimed at"
    failing = [
        f"*{IN_WORDS[name]}*" for name in found.of_kind("counted") if not found.verdicts[MODEL][name].met
    ]  # fmt: skip
    lines = (
        f"**The model meets {both.met} of {both.of} strong and test patterns** ({_range(both.groups)} over groups of "
        f"worlds; {aim}). Of the {telling.of} that at least one rival fails it meets {telling.met}; of the {alone.of} "
        f"of these that nothing in it was written for, {alone.met}.",
        "**Rivals meet** "
        + ", ".join(f"{found.score(who, 'counted').met} ({ALL[who].label})" for who in found.rivals)
        + f". The nearest is {ALL[nearest].label}: {_lead(leads[nearest])}.",
        f"**It fails** {'; '.join(failing) if failing else 'none'}.",
    )
    return "\n".join(f"- {line}" for line in lines)


def _lead(lead: Score) -> str:
    """By how much the model leads, in words."""
    if lead.met > 0:
        return f"the model leads by {lead.met} ({_range(lead.groups)})"
    return "the model meets no more" if lead.met == 0 else f"the model meets {-lead.met} fewer"


# -- tables ----------------------------------------------------------------------------------------------------------


def _scores(found: Table) -> str:
    heads = ("", *(f"{heading} ({len(found.of_kind(kind))})" for kind, heading in KINDS.items()))
    rows = []
    for who, one in ALL.items():
        own = [found.score(who, kind) for kind in KINDS]
        rows.append([one.label, *(f"{score.met} ({_range(score.groups)})" for score in own)])
    return table(heads, rows)


def _leads(found: Table) -> str:
    kinds = [kind for kind in KINDS if kind != "equivalence"]
    rows = []
    for who in found.rivals:
        own = [found.lead(who, kind) for kind in kinds]
        rows.append([ALL[who].label, *(f"{signed(lead.met, 0)} ({_range(lead.groups, True)})" for lead in own)])
    return table(("Lead over", *(KINDS[kind] for kind in kinds)), rows)


def _failing(rows: pd.DataFrame) -> str:
    heads = ("Pattern", "Use", "In mind", "Decides", NUMBER, "Met from", "Why")
    body = ([*_opening(row), *_number(row), WHY.get(row["pattern"], "–")] for row in rows.to_dict("records"))
    return table(heads, body)


def _met(found: Table, rows: pd.DataFrame) -> str:
    heads = ("Pattern", "Use", "In mind", "Decides", NUMBER, "Met from", "Rivals that fail it", "Groups")
    body = (
        [*_opening(row), *_number(row), _who_fail(found, row), f"{round(row['steady'] * found.groups)}"]
        for row in rows.to_dict("records")
    )
    return table(heads, body)


def _sanity(rows: pd.DataFrame) -> str:
    heads = ("Pattern", "Met", "Decides", NUMBER, "Met from", "Why not")
    body = (
        [_name(row), _yes(row["met"]), *_number(row), "" if row["met"] else WHY.get(row["pattern"], "–")]
        for row in rows.to_dict("records")
    )
    return table(heads, body)


def _opening(row: Row) -> list[str]:
    return [_name(row), row["use"], "yes" if row["in_mind"] else ""]


def _name(row: Row) -> str:
    return f"{IN_WORDS[row['pattern']]} {code(row['pattern'])}"


def _number(row: Row) -> list[str]:
    """What decides, what the model gives with its interval, and the bound."""
    if np.isnan(row["mean"]):
        return [row["decides"], "not in the model", "–"]
    number = f"{in_digits(row['mean'])} ({in_digits(row['low'])} to {in_digits(row['high'])})"
    return [row["decides"], number, _bound(row["least"], row["most"])]


def in_digits(number: float) -> str:
    """A number as the page writes it."""
    return signed(number, 3)


def _bound(least: float, most: float) -> str:
    if np.isinf(least):
        return f"{most:g} or less"
    return f"{least:g} or more" if np.isinf(most) else f"{least:g} to {most:g}"


def _who_fail(found: Table, row: Row) -> str:
    failing = [ALL[who].label for who in found.rivals if not row[who]]
    return ", ".join(failing) if failing else "none"


def _yes(met: bool) -> str:
    return "yes" if met else "**no**"


def _range(groups: Iterable[int], with_sign: bool = False) -> str:
    low, high = min(groups := list(groups)), max(groups)
    return f"{signed(low, 0)} to {signed(high, 0)}" if with_sign else f"{low} to {high}"


def _rules() -> str:
    """The five rules, as they stand at the head of the criteria."""
    lines = (criteria.__doc__ or "").strip().splitlines()
    first = next(at for at, line in enumerate(lines) if line.startswith("1."))
    return "\n".join(line.strip() if line[:1].isspace() else line for line in lines[first:])
