"""The page on packages of measures: what they cost, what they are worth, how surely, and what is owed in any case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from sim.formatting import signed
from sim.outcomes.definitions import BURN_OUT, ISOLATION
from sim.reporting.changes import change_in_words
from sim.reporting.labels import TODAY, label_of

Facts = Mapping[str, Any]

UNITS = {BURN_OUT: "per 1,000 employees", ISOLATION: "SD"}
_HYGIENE = {"source": "at the source", "collective": "collective", "individual": "individual"}

_NONE = "No package is worth its cost, by the smallest differences that were set to matter."


def write(tables: Mapping[str, pd.DataFrame], about: Facts) -> str:
    """The page as markdown text.

    `tables` holds front, groups and costs, `about` the facts, as the study of packages makes them.
    """
    front = tables["front"]
    sections = [
        _opening(front, about),
        _on_the_front(front, about),
        _fallen(front),
        _luck_and_assumptions(front, about),
        _harm(front, tables["groups"]),
        _duties(tables["costs"], about),
        _costs(tables["costs"], about),
        _card(about),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def headlines(front: pd.DataFrame) -> str:
    """The packages on the front, for the terminal: cheapest first."""
    own = front[front["on_front"]]
    if own.empty:
        return _NONE
    lines = ["packages that no other beats, cheapest first (nine of ten draws lie in the brackets)"]
    for row in own.to_dict("records"):
        effects = [_with_range(row, goal, digits) for goal, digits in ((BURN_OUT, 1), (ISOLATION, 2))]
        lines += [
            f"  {row['number']}. {row['all_in']:.0f} euro all in: burn-out complaints per 1,000 {effects[0]}, "
            f"isolation, SD {effects[1]}",
            f"     {row['package'].replace('+', ', ')}",
        ]
    return "\n".join(lines)


# -- sections ---------------------------------------------------------------------------------------------------------


def _from_where(about: Facts) -> str:
    if about["drawn_by"] == "posterior":
        return "too, the numbers from the posterior, the costs from their ranges"
    return "from their ranges too"


def _against_figures(about: Facts) -> str:
    if about["drawn_by"] == "posterior":
        return "of numbers agree with the figures of 2021 and 2022"
    return "were not first checked against the figures of 2021 and 2022"


def _opening(front: pd.DataFrame, about: Facts) -> str:
    asked = about["search"]
    still = int(front["on_front"].sum())
    return "\n\n".join(
        [
            f"# Packages of measures within {_euros(asked['budget'])} per employee and year",
            f"{about['tried']:,} packages of measures were tried in the model, each in {about['replicates']} pairs of "
            f"simulated histories of {about['weeks']} weeks. {_counted(len(front), 'package')} that did best, or "
            f"nearly, {'was' if len(front) == 1 else 'were'} then lived again: in {asked['pairs']} pairs with other "
            f"people and other chance, and in {about['draws']} draws in which {about['drawn_factors']} open numbers "
            f"of the model and all costs were drawn {_from_where(about)}. "
            f"{_counted(still, 'package')} {'is' if still == 1 else 'are'} left that no other beats: to get fewer "
            "burn-out complaints or less isolation than with one of these, one has to pay more or to accept more of "
            "the other.",
            "**This front is the model's, and the costs are assumptions.** It is no list of what works, and not the "
            "best that an employer can do. Every cost can be replaced by one's own; see below.",
            f"All effects are differences from {_compared_with(about)}, over the last 26 weeks, on the same people and "
            "chance. Nobody in these figures is a real person. "
            f"Seed {about['seed']}, version {about['version']}.",
        ]
    )


def _compared_with(about: Facts) -> str:
    return f"{TODAY} with all legal duties carried out" if about["duties"] else TODAY


def _on_the_front(front: pd.DataFrame, about: Facts) -> str:
    own = front[front["on_front"]]
    smallest = about["search"]["smallest"]
    if own.empty:
        return f"## Packages that no other beats\n\n{_NONE}"
    heads = [
        "No.",
        "Measures introduced",
        "Euros",
        "Working time, minutes",
        "All in, euros (range)",
        "Burn-out complaints, everybody",
        "Isolation from colleagues, everybody",
        "Not beaten in",
        "Not told apart from",
    ]
    rows = [
        [
            str(row["number"]),
            _measures(row["package"]),
            _amount(row["euros"]),
            _amount(row["minutes"]),
            f"{_amount(row['all_in'])} ({_amount(row['all_in_low'])} to {_amount(row['all_in_high'])})",
            *(_in_words(row, goal, about) for goal in UNITS),
            f"{row['share_on_front']:.0%} of draws",
            _numbers(row["not_told_apart"]),
        ]
        for row in own.to_dict("records")
    ]
    notes = [
        f"- **Costs** are per employee and year. Euros and working time are kept apart; *all in* counts an hour at "
        f"{_euros(about['search']['hourly_cost'])}. Only what is new is counted, averaged over employers: where some "
        "have a measure already, they neither pay for it again nor gain by it. The range holds nine of ten draws of "
        "the costs; as these can turn out much higher but not much lower, most draws cost more than stated.",
        f"- **Numbers in brackets behind an effect** are those between which nine of ten of the {about['draws']} draws "
        "lie. They hold the doubt about the numbers that were drawn, and chance: other people, other lives. They do "
        f"not hold the doubt about the structure of the model, and the draws {_against_figures(about)}.",
        "- **Burn-out complaints** are employees per 1,000 (NEA: work-related exhaustion), a survey's answer and no "
        "diagnosis. Isolation is in standard deviations (SD): *hardly* is below 0.05 SD, *slightly* below 0.20.",
        f"- **Differences too small to matter count as none**, as set beforehand: {smallest[BURN_OUT]:g} in 1,000 "
        f"employees, {smallest[ISOLATION]:g} SD, {_euros(smallest['cost'])}. *Not beaten in* counts the draws in which "
        f"no other of the {len(front)} packages, nor doing nothing more, was better by this.",
        "- **Not told apart from** names the cheaper packages that the draws cannot tell from this one, neither in "
        "burn-out complaints nor in isolation; 0 stands for doing nothing beyond the duties. Nothing here speaks for "
        "paying more than for the cheapest of them. The packages stand in the order of their cost, not of success.",
        *_notes(own, about),
    ]
    return "\n\n".join(["## Packages that no other beats, cheapest first", _table(heads, rows), "\n".join(notes)])


def _notes(front: pd.DataFrame, about: Facts) -> list[str]:
    """What must be said of some packages: what they rest on, whom they ask, and a budget that may be exceeded."""
    notes = []
    alone = front.loc[front["individual_only"], "number"].tolist()
    if alone:
        notes.append(
            f"- **{_packages(alone)} {'asks' if len(alone) == 1 else 'ask'} something of individuals alone.** "
            "Measures come in the order of occupational hygiene: first at the source, then collective, and only then "
            "individual. A package of individual measures leaves the cause where it is, and is no substitute for the "
            "others."
        )
    common = sorted(set.intersection(*(set(package.split("+")) for package in front["package"])))
    if common and len(front) > 1:
        notes.append(
            f"- **In every one of these packages: {_and(_lower(label_of(name)) for name in common)}.** So the whole "
            f"front rests on what the model assumes of {'it' if len(common) == 1 else 'them'}."
        )
    contained = {name for package in front["package"] for name in package.split("+")}
    agreed = sorted(name for name in contained if about["measures"][name]["legal"] == "agreement")
    if agreed:
        notes.append(
            f"- **{_and(label_of(name) for name in agreed)}** {'is' if len(agreed) == 1 else 'are'} a matter of "
            "agreement: to be agreed with employees or those who represent them before anything is introduced."
        )
    dear = front[front["share_in_budget"] < 0.5]["number"].tolist()
    if dear:
        notes.append(
            f"- **{_packages(dear)}** {'is' if len(dear) == 1 else 'are'} within the budget at the stated costs, and "
            "beyond it in most draws of them."
        )
    unaffordable = about["unaffordable"]
    if unaffordable:
        notes.append(
            f"- **Beyond the budget even alone**, and so in no package: "
            f"{_and(_lower(label_of(name)) for name in unaffordable)}. That says nothing of what they are worth."
        )
    return notes


def _fallen(front: pd.DataFrame) -> str:
    off = front[~front["on_front"]]
    if off.empty:
        return ""
    heads = ["No.", "Measures introduced", "All in, euros", "Not beaten in", "In the search"]
    rows = [
        [
            str(row["number"]),
            _measures(row["package"]),
            _amount(row["all_in"]),
            f"{row['share_on_front']:.0%} of draws",
            "not beaten" if row["was_on_front"] else "nearly unbeaten",
        ]
        for row in off.to_dict("records")
    ]
    return "\n\n".join(
        [
            "## Lived again as well, and beaten or no different",
            "On average over the draws another package was better than each of these, or cheaper and no different by "
            "what matters. In how many draws it was not beaten says how close that was.",
            _table(heads, rows),
        ]
    )


def _luck_and_assumptions(front: pd.DataFrame, about: Facts) -> str:
    own = front[front["was_on_front"]]
    if own.empty:
        return ""
    heads = ["", "As the search saw it", "Other people and chance", "Assumptions drawn as well"]
    rows = [
        [
            f"{name}, {UNITS[goal]}",
            *(signed(own[f"{goal}{which}"].mean(), digits) for which in ("_searched", "_fresh", "")),
        ]
        for goal, name, digits in ((BURN_OUT, "Burn-out complaints", 1), (ISOLATION, "Isolation from colleagues", 3))
    ]
    kept = int((own["on_front"]).sum())
    return "\n\n".join(
        [
            "## What the search promised, and what was left of it",
            "A search keeps what chance has favoured, so what it finds looks better than it is. Averages over the "
            f"{len(own)} packages of its front that were lived again:",
            _table(heads, rows),
            f"{kept} of these {len(own)} are still not beaten. The front of the search held "
            f"{_counted(about['front_of_search'], 'package')} and last changed in generation {about['last_change']} of "
            f"{about['search']['generations']}"
            + (
                "; a longer search may find more (search.generations)."
                if about["last_change"] > 0.8 * about["search"]["generations"]
                else "."
            ),
        ]
    )


def _harm(front: pd.DataFrame, groups: pd.DataFrame) -> str:
    title = "## Who is made worse"
    told = []
    for row in front[front["on_front"]].to_dict("records"):
        own = groups[groups["harmed"] & (groups["package"] == row["package"])]
        words = [
            f"{_lower(label_of(str(one['group'])))} ({label_of(str(one['outcome'])).lower()}: {one['worse']:.0%} made "
            f"worse, {one['gained']:.0%} gain)"
            for one in own.to_dict("records")
        ]
        if words:
            told.append(f"- **Package {row['number']}:** {'; '.join(words)}.")
    rule = (
        "A package is flagged where in a group at least 1 in 100 more are made worse than gain, by more than 0.05 SD "
        "of exhaustion or isolation, and the 95% interval over the draws leaves out nought. Among so many groups and "
        "packages a few flags come by chance, and harm in a small group can be missed. Groups overlap; these shares "
        "are for adapting a package to people, never for choosing people."
    )
    if not told:
        return f"{title}\n\nNo package of the front is flagged in any group. {rule}"
    return "\n\n".join([title, "\n".join(told), rule])


def _duties(costs: pd.DataFrame, about: Facts) -> str:
    own = costs[costs["measure"].isin(about["duties"])]
    if own.empty:
        return ""
    euros, minutes, all_in = (own[column].sum() for column in ("euros", "minutes", "all_in"))
    effects = [
        f"{name}: {change_in_words(mean, low, high, UNITS[goal])}"
        for goal, name in ((BURN_OUT, "burn-out complaints"), (ISOLATION, "isolation from colleagues"))
        for mean, low, high in [about["duties_effect"][goal]]
    ]
    return "\n\n".join(
        [
            "## A duty whatever the result",
            f"{_and(label_of(name) for name in own['measure'])} are legal duties. They are in every package, were not "
            "searched over, and to leave them out is no saving.",
            f"To carry them out everywhere costs {_amount(euros)} euro and {_amount(minutes)} minutes per employee "
            f"and year ({_amount(all_in)} euro all in), averaged over employers, some of whom do it already. This is "
            f"beside the costs above. Against {TODAY} the duties alone change {'; '.join(effects)}. A duty stays a "
            "duty whether or not an effect shows here.",
        ]
    )


def _costs(costs: pd.DataFrame, about: Facts) -> str:
    heads = [
        "Measure",
        "Level",
        "Euros (range)",
        "Minutes (range)",
        "Employers without it",
        "On top, all in, euros",
    ]
    rows = [
        [
            label_of(row["measure"]) + (" (duty)" if row["measure"] in about["duties"] else ""),
            _HYGIENE[about["measures"][row["measure"]]["hygiene"]],
            _ranged(row, "euro"),
            _ranged(row, "minutes"),
            f"{row['new']:.0%}",
            _amount(row["all_in"]),
        ]
        for row in costs.to_dict("records")
    ]
    return "\n\n".join(
        [
            "## What was assumed of costs, and how to put your own in their place",
            "Per employee and year, for an employer who has nothing of the measure; one-off purchases are spread over "
            "their life. An employer without a measure pays all of it. *On top* is the average over employers, which "
            "is what packages are charged with. Why a number is what it is, and its source, stand in `costs.csv` "
            "beside this page. To use your own numbers, copy that file, edit it, and give it as `search.costs=FILE`.",
            _table(heads, rows),
        ]
    )


def _card(about: Facts) -> str:
    failed = about["failed_draws"]
    lost = f"\n- {len(failed)} draws failed and are left out, which may tilt the numbers." if failed else ""
    return (
        "## What this can and cannot be used for\n\n"
        "**It can** show which combinations are worth a closer look, which measures come back in most of them, and "
        "what more money would buy in the model.\n\n"
        "**It cannot**\n\n"
        "- decide for one employer, whose people, practice and costs are others;\n"
        "- replace a risk inventory, the advice of the works council, or its consent where that is required;\n"
        "- excuse from a legal duty;\n"
        "- be sure to have found every good package: the search tried "
        f"{about['tried']:,} of very many. Measures also differ in what is not counted here, such as complaints of the "
        f"body or say over one's work.{lost}"
    )


# -- words ------------------------------------------------------------------------------------------------------------


def _in_words(row: Mapping[Any, Any], goal: str, about: Facts) -> str:
    told = change_in_words(row[goal], row[f"{goal}_low"], row[f"{goal}_high"], UNITS[goal])
    return told.replace(TODAY, "the duties alone") if about["duties"] else told


def _with_range(row: Mapping[Any, Any], goal: str, digits: int) -> str:
    middle, low, high = (signed(row[f"{goal}{end}"], digits) for end in ("", "_low", "_high"))
    return f"{middle} ({low} to {high})"


def _measures(package: str) -> str:
    return ", ".join(label_of(name) for name in package.split("+"))


def _ranged(row: Mapping[Any, Any], kind: str) -> str:
    return f"{row[f'{kind}_per_employee_year']:g} ({row[f'{kind}_low']:g} to {row[f'{kind}_high']:g})"


def _numbers(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers)) if len(numbers) else "–"


def _packages(numbers: Sequence[int]) -> str:
    return f"Package{'s' if len(numbers) > 1 else ''} {_and(map(str, numbers))}"


def _amount(number: float) -> str:
    """Whole; a cost that is there is never written as none."""
    return "under 1" if 0 < number < 0.5 else f"{number:,.0f}"


def _euros(number: float) -> str:
    return f"{number:,g} euro"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]


def _and(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)
