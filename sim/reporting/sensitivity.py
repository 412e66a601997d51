"""The page of a sensitivity study: what moves the results, in plain words, and no rank that the design cannot bear."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sim.engine.plan import BASELINE
from sim.formatting import fixed, signed
from sim.outcomes.definitions import OUTCOMES
from sim.reporting.changes import is_distinguishable
from sim.reporting.labels import TODAY, label_of

if TYPE_CHECKING:
    import pandas as pd

KINDS_OF_DOSE = {"dose": "share of employers", "strength": "strength"}
STRENGTHENS = "†: those who had its measures in 2022 turn to their stronger form at any dose above 0."
_FEW = 10
"""Trajectories, replicates: with fewer a bootstrap makes intervals too narrow."""
_HELPS = {
    **{("worse", True): "helps less", ("worse", False): "helps more"},
    **{("better", True): "helps more", ("better", False): "helps less"},
}
"""What a policy does where its difference gets higher (True) or lower, by which way of the outcome is worse."""
_HOLDS = "Intervals are 95% and hold the sampling of the design alone: every row has the same people and chance."


def write(tables: Mapping[str, pd.DataFrame], about: Mapping[str, Any]) -> str:
    """The summary as markdown text.

    `tables` holds screening and indices, and may hold doses and pairs. `about` says how they came about: people, weeks,
    seed, version, factors, shown, runs (state to number, by part), and spread (5th, 50th and 95th percentile over the
    rows of the screening by scenario, the baseline for levels, and outcome).
    """
    sections = [
        _opening(tables, about),
        _screening(tables["screening"], about),
        _indices(tables["indices"]),
        _doses(tables["doses"]) if "doses" in tables else "",
        _pairs(tables["pairs"]) if "pairs" in tables else "",
        _CARD,
        _runs(tables, about),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def headlines(tables: Mapping[str, pd.DataFrame]) -> str:
    """A line for each number: the assumptions that may move it most, as no interval lies wholly above theirs."""
    return "\n".join(
        f"{_name_of(scenario, outcome)}: {_may_be_first(rows)}"
        for scenario, outcome, rows in numbers(tables["screening"])
    )


def _may_be_first(rows: pd.DataFrame) -> str:
    moving = rows[rows["distinguishable"]]
    first = sorted(moving.loc[moving["place_from"] == 1, "words"])
    if not first:
        return "no assumption moves it distinguishably"
    unsure = int(((rows["place_from"] == 1) & ~rows["distinguishable"]).sum())
    return ", ".join(first) + (f" (or {unsure} more that may as well move nothing)" if unsure else "")


def numbers(table: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Each number of a table of factors: its scenario (the baseline for a level), its outcome, and its rows."""
    for (scenario, outcome), rows in table.groupby(["scenario", "outcome"], sort=False):
        yield str(scenario), str(outcome), rows


def leading_of(rows: pd.DataFrame, by: str, shown: int) -> pd.DataFrame:
    """The rows of one number with the largest estimates, by tier and then alphabetically; those of no tier last."""
    moving = rows[rows[by] > 0].nlargest(shown, by)
    return moving.assign(_last=moving["tier"] == 0).sort_values(["_last", "tier", "words"]).drop(columns="_last")


# -- sections ---------------------------------------------------------------------------------------------------------


def _opening(tables: Mapping[str, pd.DataFrame], about: Mapping[str, Any]) -> str:
    paragraphs = [
        "# What moves the results",
        f"{about['factors']} numbers and switches of the model are varied: assumed ones, ones taken from sources "
        f"within a range, and disputed ones. Which of them matter for how things are under {TODAY}, and which for what "
        f"a policy changes? Each simulated history has about {about['people']:,} employees and {about['weeks']} weeks, "
        "of which the last 26 count. Nobody in them is a real person.",
        "## In short\n\nWhat moves each number most is one of these; which, this design cannot tell:",
        "\n".join(f"- {line}" for line in headlines(tables).splitlines()),
        "## How far all of it together moves the results\n\nOver the rows of the screening, in which everything varies "
        "at once. No row is left out for being unlike 2022; these are no forecasts.",
        _spread(about["spread"]),
    ]
    return "\n\n".join(paragraphs)


