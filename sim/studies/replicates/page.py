"""The page of the replicates: whether as many pairs as were run are enough, and what may be said with them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sim.engine.plan import Plan
from sim.experiments import output_folder
from sim.formatting import fixed, signed
from sim.outcomes.definitions import OUTCOMES
from sim.reporting.labels import label_of
from sim.studies.replicates.study import OTHERS, Precision

if TYPE_CHECKING:
    import pandas as pd

_ROUNDING = 1e-9


def write(found: pd.DataFrame, asked: Precision, plan: Plan, failed: int) -> str:
    """The page to read, as markdown; `failed` are the pairs that failed."""
    stated = "; ".join(f"{_outcome(name)}: {size:g} {OUTCOMES[name].unit}" for name, size in asked.smallest.items())
    opening = (
        f"{found['replicates'].max():,} pairs of simulated histories of {plan.weeks} weeks were compared, each with "
        f"and without the policy on the same chance, after a pilot of {asked.pilot:,} and with {asked.most:,} allowed. "
        f"Smallest effects of interest, stated beforehand: {stated}. "
        f"Seed {plan.seed}, version {output_folder.version()}."
    )
    lost = f"**{failed:,} further runs failed and are left out, which may tilt the numbers.**" if failed else ""
    title = "# How many replicates the smallest effect of interest needs"
    parts = (title, verdict(found), opening, lost, tables(found), _HOW)
    return "\n\n".join(part for part in parts if part) + "\n"


def verdict(found: pd.DataFrame) -> str:
    """Whether as many pairs as were run are enough, in a sentence."""
    count = f"{found['replicates'].max():,} pairs of runs"
    short = found[(found["high"] - found["low"]) / 2 > found["half_width"] * (1 + _ROUNDING)]
    if short.empty:
        most = found.loc[found["needed_same"].idxmax()]
        return f"{count} are enough for every policy and outcome asked. Most are needed for {_need(most)}."
    needs = "; ".join(_need(row) for row in short.to_dict("records"))
    return f"{count} are not enough. Needed are, by the pilot's spread, for {needs}."


def _need(row: Mapping[str, Any]) -> str:
    policy, outcome = _names(row)
    return f"{policy} ({outcome}): {row['needed_same']:,}"


_HOW = (
    "## How this was found, and what it does not hold\n\n"
    "- **Two stages (Stein 1945).** The pilot gives the spread s of a difference. The number of pairs is the largest "
    "(t s / h)² that any policy and outcome needs, h being half the smallest effect and t Student's quantile for the "
    "pilot. Means decide nothing about when to stop, and nothing is looked at in between, so the intervals hold in "
    "spite of the two stages. They use the pilot's spread and its degrees of freedom for all pairs, as Stein's do.\n"
    "- **No effect** is only said where two one-sided tests at 5% show the difference to be smaller than the smallest "
    "effect of interest (Schuirmann 1987): the 90% interval lies within plus and minus that effect. *Not decided* "
    "means that these runs tell neither.\n"
    "- **Each interval stands for itself**: of twenty, about one leaves out the true difference.\n"
    "- **Intervals hold chance only**: people and lives drawn anew. Doubt about parameters and structure, which is "
    "larger, is in none of them, and more runs do not lessen it.\n"
    "- Everything is of everybody, over the last 26 weeks; another firm, horizon or policy spreads differently."
)


def tables(found: pd.DataFrame) -> str:
    """What may be said, how many pairs it took, what pairing saved, and what other effects would need."""
    rows = found.to_dict("records")
    parts = (
        ("What may be said", ("Difference (95% interval)", "Standard error", "90% interval", "Decision"), _said),
        ("How many pairs it took", ("Pairs needed", "Pairs run", "Why it stopped"), _took),
        (
            "What pairing saved",
            ("Correlation of the pair", "Unpaired worlds need", "Pairs needed", "Unpaired"),
            _saved,
        ),
        (
            "Pairs for another smallest effect",
            ("Half as large", "As stated", "Twice as large"),
            lambda row: [f"{row['smallest'] * OTHERS[n]:g}: {row[f'needed_{n}']:,}" for n in OTHERS],
        ),
    )
    return "\n\n".join(
        f"## {title}\n\n{_table(('Policy', 'Outcome', *heads), [[*_names(row), *cells(row)] for row in rows])}{note}"
        for (title, heads, cells), note in zip(parts, _NOTES, strict=True)
    )


_NOTES = (
    "\n\nDifferences are from today's practice, with the policy less without.",
    "",
    "\n\nEstimated from these runs: the variance of the difference of two worlds that share neither people nor chance, "
    "over that of the pair. No fewer than two pairs are ever named, even where less would do.",
    "\n\nBy the pilot's spread; the procedure itself never runs fewer than its pilot.",
)


def _said(row: Mapping[str, Any]) -> list[str]:
    decimals = _decimals(row["smallest"])
    ends = [signed(row[end], decimals) for end in ("difference", "low", "high", "equivalence_low", "equivalence_high")]
    error = f"{row['standard_error']:.{decimals}f}"
    return [f"{ends[0]} ({ends[1]} to {ends[2]})", error, f"{ends[3]} to {ends[4]}", row["decision"]]


def _took(row: Mapping[str, Any]) -> list[str]:
    return [f"{row['needed']:,}", f"{row['replicates']:,}", row["stopping"]]


def _saved(row: Mapping[str, Any]) -> list[str]:
    if not math.isfinite(row["pairing"]):
        return ["none", "no chance is left in the difference", f"{row['needed_same']:,}", "none"]
    return [
        fixed(row["correlation"], 3),
        f"about {_about(row['pairing'])} times as many runs",
        f"{row['needed_same']:,}",
        f"about {_about(row['needed_unpaired'])}",
    ]


def _about(number: float) -> str:
    """Two digits that count, and all before the point."""
    rounded = float(f"{number:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"


def _names(row: Mapping[str, Any]) -> tuple[str, str]:
    return label_of(row["scenario"]), f"{_outcome(row['outcome'])}, {row['unit']}"


def _outcome(name: str) -> str:
    return OUTCOMES[name].label.partition(" (")[0]


def _decimals(smallest: float) -> int:
    """As many as show a tenth of the smallest effect and a digit beyond."""
    return max(0, 2 - math.floor(math.log10(smallest)))


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown that reads as columns on a terminal too."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines: Iterator[Sequence[str]] = iter([heads, ["-" * width for width in widths], *rows])
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |" for line in lines
    )
