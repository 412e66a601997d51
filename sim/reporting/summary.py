"""The page a policymaker reads: plain words, whole numbers, and no rank that chance alone could have made.

Where every run has a posterior draw of its own, the page counts runs; where all share parameters, it compares means.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from sim.errors import UserError
from sim.outcomes.definitions import BURN_OUT, ISOLATION, SMALLEST_GROUP
from sim.outcomes.effects import CHANCE, DRAWS
from sim.outcomes.no_effect import REASONS, count_reasons, in_words
from sim.text import code, plain

TODAY = "today's practice"
NOT_DISTINGUISHABLE = f"not distinguishable from {TODAY}"
KINDS = {"policy": "policy", "counterfactual": "what-if scenario"}
"""What to call a scenario of each kind."""
NOTICEABLE_SHARE = 0.005
"""Below this a share of people reads 0%."""

LABELS = {
    BURN_OUT: "Burn-out complaints (NEA: work-related exhaustion)",
    "baseline": "Today's practice",
    "non_managers": "Non-managers",
    "users": "Users of the measures",
    "women": "Women (not used in the model)",
    "other_care": "Other care duties (not used in the model)",
    "no_separate_room": "No separate work room",
    "on_site": "Work on site",
}
"""Only the names that would read badly when derived from their id; a caller may replace and add."""

_ABOUT = ("replicates", "people", "weeks", "seed", "version", "parameters", "assumed")
_EFFECT_COLUMNS = ("scenario", "kind", "outcome", "group", "baseline", "difference", "low", "high", "unit")
_COUNT_COLUMNS = ("scenario", "kind", "outcome", "group", "lower", "little", "higher", "margin", "replicates", "unit")
_GAIN_COLUMNS = ("scenario", "kind", "outcome", "group", "gained", "worse", "margin", "unit")

_NOTHING = "No group has ten people in every week, so none is large enough to be reported."
PHRASES = {
    "exactly": f"exactly the same as {TODAY}",
    "not_distinguishable": NOT_DISTINGUISHABLE,
    "nothing": "no difference",
    **{word: word for word in ("fewer", "more", "lower", "higher", "under", "hardly", "slightly", "much")},
    "about": "about {amount}",
    "to": "{near} to {far} {word}",
    "around": "{low} {less} to {high} {more}",
    "either_way": "{amount} either way",
    "up_to": "up to {amount} either way",
    "decimal": ".",
    "does_not_apply": "does not apply",
    "because": "does not apply: {reason}",
    "or": "or",
    **REASONS,
}
"""What `change_in_words` makes a change of; a view in another language gives its own."""
_SIZES = ((0.05, "hardly"), (0.20, "slightly"), (0.50, ""), (math.inf, "much"))
"""Upper bounds in SD. Cohen (1988) calls 0.2 small and 0.5 medium; below 0.05 nobody would notice."""


def label_of(identifier: str, labels: Mapping[str, str] | None = None) -> str:
    """The plain name of a scenario, outcome, group or measure: given, known, or derived from its id."""
    known = {**LABELS, **(labels or {})}
    return known.get(identifier) or identifier.replace(".", ": ").replace("_", " ").capitalize()


def require_columns(table: pd.DataFrame, columns: Iterable[str], name: str) -> pd.DataFrame:
    """The table itself; a `UserError` names what it lacks."""
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise UserError(f"table '{name}' lacks {', '.join(missing)}; it has {', '.join(map(str, table.columns))}")
    return table


def reached(weekly: pd.DataFrame, share: float) -> date:
    """The week from which on a mean difference keeps at least this share of what it is in the last week.

    `weekly` holds one outcome of one group and scenario, with the columns date and difference.
    """
    rows = require_columns(weekly, ("date", "difference"), "trajectories").sort_values("date")
    last = rows["difference"].iloc[-1]
    moved = bool(last) and not math.isnan(last)
    short = (rows["difference"] / last < share).to_numpy() if moved else np.zeros(len(rows), bool)
    first = int(np.flatnonzero(short)[-1]) + 1 if short.any() else 0
    return pd.Timestamp(rows["date"].iloc[first]).date()


def without_small_groups(table: pd.DataFrame) -> pd.DataFrame:
    """The rows that may be shown: where a table counts its `people`, groups below ten are left out."""
    return table[table["people"] >= SMALLEST_GROUP] if "people" in table.columns else table


def in_given_order(table: pd.DataFrame, kind: str) -> list[str]:
    """Scenarios of one kind in the order the table gives them; never sorted by how well they do."""
    return [str(scenario) for scenario in table.loc[table["kind"] == kind, "scenario"].unique()]


def is_distinguishable(low: float, high: float) -> bool:
    """Whether an interval leaves out zero; without an interval (one run) nothing is distinguishable."""
    return low > 0 or high < 0


def direction_words(unit: str) -> tuple[str, str]:
    """What to call less and more of an outcome in this unit."""
    return ("fewer", "more") if unit.startswith("per 1,000") else ("lower", "higher")


def change_in_words(
    difference: float,
    low: float,
    high: float,
    unit: str,
    phrases: Mapping[str, str] = PHRASES,
    people_decimals: int = 0,
    reason: str = "",
) -> str:
    """A difference from today's practice with its interval, as a policymaker would say it.

    Where there is nothing to differ `difference` is nan, and `reason` says why, as ids of `sim.outcomes.no_effect`.
    People per 1,000 have `people_decimals`; anything else keeps two decimals and its unit. Of one run, whose `low` and
    `high` are nan, the difference stands alone.

    >>> change_in_words(-5.2, -8.1, -2.3, "per 1,000 employees")
    '5 fewer (2 to 8 fewer)'
    >>> change_in_words(-2.1, -2.3, -1.9, "per 1,000 employees")
    '2 fewer (about 2)'
    >>> change_in_words(-5.2, -8.1, -2.3, "per 1,000 employees", people_decimals=1)
    '5.2 fewer (2.3 to 8.1 fewer)'
    >>> change_in_words(-0.08, -0.12, -0.04, "SD")
    'slightly lower: 0.08 SD (0.04 to 0.12)'
    >>> change_in_words(-2.0, -6.0, 2.0, "per 1,000 employees")
    "not distinguishable from today's practice (6 fewer to 2 more)"
    """
    if math.isnan(difference):
        said = in_words(reason, phrases, f" {phrases['or']} ")
        return phrases["because"].format(reason=said) if reason else phrases["does_not_apply"]
    less, more = (phrases[word] for word in direction_words(unit))
    of_people = unit.startswith("per 1,000")
    decimals = people_decimals if of_people else 2
    if difference == low == high == 0:
        return phrases["exactly"]
    noun = "" if of_people else f" {unit}"
    word = less if difference < 0 else more
    size = f"{_amount(difference, decimals, phrases)}{noun}"
    said = f"{size} {word}" if of_people else f"{_size_word(difference, unit, phrases)}{word}: {size}"
    if math.isnan(low) or math.isnan(high):
        return said if difference else phrases["nothing"]
    if not is_distinguishable(low, high):
        around = _around_zero(low, high, decimals, noun, (less, more), phrases)
        return f"{phrases['not_distinguishable']} ({around})"
    interval = _span(low, high, decimals, word if of_people else "", phrases)
    return f"{said} ({interval})" if interval else said


def not_told_apart(effects: pd.DataFrame) -> list[list[str]]:
    """The largest sets of scenarios whose intervals all overlap, each in the order of the table.

    `effects` holds one row a scenario: scenario, low, high. Overlap is no chain: A may overlap B and B may
    overlap C while A and C differ; then there are two sets.
    """
    sets = {
        frozenset(effects.loc[(effects["low"] <= start) & (start <= effects["high"]), "scenario"])
        for start in effects["low"]
    }
    largest = [one for one in sets if len(one) > 1 and not any(one < other for other in sets)]
    place = {scenario: position for position, scenario in enumerate(effects["scenario"])}
    return sorted((sorted(one, key=place.__getitem__) for one in largest), key=lambda one: [place[s] for s in one])


def write(tables: Mapping[str, pd.DataFrame], about: Mapping[str, Any], labels: Mapping[str, str] | None = None) -> str:
    """The summary as markdown text.

    `tables` holds `effects` (difference from the baseline per scenario, outcome and group, with its unit and
    interval) and may hold `gains` (shares of each group's people) and `counts` (of runs). `about` says how they came
    about: replicates, people, weeks, seed, version, parameters, assumed; and, where there are, what intervals hold
    (`holds`: chance or draws), the measures that each scenario introduces (`introduced`) and the command that repeats
    it all (`command`).
    Raises `UserError` when a table or a fact is missing.
    """
    _require_facts(about)
    if "effects" not in tables:
        raise UserError(f"the summary needs the table 'effects'; given: {', '.join(tables) or 'none'}")
    effects = without_small_groups(require_columns(tables["effects"], _EFFECT_COLUMNS, "effects"))
    sections = [
        _opening(effects, about),
        _policies(effects, tables, about, labels),
        _in_how_many(tables, labels) if _is_of_draws(about) else _neighbours(effects, labels),
        _gains(effects, tables, labels),
        _what_if_worlds(effects, about, labels),
        _card(about),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _named(identifier: str, labels: Mapping[str, str] | None = None) -> str:
    """The plain name in markdown."""
    return plain(label_of(identifier, labels))


def _require_facts(about: Mapping[str, Any]) -> None:
    missing = [fact for fact in _ABOUT if fact not in about]
    if missing:
        raise UserError(f"the summary's facts lack {', '.join(missing)}; needed are {', '.join(_ABOUT)}")


def _opening(effects: pd.DataFrame, about: Mapping[str, Any]) -> str:
    one, all_of_them = _compared(effects)
    numbers = _NOTHING if effects.empty else f"All numbers are differences from {TODAY}. {_chance(about)}"
    paragraphs = [
        f"# What the {all_of_them} change",
        f"Each {one} was compared with {TODAY} in {_counted(about['replicates'], 'pair')} of simulated "
        f"histories of {_counted(about['weeks'], 'week')}, with {about['people']:,} simulated employees "
        "each. The two histories of a pair share all their chance events: the same people, the same busy "
        f"days, the same illnesses. What differs between them is the {one}.",
        f"{numbers} Nobody in these figures is a real person.",
        f"Seed {about['seed']}, version {about['version']}." + _command(about),
    ]
    return "\n\n".join(paragraphs)


def _compared(effects: pd.DataFrame) -> tuple[str, str]:
    """What to call one of the scenarios compared, and all of them."""
    if in_given_order(effects, "policy"):
        return "policy", "policies"
    if in_given_order(effects, "counterfactual"):
        return "what-if scenario", "what-if scenarios"
    return "scenario", "scenarios"


def _chance(about: Mapping[str, Any]) -> str:
    if _is_one_run(about):
        return "One run has no interval: how much of a difference is chance cannot be told from it."
    if _is_of_draws(about):
        return (
            "Each pair has people, chance and parameters of its own; the parameters are drawn from those that agree "
            "with the figures of 2021-2022. Nine in ten pairs lie between the numbers in brackets, which hold chance "
            "and the doubt about parameters."
        )
    return "The numbers in brackets are a 95% interval that holds chance only."


def _is_of_draws(about: Mapping[str, Any]) -> bool:
    return about.get("holds", CHANCE) == DRAWS and not _is_one_run(about)


def _is_one_run(about: Mapping[str, Any]) -> bool:
    return bool(about["replicates"] == 1)


def _command(about: Mapping[str, Any]) -> str:
    return f" The command that repeats this: {code(about['command'])}" if about.get("command") else ""


def without_effect(reasons: pd.DataFrame, labels: Mapping[str, str] | None = None) -> list[str]:
    """In how many runs a scenario has no effect and why, a line each; `reasons` is the table of that name."""
    whole = reasons[reasons["part"] == ""]
    return [
        f"{label_of(str(scenario), labels)}: "
        + count_reasons(dict(zip(own["reason"], own["runs"], strict=True)), int(own["replicates"].iloc[0]))
        for scenario, own in whole.groupby("scenario", sort=False)
    ]


def _partly(tables: Mapping[str, pd.DataFrame], labels: Mapping[str, str] | None) -> list[str]:
    lines = without_effect(tables["reasons"], labels) if "reasons" in tables else []
    if not lines:
        return []
    return ["**Runs without any effect.** " + ". ".join(lines) + ". Such runs count as no difference in the mean."]


def _policies(
    effects: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    about: Mapping[str, Any],
    labels: Mapping[str, str] | None,
) -> str:
    policies = in_given_order(effects, "policy")
    if not policies:
        return ""
    partly = _partly(tables, labels)
    heads = [
        "Policy",
        f"Burn-out complaints, everybody{_today(effects, BURN_OUT)}",
        "Burn-out complaints, only those who use the measures",
        f"Isolation from colleagues, everybody{_today(effects, ISOLATION)}",
    ]
    asked = [(BURN_OUT, "everybody"), (BURN_OUT, "users"), (ISOLATION, "everybody")]
    rows = [[_named(policy, labels), *_cells(effects, about, policy, asked)] for policy in policies]
    notes = f"{_how_to_read(about)} {_how_to_compare(len(rows) * len(asked), about)}"
    return "\n\n".join(["## Policies", _table(heads, rows), notes, *partly])


def _how_to_read(about: Mapping[str, Any]) -> str:
    about_in_brackets = "*About* in brackets: both ends of the interval round to that number. "
    return (
        "Complaints are in employees per 1,000: *burn-out complaints (NEA: work-related exhaustion)*, a "
        "survey's answer, not a diagnosis. "
        f"{'' if _is_one_run(about) else about_in_brackets}Isolation is in standard deviations (SD) of "
        "Dutch home workers in 2022: *hardly* is below 0.05 SD, *slightly* below 0.20, *much* from 0.50."
    )


def _how_to_compare(comparisons: int, about: Mapping[str, Any]) -> str:
    order = (
        "Effects on users and on everybody count different people and must not be added, or compared as if they "
        "were one. The policies stand in a fixed order, not in an order of success."
    )
    if _is_one_run(about):
        return order
    if _is_of_draws(about):
        return f"{order} Which of two does more, and in how many draws, is asked by `hybridwork robust_ranking`."
    return (
        f"{order} Even if no policy did anything, about one interval in twenty would leave out zero by chance; "
        f"this table holds up to {comparisons}."
    )


def _today(effects: pd.DataFrame, outcome: str) -> str:
    """The level of today's practice for a column's head, where it is a number of people."""
    rows = _of(effects, outcome, "everybody")
    if rows.empty or not str(rows["unit"].iloc[0]).startswith("per 1,000"):
        return ""
    return f" (today {rows['baseline'].iloc[0]:.0f} per 1,000)"


def _cells(
    effects: pd.DataFrame, about: Mapping[str, Any], scenario: str, asked: Sequence[tuple[str, str]]
) -> list[str]:
    return [_cell(_of(effects, outcome, group), about, scenario, group) for outcome, group in asked]


def _cell(rows: pd.DataFrame, about: Mapping[str, Any], scenario: str, group: str) -> str:
    rows = rows[rows["scenario"] == scenario]
    if rows.empty:
        return _too_few_users(about, scenario) if group == "users" else "not computed"
    row = rows.iloc[0]
    difference, low, high = (float(row[name]) for name in ("difference", "low", "high"))
    return change_in_words(difference, low, high, str(row["unit"]), reason=str(row.get("reason", "")))


def _too_few_users(about: Mapping[str, Any], scenario: str) -> str:
    """Why a scenario has no row of users: it introduces nothing that could be used, or hardly anybody uses it."""
    return "fewer than ten users" if about.get("introduced", {}).get(scenario) else "no users"


def _in_how_many(tables: Mapping[str, pd.DataFrame], labels: Mapping[str, str] | None) -> str:
    """In how many runs each policy lowers a headline, changes little, or raises it, for everybody."""
    if "counts" not in tables:
        return ""
    counts = require_columns(tables["counts"], _COUNT_COLUMNS, "counts")
    counts = counts[(counts["kind"] == "policy") & (counts["group"] == "everybody")]
    if counts.empty:
        return ""
    runs = int(counts["replicates"].max())
    parts = [_counted_runs(counts[counts["outcome"] == outcome], labels) for outcome in (BURN_OUT, ISOLATION)]
    note = (
        f"Of {_counted(runs, 'run')} with settings that agree with the figures of 2021-2022. **This is not the chance "
        "that it works with you**: it counts settings that nobody could tell apart, in simulated organisations like "
        "those of a study of 206."
    )
    return "\n\n".join(["## In how many runs", note, *parts])


def _counted_runs(counts: pd.DataFrame, labels: Mapping[str, str] | None) -> str:
    first = counts.iloc[0]
    less, more = direction_words(str(first["unit"]))
    heads = ["Policy", less.capitalize(), "Little changed", more.capitalize()]
    rows = [
        [_named(str(row["scenario"]), labels), *(str(row[column]) for column in ("lower", "little", "higher"))]
        for _, row in counts.iterrows()
    ]
    margin = f"*Little*: up to {first['margin']:g} {first['unit']}."
    return f"**{_named(str(first['outcome']), labels)}, everybody.** {margin}\n\n{_table(heads, rows)}"


def _neighbours(effects: pd.DataFrame, labels: Mapping[str, str] | None) -> str:
    told = [_told_apart(effects, outcome, labels) for outcome in (BURN_OUT, ISOLATION)]
    lines = [line for line in told if line]
    return "\n\n".join(["## Which policies differ from each other", *lines]) if lines else ""


def _told_apart(effects: pd.DataFrame, outcome: str, labels: Mapping[str, str] | None) -> str:
    rows = _of(effects, outcome, "everybody")
    rows = rows[rows["kind"] == "policy"].dropna(subset=["low", "high"])
    if len(rows) < 2:
        return ""
    name = f"**{_named(outcome, labels)}, everybody.**"
    sets = not_told_apart(rows)
    if not sets:
        return f"{name} All policies are distinguishable from each other: no two intervals overlap."
    if len(sets[0]) == len(rows):
        return f"{name} No policy is distinguishable from any other: all intervals overlap."
    lines = [f"- {joined(_named(scenario, labels) for scenario in one)}" for one in sets]
    return f"{name} Not distinguishable from each other, because their intervals overlap:\n\n" + "\n".join(lines)


def _gains(effects: pd.DataFrame, tables: Mapping[str, pd.DataFrame], labels: Mapping[str, str] | None) -> str:
    if "gains" not in tables or not in_given_order(effects, "policy"):
        return ""
    gains = without_small_groups(require_columns(tables["gains"], _GAIN_COLUMNS, "gains"))
    gains = gains[gains["kind"] == "policy"]
    title = "## Who gains and who is made worse"
    of_policies = effects.loc[effects["kind"] == "policy", "difference"]
    if gains.empty and len(of_policies) and of_policies.isna().all():
        return ""
    if gains.empty:
        return f"{title}\n\nNo group has ten people who stayed to the end, so none is large enough to be reported."
    parts = [_gains_in(gains[gains["outcome"] == outcome], labels) for outcome in gains["outcome"].unique()]
    note = (
        "Groups overlap, and groups below ten people are not shown. These shares are for adapting a "
        "policy to people, not for choosing people."
    )
    return "\n\n".join([title, *parts, note])


def _gains_in(gains: pd.DataFrame, labels: Mapping[str, str] | None) -> str:
    first = gains.iloc[0]
    heads = [
        "Policy",
        "Everybody: gain",
        "Everybody: made worse",
        "Groups where more are made worse than gain",
    ]
    policies = in_given_order(gains, "policy")
    most = gains.groupby("scenario")[["gained", "worse"]].max().max(axis=1)
    moving = [policy for policy in policies if most[policy] >= NOTICEABLE_SHARE]
    rows = [[_named(one, labels), *_gain_cells(gains[gains["scenario"] == one], labels)] for one in moving]
    margin = f"Counted are changes of more than {first['margin']:g} {first['unit']}."
    still = _hardly_anybody([one for one in policies if one not in moving], labels)
    opening = f"**{_named(str(first['outcome']), labels)}.** {margin}{still}"
    return f"{opening}\n\n{_table(heads, rows)}" if rows else opening


def _hardly_anybody(policies: Sequence[str], labels: Mapping[str, str] | None) -> str:
    if not policies:
        return ""
    names = joined(_named(policy, labels) for policy in policies)
    return f" In every group under 1% gain or are made worse by that much with: {names}."


def _gain_cells(gains: pd.DataFrame, labels: Mapping[str, str] | None) -> list[str]:
    everybody = gains[gains["group"] == "everybody"]
    shares = [_share(everybody[column].iloc[0]) if len(everybody) else "not shown" for column in ("gained", "worse")]
    losing = gains[(gains["worse"] >= gains["gained"] + 0.01) & (gains["group"] != "everybody")]
    groups = [
        f"{_named(str(row['group']), labels)} ({_share(row['worse'])} worse, {_share(row['gained'])} gain)"
        for _, row in losing.iterrows()
    ]
    return [*shares, "; ".join(groups) or "none"]


def _what_if_worlds(effects: pd.DataFrame, about: Mapping[str, Any], labels: Mapping[str, str] | None) -> str:
    worlds = in_given_order(effects, "counterfactual")
    if not worlds:
        return ""
    alone = not in_given_order(effects, "policy")
    warning = "These worlds explain what the model holds to be at work. They are not to be chosen from"
    heads = ["What if", "Burn-out complaints, everybody (per 1,000)", "Isolation from colleagues, everybody"]
    asked = [(BURN_OUT, "everybody"), (ISOLATION, "everybody")]
    rows = [[_named(world, labels), *_cells(effects, about, world, asked)] for world in worlds]
    parts = [
        "## What-if scenarios, not options",
        f"{warning}." if alone else f"{warning}, and not compared with the policies.",
        _table(heads, rows),
        _how_to_read(about) if alone else "",
    ]
    return "\n\n".join(part for part in parts if part)


def _card(about: Mapping[str, Any]) -> str:
    return (
        "## What this can and cannot be used for\n\n"
        "**It can** show which way policies push, how they reach people or fail to, and for whom. It can "
        "sharpen a question before money is spent or a pilot is designed.\n\n"
        "**It cannot**\n\n"
        "- replace a risk inventory and evaluation, or prove compliance with any duty;\n"
        "- decide about one person or one employer;\n"
        "- excuse from a legal duty: a duty stays a duty whether or not an effect shows here. Of desks and "
        "chairs, for one, no visible effect within two years is expected;\n"
        f"- say how sure the model itself is{_sureness(about)}: {about['assumed']} of its {about['parameters']} "
        f"uncertain numbers are assumed, not measured.{_not_distinguishable(about)}"
    )


def _sureness(about: Mapping[str, Any]) -> str:
    if _is_one_run(about):
        return ""
    if _is_of_draws(about):
        return ". The intervals hold chance and the doubt about parameters, not that about structure"
    return ". The intervals hold chance only, not the doubt about parameters and structure"


def _not_distinguishable(about: Mapping[str, Any]) -> str:
    if _is_one_run(about):
        return ""
    if _is_of_draws(about):
        return (
            "\n\n*Not distinguishable* means that more than one run in twenty points the other way, or shows nothing. "
            "It does not mean that there is no effect."
        )
    return (
        "\n\n*Not distinguishable* means that this many runs cannot tell the two apart. It does not mean that "
        "there is no effect."
    )


def _of(effects: pd.DataFrame, outcome: str, group: str) -> pd.DataFrame:
    return effects[(effects["outcome"] == outcome) & (effects["group"] == group)]


def _amount(value: float, decimals: int, phrases: Mapping[str, str]) -> str:
    """The size of a change without its sign; what rounds to nothing is said to be small, not to be zero."""
    smallest = 10.0**-decimals
    rounded = f"{abs(value):.{decimals}f}"
    written = f"{phrases['under']} {smallest:.{decimals}f}" if value and float(rounded) == 0 else rounded
    return written.replace(".", phrases["decimal"])


def _span(low: float, high: float, decimals: int, word: str, phrases: Mapping[str, str]) -> str:
    """Both ends of an interval on one side of zero; nothing where both are too small to be written."""
    near, far = (_amount(value, decimals, phrases) for value in sorted((low, high), key=abs))
    if near == far:
        return "" if near.startswith(phrases["under"]) else phrases["about"].format(amount=near)
    return phrases["to"].format(near=near, far=far, word=word).rstrip()


def _around_zero(
    low: float, high: float, decimals: int, noun: str, words: tuple[str, str], phrases: Mapping[str, str]
) -> str:
    """Both ends of an interval that holds zero."""
    (less, more), ends = words, [_amount(value, decimals, phrases) + noun for value in (low, high)]
    if ends[0] == ends[1]:
        return phrases["either_way" if ends[0].startswith(phrases["under"]) else "up_to"].format(amount=ends[0])
    return phrases["around"].format(low=ends[0], less=less, high=ends[1], more=more)


def _size_word(difference: float, unit: str, phrases: Mapping[str, str]) -> str:
    size = next(word for bound, word in _SIZES if abs(difference) < bound) if unit == "SD" else ""
    return f"{phrases[size]} " if size else ""


def _share(share: float) -> str:
    return f"{PHRASES['under']} 1%" if 0 < share < NOTICEABLE_SHARE else f"{share:.0%}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def joined(names: Iterable[str]) -> str:
    """Names in a sentence: `a, b and c`."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)