def _spread(spread: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    rows = []
    for scenario, of in spread.items():
        for outcome, ends in of.items():
            digits = decimals(OUTCOMES[outcome].unit)
            low, middle, high = (
                fixed(end, digits) if scenario == BASELINE.name else signed(end, digits) for end in ends
            )
            rows.append([_name_of(scenario, outcome), OUTCOMES[outcome].unit, middle, f"{low} to {high}"])
    return _table(["Number", "Unit", "Middle", "Nine rows of ten"], rows)


def _screening(table: pd.DataFrame, about: Mapping[str, Any]) -> str:
    count = int(table["trajectories"].iloc[0])
    few = f" At {count} places these intervals are too narrow; take more." if count < _FEW else ""
    how = (
        f"Each assumption goes through its whole range, a switch is turned, at {count} places of the space of all "
        "others (Morris). *Moves by* is the mean size of the move, whichever way, in the unit of the outcome. "
        f"{_HOLDS}{few} *Place* is what these leave open, 1 being the largest move. **Tiers can be told apart; within "
        "a tier intervals overlap in a chain, nothing is ranked, and the order is that of the alphabet.** An "
        "assumption in no tier is not distinguishable from one that moves nothing."
    )
    parts = [f"## Everything open: the screening\n\n{how}"]
    for scenario, outcome, rows in numbers(table):
        shown = leading_of(rows, "mu_star", about["shown"])
        unit = OUTCOMES[outcome].unit
        lines = [
            [
                _tier(row.tier), row.words, _with_interval(row.mu_star, row.low, row.high, decimals(unit)),
                way_in_words(way_of(row.mu_low, row.mu_high), scenario, outcome),
                place_of(row.place_from, row.place_to),
            ]
            for row in shown.itertuples()
        ]  # fmt: skip
        way = f"With more of it the {'level is' if scenario == BASELINE.name else 'policy'}"
        heads = ["Tier", "Assumption", f"Moves by, {unit}", way, "Place"]
        parts += [f"### {_name_of(scenario, outcome)}", _table(heads, lines), _not_shown(rows, shown)]
    return "\n\n".join(parts)


def _not_shown(rows: pd.DataFrame, shown: pd.DataFrame) -> str:
    rest = rows.drop(shown.index)
    least = shown.loc[shown["tier"] > 0, "low"].min()
    still = int((rows["mu_star"] == 0).sum())
    return (
        f"{len(rest)} of {len(rows)} are not shown; the intervals of {int((rest['high'] >= least).sum())} of them "
        f"overlap with one of a tier that is. Of all {len(rows)}, {still} move this number not at all, and "
        f"{int((rows['tier'] == 0).sum()) - still} more not distinguishably."
    )


def _indices(table: pd.DataFrame) -> str:
    count = table["factor"].nunique()
    how = (
        f"The {count} assumptions whose move was largest beside the largest of its number, whichever number, are "
        f"varied together over their ranges (Sobol, {int(table['base_points'].iloc[0])} base points). They are chosen "
        "by estimate: one left out may matter as much as one taken. **All others stay as they are: these are shares of "
        "what the few make vary, not of all doubt.** *By itself* is the share of the variance that an assumption makes "
        "alone, *with others* that with all its interactions, of which there are many where the latter add up to much "
        f"more than 100%. {_HOLDS} Tiers and places are of *with others*."
    )
    parts = [f"## Whose the variation is: the {count} that moved most\n\n{how}"]
    for scenario, outcome, rows in numbers(table):
        lines = [
            [
                _tier(row.tier), row.words, _percent(row.total, row.low, row.high),
                _percent(row.first, row.first_low, row.first_high), place_of(row.place_from, row.place_to),
            ]
            for row in leading_of(rows, "total", count).itertuples()
        ]  # fmt: skip
        parts += [
            f"### {_name_of(scenario, outcome)}",
            _table(["Tier", "Assumption", "With others", "By itself", "Place"], lines),
        ]
    return "\n\n".join(parts)


def _doses(table: pd.DataFrame) -> str:
    null = table.loc[table["step"] == 0, ["difference", "low", "high"]]
    still = bool(((null == 0) | null.isna()).all(axis=None))
    how = (
        f"Differences from {TODAY}. Each point rests on {int(table['replicates'].max())} pairs of histories, each with "
        "people and chance of its own; the 95% interval holds these, not the doubt about parameters. A dose is the "
        "*share of employers* that take the policy as it stands, or its *strength* where all take so much of it. A "
        "strength is asked only of what nobody had in 2022, since it would take from those who had it, and of what "
        "holds everywhere, as how things are told. A dose of 0 changed "
        f"{'exactly nothing' if still else '**something: do not use these results**'} in any run. Policies stand in a "
        f"fixed order.{f' {STRENGTHENS}' if table['strengthens'].any() else ''}"
    )
    parts = [f"## Doses of each policy\n\n{how}"]
    for outcome, rows in table.groupby("outcome", sort=False):
        parts += [f"### {OUTCOMES[str(outcome)].label}, {OUTCOMES[str(outcome)].unit}", _doses_of(rows)]
    return "\n\n".join(parts)


def _doses_of(table: pd.DataFrame) -> str:
    """A row a policy: half of it in each kind of dose that it has, and all of it."""
    steps = sorted(table["step"].unique())
    middle, most = steps[len(steps) // 2], steps[-1]
    table = table.assign(kind=table["factor"].str.partition(".")[0], policy=table["factor"].str.partition(".")[2])
    kinds = [kind for kind in KINDS_OF_DOSE if kind in set(table["kind"])]
    lines = []
    for policy, rows in table.groupby("policy", sort=False):
        at = {(row["kind"], row["step"]): row for _, row in rows.iterrows()}
        name = label_of(str(policy)) + (" †" if rows["strengthens"].any() else "")
        halves = [_effect(at[kind, middle]) if (kind, middle) in at else "–" for kind in kinds]
        lines.append([name, *halves, _effect(at[rows["kind"].iloc[0], most])])
    heads = ["Policy", *(f"{KINDS_OF_DOSE[kind]} {middle:g}" for kind in kinds)]
    return _table([*heads, "as it stands" if most == 1 else f"{most:g}"], lines)


def _pairs(table: pd.DataFrame) -> str:
    how = (
        "Two levers in every dose with every other. *Beyond the sum* is what both do together less what each does "
        "alone: below zero there is less of the outcome than the two add up to, above zero more. It is taken within a "
        f"pair of histories; there are {int(table['replicates'].max())} pairs, and the 95% interval holds people and "
        "chance. *Cells* counts the combinations of doses whose interval leaves out zero; where nothing is to be found "
        "about one in twenty would by chance."
    )
    lines = []
    for (one, other, outcome), rows in table.groupby(["first", "second", "outcome"], sort=False):
        both = rows[(rows["first_step"] > 0) & (rows["second_step"] > 0)]
        full = both.loc[(both["first_step"] + both["second_step"]).idxmax()]
        together = full[["joint", "joint_low", "joint_high", "unit"]].set_axis(["difference", "low", "high", "unit"])
        beyond = full[["interaction", "low", "high", "unit"]].set_axis(together.index)
        lines.append(
            [
                f"{dose_in_words(one)} and {dose_in_words(other)}", f"{short(outcome)}, {full['unit']}",
                _effect(together), _effect(beyond), f"{both['distinguishable'].sum()} of {len(both)}",
            ]
        )  # fmt: skip
    heads = ["Levers", "Outcome", "Together, both in full", "Beyond the sum", "Cells"]
    return f"## Two levers at a time\n\n{how}\n\n{_table(heads, lines)}"


_CARD = f"""## What this can and cannot say

- It says what matters **in this model**, over ranges that are themselves assumed for most. A wide range moves more
  than a narrow one.
- The screening and the shares give every row the same people and the same chance. What differs is due to the
  assumptions; how it would be for other people their intervals do not say.
- A mean size is never below zero: an assumption that only shifts chance about has a small one as well. Where it pushes
  now one way, now the other, it may be no more than that.
- Many intervals are told here. Of those where nothing is to be found, about one in twenty leaves it out by chance.
- Rows lie anywhere in the ranges, and need not look like the Netherlands of 2022. Nothing here estimates {TODAY}.
- *Not distinguishable* means that this design cannot tell. It does not mean that there is no effect."""


def _runs(tables: Mapping[str, pd.DataFrame], about: Mapping[str, Any]) -> str:
    left_out = ", ".join(
        f"{lost:,} of {lost + int(table[used].iloc[0]):,} {used.replace('_', ' ')}"
        for table, used in ((tables["screening"], "trajectories"), (tables["indices"], "base_points"))
        for lost in [int(table["dropped"].max())]
    )
    rows = [[part, *(f"{states.get(s, 0):,}" for s in ("done", "failed"))] for part, states in about["runs"].items()]
    return "\n\n".join(
        [
            "## The runs behind it",
            _table(["Part", "Runs done", "Failed"], rows),
            f"A run that failed takes with it all that are compared with it; left out for that: {left_out}.",
            f"Seed {about['seed']}, version {about['version']}.",
        ]
    )


# -- words ------------------------------------------------------------------------------------------------------------


def short(outcome: str) -> str:
    """The name of an outcome within a sentence.

    >>> short("burn_out_complaints"), short("isolation_from_company")
    ('burn-out complaints', 'isolation from the company')
    """
    label = OUTCOMES[outcome].label.partition(" (")[0]
    return f"{label[0].lower()}{label[1:]}"


def title_of(scenario: str) -> str:
    """What a number is, apart from its outcome: a level, or the difference that a scenario makes."""
    return f"Level under {TODAY}" if scenario == BASELINE.name else f"What {scenario.replace('_', ' ')} changes"


def _name_of(scenario: str, outcome: str) -> str:
    title, name = title_of(scenario), short(outcome)
    return f"{name[0].upper()}{name[1:]}: {title[0].lower()}{title[1:]}"


def way_of(low: float, high: float) -> int:
    """1 where more of an assumption makes a number higher throughout its interval, -1 where lower, else 0."""
    return int(low > 0) - int(high < 0)


def way_in_words(way: int, scenario: str, outcome: str) -> str:
    """What more of an assumption does to a number that goes up (1), down (-1), or now up, now down (0) with it.

    >>> way_in_words(1, "baseline", "exhaustion"), way_in_words(1, "whole_package", "exhaustion")
    ('higher', 'helps less')
    """
    if scenario == BASELINE.name:
        return ("now higher, now lower", "higher", "lower")[way]
    if way == 0:
        return "helps now more, now less"
    return _HELPS.get((OUTCOMES[outcome].high_is, way > 0), "higher difference" if way > 0 else "lower difference")


def dose_in_words(factor: str) -> str:
    """The name of a dose in plain words.

    >>> dose_in_words("strength.anchor_days")
    'anchor days (strength)'
    """
    kind, _, policy = factor.partition(".")
    return f"{policy.replace('_', ' ')} ({KINDS_OF_DOSE[kind]})"


def decimals(unit: str) -> int:
    """How many decimals a number in this unit is written with."""
    return 1 if unit.startswith("per 1,000") else 3


def _tier(tier: int) -> str:
    return str(tier) if tier else "none"


def place_of(first: int, last: int) -> str:
    """The places that intervals leave open.

    >>> place_of(1, 1), place_of(3, 18)
    ('1', '3–18')
    """
    return f"{first}" if first == last else f"{first}–{last}"


def _effect(row: pd.Series) -> str:
    """A difference with its interval, as what it is if that holds zero; of `difference`, `low`, `high` and `unit`."""
    digits = decimals(row["unit"])
    middle, low, high = (signed(row[end], digits) for end in ("difference", "low", "high"))
    nothing = f"{0:.{digits}f}"
    told = f"under {10**-digits}" if {middle, low, high} == {nothing} else f"{middle} ({low} to {high})"
    return told if is_distinguishable(row["low"], row["high"]) else f"not distinguishable: {told}"


def _with_interval(middle: float, low: float, high: float, digits: int) -> str:
    return f"{fixed(middle, digits)} ({fixed(low, digits)} to {fixed(high, digits)})"


def _percent(middle: float, low: float, high: float) -> str:
    return f"{middle:z.0%} ({low:z.0%} to {high:z.0%})"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in [heads, ["---"] * len(heads), *rows])
