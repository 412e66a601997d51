"""The page of the docking: what holds, which way things move, and whether the copy of the published model is right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.engine.plan import Plan
from sim.experiments import output_folder

if TYPE_CHECKING:
    import pandas as pd

_ANSWERS = {1: "up", -1: "down", 0: "–"}


def write(findings: pd.DataFrame, signs: pd.DataFrame, copies: pd.DataFrame, plan: Plan, count: int) -> str:
    """The page to read, as markdown; `count` is how many random starts the published model had."""
    opening = (
        f"{plan.firm.people:,} people, each alone, lived {plan.weeks} weeks here after a run-in of {plan.burn_in}; the "
        f"published model had {count:,} random starts. Seed {plan.seed}, version {output_folder.version()}."
    )
    parts = (
        "# One person, no network: this model beside the published one",
        verdict(findings),
        opening,
        f"## What holds\n\n{results(findings)}",
        f"## Which way things move\n\n{moves(signs)}\n\n{_SIGNS}",
        f"## Is the copy right?\n\n{copied(copies)}\n\n{_CHANCE}",
        _HOW,
    )
    return "\n\n".join(parts) + "\n"


def verdict(findings: pd.DataFrame) -> str:
    """How many published results hold, and which do not."""
    holds = findings[findings["holds"] == "yes"]["result"]
    return (
        f"Of {len(findings)} results of the published model, {len(holds)} hold here: {'; '.join(map(_small, holds))}. "
        "The published model is about tipping, this one about shifting."
    )


def results(findings: pd.DataFrame) -> str:
    """A row for each result: both published versions, this model, whether it holds, and why."""
    heads = ("Result", "Published, first version", "Published, revised", "This model", "Holds?", "Why")
    columns = ["result", "first_says", "revised_says", "here_says", "holds", "why"]
    return table(heads, findings[columns].to_numpy().tolist())


def moves(signs: pd.DataFrame) -> str:
    """Which way each stock answers to each push: first version, revised, here."""
    pushed = list(dict.fromkeys(signs["pushed"]))
    of = signs.set_index(["pushed", "answers"])
    rows = [[f"more {push}", *(_signs_of(of.loc[push, stock]) for stock in pushed)] for push in pushed]
    return table(("Push", *(stock.capitalize() for stock in pushed)), rows)


def _signs_of(row: pd.Series) -> str:
    here = row["here"] if abs(row["here"]) > 2 * row["error"] else 0.0
    return " / ".join(_ANSWERS[int(np.sign(value))] for value in (row["first"], row["revised"], here))


def copied(copies: pd.DataFrame) -> str:
    """What the authors print, and what the copy gives."""
    rows = [[row["what"], f"{row['published']:.4g}", f"{row['copy']:.4g}"] for row in copies.to_dict("records")]
    return table(("Number", "Published", "Copy"), rows)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown."""
    return "\n".join(f"| {' | '.join(line)} |" for line in (heads, ["---"] * len(heads), *rows))


def _small(result: str) -> str:
    return result[0].lower() + result[1:]


_SIGNS = (
    "First version at an effort of 0.1 / revised at a motivation of 0.7 / here. Energy here is exhaustion reversed; a "
    "dash is less than two standard errors."
)
_CHANCE = (
    "Demands on day 0.5 differ in the fourth digit because the authors take steps of 0.01 days and this solver does "
    "better. Shares are of random starts, theirs of 1,000, and differ by chance."
)
_HOW = (
    "## How this was found, and what it does not hold\n\n"
    "- **The published model** is job demands-resources theory as stocks and flows by Evers and others, with the "
    "equations and values that stand in their package sdbuildR; docs/docking.md says where each was read. Their papers "
    "(submitted, under review) could not be read.\n"
    "- **This model** keeps its equations. Everybody has a team to himself, no manager, no ties and no measures; "
    "turnover, public advice, and what looks for colleagues are switched off. Luck stays, means are taken, and all "
    "worlds share it.\n"
    "- **Pushes** are added to a stock's inflow there and to an intercept here, so signs and shapes can be compared "
    "and sizes cannot. Energy here is exhaustion reversed. Performance is not in this model.\n"
    "- **Neither side is evidence.** The published model was never fitted to data; here the sizes of the loops are, "
    "for the most part, assumed in the light of studies, and that everything levels off is a choice of form."
)
