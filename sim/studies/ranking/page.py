"""The page of a robust ranking: counts of a hundred worlds in plain words, and no rank that the draws do not bear."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engine.plan import BASELINE
from sim.errors import required
from sim.formatting import signed
from sim.outcomes.definitions import OUTCOMES
from sim.outcomes.run_summary import USERS
from sim.reporting.summary import TODAY, label_of
from sim.studies.ranking.statistics import (
    ALL,
    BURN_OUT,
    COLLEAGUES,
    COMPANY,
    EVERYBODY,
    HEADLINES,
    PLAUSIBLE,
    SINGLE,
    of_hundred,
)
from sim.studies.ranking.words import (
    NOT_THE_CHANCE,
    SHORT,
    Facts,
    Tables,
    ends_of,
    headlines,
    hundred_worlds,
    joined,
    leading_pair,
    name_of,
    of_100,
    said_too_few,
    seen_from_second,
    singles_of,
    today_rows,
    too_few,
    where,
)

if TYPE_CHECKING:
    import pandas as pd

Labels = Mapping[str, str] | None

_NEARLY_ALWAYS = 0.95
"""The share of worlds from which on two policies that are about the same need no ranking."""
_DECIMALS = {BURN_OUT: 1, COLLEAGUES: 3, COMPANY: 3}


def write(tables: Tables, facts: Facts, labels: Labels = None) -> str:
    """The page as markdown; `tables` and `facts` are those of the study, `labels` plain names by id."""
    sections = [
        "# Which policy does better, in how many plausible worlds",
        _opening(tables, facts),
        _how_made(facts),
        _against_today(tables, facts, labels),
        _which_is_best(tables, facts, labels),
        _two_by_two(tables, facts, labels),
        _flips(tables, facts, labels),
        _harms(tables, facts, labels),
        _card(facts),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


# -- first of all -----------------------------------------------------------------------------------------------------


def _opening(tables: Tables, facts: Facts) -> str:
    if too_few(facts):
        return f"**{said_too_few(facts)}** {NOT_THE_CHANCE}"
    first, *others = headlines(tables, facts)
    if leading_pair(tables, facts) is None:
        return "\n\n".join([f"**{first}**", NOT_THE_CHANCE, *_bullets(others)])
    between = f"{_pair_on_isolation(tables, facts)} {_between_leaders(tables, facts)}"
    made = f"The hundred stand for {facts['plausible']:,} plausible draws of {facts['lived']:,}."
    return "\n\n".join([f"**{first}**", f"{between} {made} {NOT_THE_CHANCE}", *_bullets(others)])


def _pair_on_isolation(tables: Tables, facts: Facts) -> str:
    """The leading two on isolation from colleagues, from the side that the first sentence takes."""
    ahead = required(leading_pair(tables, facts), "the leading two")
    row = required(leading_pair(tables, facts, COLLEAGUES), "the leading two on isolation")
    if row["first"] != ahead["first"]:
        row = seen_from_second(row)
    better, same, worse = of_hundred([int(row[name]) for name in ("better", "same", "worse")])
    return f"Isolation from colleagues the first lowers more in {better}, about as much in {same}, and less in {worse}."


def _bullets(lines: Sequence[str]) -> list[str]:
    return ["\n".join(f"- {line}" for line in lines)] if lines else []


def _between_leaders(tables: Tables, facts: Facts) -> str:
    """How the two were chosen, who else might have been, and whether they can be told apart."""
    pair = required(leading_pair(tables, facts), "the leading two")
    rows = where(tables["wins"], draws=PLAUSIBLE, outcome=BURN_OUT, among=singles_of(facts)).set_index("policy")
    one, two, *others = facts["leaders"]
    told = (
        "These two are best on burn-out complaints most often among the "
        f"{'single ' if facts['packages'] else ''}policies ({of_100(rows.loc[one], 'best')} and "
        f"{of_100(rows.loc[two], 'best')} of 100)."
    )
    near = [name for name in others if rows.loc[name, "best_high"] >= rows.loc[two, "best_low"]]
    if near:
        named = joined(f"{name_of(name)} {of_100(rows.loc[name], 'best')}" for name in near)
        told += f" Of the others, not to be told from the second of them: {named}."
    interval = f"{of_100(pair, 'better')} against {of_100(pair, 'worse')} of 100"
    verdict = "the draws tell them apart" if pair["ahead"] else "the draws do not tell them apart, so neither is ranked"
    return f"{told} In brackets and below: 95% intervals over draws. Between the two, {interval}: {verdict}."


# -- the worlds -------------------------------------------------------------------------------------------------------


_NOT_ASKED = {
    True: "Draws of the posterior agree with the figures of 2021 and 2022 within their error, so all of them count as "
    "plausible.",
    False: "Nearness to what was measured was not asked for: all draws count as plausible.",
}


def _how_made(facts: Facts) -> str:
    own = facts["ranking"]
    asked = [
        f"{_demand(name, own, facts['target'])}: {facts['near'][name]:,} of {facts['lived']:,} draws"
        for name in HEADLINES
        if own["near_burn_out" if name == BURN_OUT else "near_isolation"] is not None
    ]
    rule = (
        "A draw counts as plausible if today's practice in it, over the last 26 weeks, is near to what was measured "
        "among home workers:\n\n"
        + "\n".join(f"- {line};" for line in asked)
        + f"\n- all of these together: {facts['plausible']:,} of {facts['lived']:,} draws.\n\n"
        "These distances are assumptions of this study, not results. People and chance alone move one organisation of "
        "500 people by some 1.5 percentage points and 0.07 SD (one standard deviation); 5 points and "
        "0.25 SD would leave room for three times as much. Draws fall outside because the scales are centred on the "
        "fitted values, and a draw moves everything else. Nearness to these three numbers is a weak test: a draw that "
        "passes it may still miss other data."
        if asked
        else _NOT_ASKED[facts["method"] == "posterior"]
    )
    lives = "" if facts["replicates"] == 1 else f", lived {facts['replicates']} times and averaged"
    return (
        "## How the worlds were made\n\n"
        f"Each draw takes {facts['factors']:,} numbers at once: {_drawn(facts)}. Every draw has people and chance "
        f"of its own{lives}; within a draw all policies and today's practice share both. {_organisation(facts)} "
        f"The horizon is {facts['weeks']} weeks.{_not_lived(facts)}\n\n{rule}"
    )


def _drawn(facts: Facts) -> str:
    if facts["method"] == "posterior":
        return (
            "parameters that are assumed or taken from sources and amounts of what measures do, all from the posterior,"
            " so that what was observed in 2021 and 2022 holds some of them and ties some to each other. The loops of "
            "the model stay as they are"
        )
    return (
        "parameters that are assumed or taken from sources, amounts of what measures do, and "
        f"{facts['switches']} loops of the model on or off, each anywhere in its range and independent of the others"
    )


def _demand(name: str, own: Mapping[str, Any], target: float) -> str:
    if name == BURN_OUT:
        return f"burn-out complaints within {own['near_burn_out']:g} percentage points of {target:g}% (end of 2021)"
    return f"mean {SHORT[name]} within {own['near_isolation']:g} SD of that of 2022"


def _organisation(facts: Facts) -> str:
    if facts["people"]:
        return (
            f'"This organisation" is one organisation of {facts["people"]:,} people; it either takes a measure or not.'
        )
    return '"This organisation" stands for all simulated establishments of a draw together.'


def _not_lived(facts: Facts) -> str:
    failed, missing = facts["runs_failed"], facts["runs_missing"]
    if not failed and not missing:
        return ""
    error = f" ({facts['first_error']})" if facts["first_error"] else ""
    return (
        f" Of {facts['draws']:,} draws asked for, {failed:,} runs failed{error} and {missing:,} are missing; they "
        "count nowhere."
    )


# -- against today's practice -----------------------------------------------------------------------------------------


def _against_today(tables: Tables, facts: Facts, labels: Labels) -> str:
    if not facts["plausible"]:
        return ""
    parts = [_today_table(tables, outcome, facts, labels) for outcome in HEADLINES]
    note = (
        "Of a hundred worlds each; in brackets the 95% interval over draws. *Nothing at all*: not one number of "
        f"anybody differs from {TODAY}, because the organisation does it already or never carries it out; these worlds "
        f"are among *about the same*.{_of_all_draws(facts)} Policies stand in a fixed order."
    )
    return "\n\n".join([f"## Every policy against {TODAY}", note, *parts])


def _today_table(tables: Tables, outcome: str, facts: Facts, labels: Labels) -> str:
    unit, margin = OUTCOMES[outcome].unit, _margin(facts, outcome)
    less, more = ("Fewer", "More") if outcome == BURN_OUT else ("Lower", "Higher")
    heads = ["Policy", less, "About the same", "Nothing at all", more, f"Median, {unit} (5th to 95th percentile)",
             *([f"All draws: {less.lower()}, same, {more.lower()}"] if _some_left_out(facts) else [])]  # fmt: skip
    of_all = today_rows(tables, outcome, ALL).set_index("policy")
    cells = []
    for _, row in today_rows(tables, outcome, PLAUSIBLE).iterrows():
        better, same, nothing, worse = hundred_worlds(row)
        every = of_hundred([int(of_all.loc[row["policy"], name]) for name in ("better", "same", "worse")])
        cells.append(
            [label_of(row["policy"]), f"{better} {ends_of(row, 'better')}", str(same + nothing), str(nothing),
             f"{worse} {ends_of(row, 'worse')}", _spread(row, outcome),
             *([", ".join(map(str, every))] if _some_left_out(facts) else [])]
        )  # fmt: skip
    return f"**{label_of(outcome, labels)}, everybody.** About the same: up to {margin}.\n\n{table_of(heads, cells)}"


def _of_all_draws(facts: Facts) -> str:
    return " The last columns are of all draws, plausible or not." if _some_left_out(facts) else ""


def _some_left_out(facts: Facts) -> bool:
    return bool(facts["plausible"] < facts["lived"])


def _spread(row: pd.Series, outcome: str) -> str:
    middle, low, high = (signed(float(row[name]), _DECIMALS[outcome]) for name in ("median", "p5", "p95"))
    return f"{middle} ({low} to {high})"


# -- best and regret --------------------------------------------------------------------------------------------------


def _which_is_best(tables: Tables, facts: Facts, labels: Labels) -> str:
    if tables["regret"].empty or not facts["plausible"]:
        return ""
    parts = []
    for among in (singles_of(facts), ALL) if facts["packages"] else (ALL,):
        title = {SINGLE: "Single policies", ALL: "All policies"}[among]
        left = f", without {joined(map(name_of, facts['packages']))}" if among == SINGLE else ""
        parts.append(f"**{title}{left}; burn-out complaints of everybody.** {_least(tables, among)}")
        parts.append(_best_table(tables, among))
    note = (
        f"*Best*: ahead of every other policy and of {TODAY} by more than the margin. *Among the best*: nothing is "
        "ahead of it by more than the margin. *Regret* of a world: how many more employees per 1,000 have burn-out "
        "complaints than under the option that is best in that world; its 90th percentile is what nine worlds of ten "
        "stay below. Doing nothing is an option too. The other outcomes are in `wins.parquet` and `regret.parquet`."
    )
    return "\n\n".join(["## Which is best, and what a wrong choice costs", note, *parts])


def _best_table(tables: Tables, among: str) -> str:
    wins = where(tables["wins"], draws=PLAUSIBLE, outcome=BURN_OUT, among=among).set_index("policy")
    heads = [
        "Option",
        "Best, of 100",
        "Among the best, of 100",
        "Regret: mean",
        "Regret: 90th percentile",
        "Regret: most",
    ]
    cells = []
    for _, row in where(tables["regret"], draws=PLAUSIBLE, outcome=BURN_OUT, among=among).iterrows():
        policy = row["policy"]
        shares = (
            [of_100(wins.loc[policy], name) for name in ("best", "among_best")] if policy in wins.index else ["", ""]
        )
        costs = [f"{row[name]:.1f} ({row[f'{name}_low']:.1f} to {row[f'{name}_high']:.1f})" for name in ("mean", "p90")]
        cells.append([label_of(policy), *shares, *costs, f"{row['most']:.1f}"])
    return table_of(heads, cells)


def _least(tables: Tables, among: str) -> str:
    rows = where(tables["regret"], draws=PLAUSIBLE, outcome=BURN_OUT, among=among)
    named = [str(policy) for policy in rows.loc[rows["least"], "policy"]]
    if named:
        return f"Least regret in nine worlds of ten: {name_of(named[0])}; its interval lies below all others."
    return "No option has surely the least regret: intervals of the lowest ones overlap."


# -- two by two -------------------------------------------------------------------------------------------------------


def _two_by_two(tables: Tables, facts: Facts, labels: Labels) -> str:
    rows = where(tables["pairs"], draws=PLAUSIBLE)
    if rows.empty or not facts["plausible"]:
        return ""
    parts = [_not_told_apart(rows[rows["outcome"] == outcome], outcome, labels) for outcome in (BURN_OUT, COLLEAGUES)]
    leading = facts["leaders"][: facts["ranking"]["leaders"]]
    own = rows[rows["first"].isin(leading) & rows["second"].isin(leading)]
    heads = ["Two policies", "On", "First better", "About the same", "Second better"]
    cells = [
        [f"{label_of(row['first'])}, {name_of(row['second'])}", SHORT.get(row["outcome"], "both at once"),
         of_100(row, "better"), str(of_hundred([int(row[n]) for n in ("better", "same", "worse")])[1]),
         of_100(row, "worse")]
        for _, row in own.iterrows()
    ]  # fmt: skip
    note = (
        "All pairs are in `figures/pairs.png` and `pairs.parquet`. *Both at once*: burn-out complaints and isolation "
        "from colleagues; there *about the same* counts the worlds in which neither wins both."
    )
    return "\n\n".join(["## Two by two", note, *([table_of(heads, cells)] if cells else []), *parts])


def _not_told_apart(rows: pd.DataFrame, outcome: str, labels: Labels) -> str:
    alike = rows["same"] >= _NEARLY_ALWAYS * rows["worlds"]
    told = rows[~alike & (rows["ahead"] != "")]
    unsure = rows[~alike & (rows["ahead"] == "")]
    names = [f"{name_of(row['first'])} and {name_of(row['second'])}" for _, row in unsure.iterrows()]
    open_ones = f" Which of two wins more often cannot be told of: {'; '.join(names)}." if names else ""
    return (
        f"**{label_of(outcome, labels)}.** Of {len(rows)} pairs, told apart: {len(told)}; about the same in "
        f"{100 * _NEARLY_ALWAYS:.0f} of 100 worlds or more: {int(alike.sum())}; neither: {len(unsure)}.{open_ones}"
    )


# -- where it flips ---------------------------------------------------------------------------------------------------


def _flips(tables: Tables, facts: Facts, labels: Labels) -> str:
    table = tables["flips"]
    if table.empty or not facts["plausible"]:
        return ""
    own = facts["ranking"]
    note = (
        f"A small tree looked for at most two questions about the {facts['factors']:,} numbers drawn that tell in "
        "which plausible worlds burn-out complaints of everybody come out one way or the other. A rule counts only if "
        f"it sorts rightly at least {100 * own['clear']:.0f} of 100 worlds that it was not made from (of those that go "
        f"either way alike; guessing sorts 50), and more than rules made from {own['shuffles']} shuffles of the "
        "answers. The counts behind a rule are from the half of the worlds that it was not made from. A rule says "
        "what goes with what in the model, not what an employer can change."
    )
    questions = list(dict.fromkeys(zip(table["policy"], table["against"], strict=True)))
    lines = [
        _question(table[(table["policy"] == one) & (table["against"] == two)], own["clear"]) for one, two in questions
    ]
    return "\n\n".join(["## Where it flips", note, "\n".join(f"- {line}" for line in lines)])


def _question(rows: pd.DataFrame, clear: float) -> str:
    first = rows.iloc[0]
    policy, against, worlds, yes = first["policy"], first["against"], int(first["worlds"]), int(first["yes"])
    if against == BASELINE.name:
        asked = (
            f"**{label_of(policy)}** lowers burn-out complaints in {yes:,} of the {worlds:,} worlds in which it "
            "changes anything"
        )
    else:
        asked = (
            f"**{label_of(policy)} or {name_of(against)}**: the first does better in {yes:,} of the {worlds:,} worlds "
            "in which they differ"
        )
    if np.isnan(first["accuracy"]):
        return f"{asked}; too few go the one way or the other to look for a rule."
    sorts = f"{100 * first['accuracy']:.0f} of 100 sorted rightly"
    if not first["where"]:
        return f"{asked}. {_no_rule(first, clear)}"
    leaves = "; ".join(
        f"where {row['where']}, in {100 * row['share']:.0f} of 100 ({100 * row['low']:.0f} to {100 * row['high']:.0f}, "
        f"of {int(row['counted'])} counted)"
        for _, row in rows.iterrows()
    )
    factors = f" What these are: {first['factors']}." if first["factors"] else ""
    return f"{asked}: {leaves}. This rule explains part of it: {sorts}.{factors}"


def _no_rule(row: pd.Series, clear: float) -> str:
    best = f"{100 * row['accuracy']:.0f} of 100"
    if row["accuracy"] < clear:
        return f"No simple rule separates them: the best sorts {best} rightly."
    if row["accuracy"] <= row["by_luck"]:
        return f"No simple rule separates them: the best sorts {best} rightly, and luck alone can do that."
    return (
        f"No simple rule separates them: the best sorts {best} rightly, but in the worlds kept for counting its sides "
        "do not come out apart."
    )


# -- harms ------------------------------------------------------------------------------------------------------------


def _harms(tables: Tables, facts: Facts, labels: Labels) -> str:
    rows = where(tables["harms"], draws=PLAUSIBLE)
    if rows.empty:
        return ""
    limit = 100 * facts["ranking"]["harm_from"]
    note = (
        f"A group is named where surely (95% interval over draws) more than {limit:.0f} of 100 worlds make it worse "
        f"than {TODAY} by more than the margin, or leave it to gain less than everybody by more than the margin. *More "
        "often worse than better* says that harm outweighs gain. Small groups move more by chance, up as well as "
        "down. Users are other people than everybody, and are compared with themselves without the policy. Shares are "
        "for adapting a policy to people, not for choosing people. All groups are in `harms.parquet`."
    )
    heads = ["Policy", "Outcome", "Made worse, of 100 worlds", "Gain less than everybody, of 100 worlds"]
    named = (("is_harmed", "worse"), ("gains_less", "less"))
    cells = [
        [label_of(policy), SHORT[outcome], *(_groups(own, flag, counted, labels) for flag, counted in named)]
        for policy in facts["policies"]
        for outcome in HEADLINES
        for own in [rows[(rows["policy"] == policy) & (rows["outcome"] == outcome)]]
        if own["is_harmed"].any() or own["gains_less"].any()
    ]  # fmt: skip
    quiet = [policy for policy in facts["policies"] if not _flagged(rows, policy)]
    silent = f"No group is flagged under: {joined(map(name_of, quiet))}." if quiet else ""
    table = table_of(heads, cells) if cells else ""
    return "\n\n".join(part for part in ["## Who may be harmed", note, table, silent] if part)


def _flagged(rows: pd.DataFrame, policy: str) -> bool:
    own = rows[rows["policy"] == policy]
    return bool((own["is_harmed"] | own["gains_less"]).any())


def _groups(rows: pd.DataFrame, flag: str, counted: str, labels: Labels) -> str:
    """The groups that a flag names; where it names everybody, only those clearly beyond everybody."""
    flagged = rows[rows[flag]]
    everybody = flagged[flagged["group"] == EVERYBODY]
    if everybody.empty:
        return "; ".join(_group(row, flag, counted, labels) for _, row in flagged.iterrows()) or "none"
    beyond = flagged[flagged[f"{counted}_low"] > everybody[f"{counted}_high"].iloc[0]]
    told = [_group(everybody.iloc[0], flag, counted, labels)]
    others = len(flagged) - len(everybody)
    told += [f"{others} of {len(rows) - 1} groups too"] if others else []
    more = "; ".join(_group(row, flag, counted, labels) for _, row in beyond.iterrows())
    return "; ".join(told) + (f"; clearly more often than everybody: {more}" if more else "")


def _group(row: pd.Series, flag: str, counted: str, labels: Labels) -> str:
    group = "users of the measures" if row["group"] == USERS else label_of(row["group"], labels).lower()
    more = ", more often worse than better" if flag == "is_harmed" and row["is_mostly_harmed"] else ""
    return f"{group} {of_100(row, counted)}{more}"


# -- what it is for ---------------------------------------------------------------------------------------------------


def _card(facts: Facts) -> str:
    return (
        "## What this can and cannot be used for\n\n"
        "**It can** show how much of a ranking survives what nobody knows for sure, where it turns, and who should be "
        "asked before a policy is taken.\n\n"
        "**It cannot** say how likely a policy is to work with you, judge one employer or one person, or excuse from "
        "a legal duty. The draws are from ranges, most of them assumed, each as likely in the middle as at its ends "
        "and independent of the others; other ranges give other counts. Intervals say what more draws of the same "
        "kind would change, and nothing else.\n\n"
        f"Seed {facts['seed']}, version {facts['version']}."
    )


# -- words ------------------------------------------------------------------------------------------------------------


def _margin(facts: Facts, outcome: str) -> str:
    if outcome == BURN_OUT:
        return f"{facts['ranking']['same_burn_out']:g} {OUTCOMES[outcome].unit}"
    return f"{facts['ranking']['same_isolation']:g} {OUTCOMES[outcome].unit}"


def table_of(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines: Iterator[Sequence[str]] = iter([heads, ["---"] * len(heads), *rows])
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)
