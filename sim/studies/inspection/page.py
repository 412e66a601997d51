"""The page of the virtual inspection: its words stand in `page.md`, its numbers come from the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.experiments import output_folder
from sim.formatting import fixed, signed
from sim.outcomes.patterns import ASKED, BOTH, EQUIVALENT, IN_WORDS
from sim.reporting.labels import label_of
from sim.reporting.markdown import table
from sim.studies.inspection import tables as made
from sim.studies.inspection.rating import WORDS
from sim.studies.inspection.repeated_surveys import MARGIN, NEAR_THE_FLOOR
from sim.studies.inspection.sample_coverage import needed

if TYPE_CHECKING:
    import pandas as pd

    from sim.studies.inspection.study import Inspected

_ROLES = {"employer": "employers", "manager": "managers", "non_manager": "other employees"}
_READINGS = {"any_difference": "any difference", "claimed_not_known": "claimed and not known"}
_WHEN = {"in_general": "before, in general", "item_by_item": "before, item by item", "after": "after speaking"}
_RISKS = {"screen_work": "screen work", "work_pressure": "work pressure"}
_NOBODY = {"mean_of_all": "knowing the mean of all establishments", "employers_word": "having the employer's word"}
Parts = Mapping[str, object]
"""Numbers and tables by the place on the page that they fill."""
_RARE = 20
"""Reported by fewer of 100 virtual studies is seldom."""


def write(seen: Inspected) -> str:
    """The page to read, as markdown."""
    words = files("sim.studies.inspection").joinpath("page.md").read_text(encoding="utf-8")
    parts: dict[str, object] = {}
    for section in (_study, _reach, _speaking, _findings, _others, _marks, _tests):
        parts.update(section(seen))
    return Template(words).substitute(parts)


def verdict(seen: Inspected) -> str:
    """The answer, as the page opens."""
    lines = write(seen).splitlines()
    return "\n".join(
        line for line in lines[: lines.index("## Questions this answers in part")] if line.startswith("- ")
    )


# -- the numbers of each section --------------------------------------------------------------------------------------


def _study(seen: Inspected) -> Parts:
    people = {
        f"{word}_{role}": f"{np.mean([getattr(study, what)[role] for study in seen.studies]):.0f}"
        for word, what in (("met", "met"), ("filled", "filled_in"))
        for role in BOTH
    }
    return {
        **people,
        "studies": f"{len(seen.studies):,}",
        "establishments": seen.plan.firm.establishments,
        "holds": seen.holds,
        "seed": seen.plan.seed,
        "version": output_folder.version(),
        "burn_in": seen.plan.burn_in,
        "sample": seen.plan.firm.sample,
    }


def _reach(seen: Inspected) -> Parts:
    own = seen.tables["measures"]
    totals = own.groupby("who")[["mean", "study", "true"]].sum() / 100
    words = {"said": "mean", "study": "study", "true": "true"}
    numbers: Parts = {
        f"{word}_{who}": f"{totals.loc[who, column]:.1f}" for word, column in words.items() for who in _ROLES
    }
    claimed, done = float(totals.loc["employer", "true"]), float(np.mean([one.carried_out for one in seen.studies]))
    counts = seen.tables["mismatches"].set_index(["reading", "role"])["mean"]
    not_known, differing = (
        float(counts[reading, "non_manager"]) for reading in ("claimed_not_known", "any_difference")
    )
    by_measure = own.set_index(["measure", "who"])
    rows = [[label_of(name), *(_percent(by_measure.loc[name, who]) for who in _ROLES)] for name in ASKED]
    outside = own[~own["inside"]]
    mismatches = [
        [_READINGS[row["reading"]], _ROLES[row["role"]], f"{row['study']:.0f}", f"{row['mean']:.1f} ({_range(row, 1)})"]
        for row in seen.tables["mismatches"].to_dict("records")
    ]
    named = [f"{label_of(row.measure).lower()} ({_ROLES[row.who]})" for row in outside.itertuples()]
    return {
        **numbers,
        "measures": table(("Measure", *(word.capitalize() for word in _ROLES.values())), rows),
        "carried_out": f"{done:.1f}",
        "not_told": f"{claimed - done:.1f}",
        "not_known": f"{not_known:.1f}",
        "known_of_claimed": f"{claimed - not_known:.1f}",
        "not_claimed": f"{differing - not_known:.1f}",
        "outside": len(outside),
        "named_outside": ", ".join(named) or "none",
        "mismatches": table(("Reading", "Of whom", "Study", "Virtual studies"), mismatches),
    }


def _speaking(seen: Inspected) -> Parts:
    own, asked = seen.tables["establishments"], seen.asked
    off = own.set_index(["way", "employees"])
    least, half = min(asked.employees), asked.close / 2
    alone, nobody = (float(off.loc[place, "off"]) for place in (("by_lot", least), ("mean_of_all", 0)))
    chosen = needed(own, "chosen_by_employer", half)
    sector = seen.tables["sector"]
    return {
        "close": f"{asked.close:g}",
        "half_close": f"{half:g}",
        "needed_close": _so_many(needed(own, "by_lot", asked.close), asked.employees),
        "needed_half": _so_many(needed(own, "by_lot", half), asked.employees),
        "needed_chosen": f"no number tried comes within {half:g}"
        if chosen is None
        else f"within {half:g} takes {_so_many(chosen, asked.employees)}",
        "least": _so_many(least, asked.employees),
        "off_least": f"{alone:.1f}",
        "off_nobody": f"{nobody:.1f}",
        "off_word": f"{float(off.loc[('employers_word', 0), 'off']):.1f}",
        "off_two": f"{float(off.loc[('by_lot', 2), 'off']):.1f}" if 2 in asked.employees else "–",
        "than_nobody": "worse" if alone > nobody else "better",
        "enough": 2 * max(asked.employees),
        "reach_sample": asked.reach_sample,
        "within": f"{sector['within'].iloc[0]:.1f}",
        "between": f"{sector['between'].iloc[0]:.1f}",
        "chosen": f"{100 * seen.chosen:.0f}",
        "bias": fixed(sector["bias"].iloc[0], 2),
        "speaking": _table_of_speaking(off, asked.employees),
        "nobody": table(
            ("Speaking to nobody", "Off at most", "Mean error"),
            [
                [words, f"{off.loc[(way, 0), 'off']:.1f}", signed(off.loc[(way, 0), "bias"], 1)]
                for way, words in _NOBODY.items()
            ],
        ),
        "pictures": table(
            ("Establishments", "Employees in each", "Conversations", "Off by lot", "Design effect of choosing"),
            [
                [row.establishments, row.employees, row.conversations, f"{row.off:.2f}", f"{row.design_effect:.1f}"]
                for row in sector.itertuples()
            ],
        ),
    }


def _table_of_speaking(off: pd.DataFrame, employees: Sequence[int]) -> str:
    heads = ("Employees", "By lot", "By lot, mixed", "By lot, one measure", "Team by team", "Chosen by the employer")
    rows = []
    for n in employees:
        lot, team, chosen = (off.loc[(way, n)] for way in ("by_lot", "team_by_team", "chosen_by_employer"))
        numbers = [f"{own:.1f}" for own in (lot["off"], lot["mixed"])]
        rows.append([n, *numbers, f"{100 * lot['share_off']:.0f}", f"{team['off']:.1f}", f"{chosen['off']:.1f}"])
    return table(heads, rows)


def _findings(seen: Inspected) -> Parts:
    own = seen.tables["patterns"].sort_values(["of_100", "pattern"], na_position="first")
    known = own[own["studies"] > 0]
    found, nulls = known[~known["is_null"]], known[known["is_null"]]
    seldom = [_name(row.pattern) for row in found.itertuples() if row.of_100 < _RARE]
    heads = ("Finding", "Of 100 virtual studies", "r of answers", "r in truth", "Relation")
    records = own.to_dict("records")
    return {
        "patterns": len(known),
        "same": f"{seen.as_reported.mean():.1f}",
        "same_low": f"{np.quantile(seen.as_reported, made.SPREAD[0]):.0f}",
        "same_high": f"{np.quantile(seen.as_reported, made.SPREAD[1]):.0f}",
        "same_most": f"{seen.as_reported.max()}",
        "nulls": len(nulls),
        "found": len(found),
        "same_nulls": f"{nulls['of_100'].sum() / 100:.1f}",
        "same_found": f"{found['of_100'].sum() / 100:.1f}",
        "rare": _RARE,
        "seldom": "; ".join(seldom) or "none",
        "equivalent": f"{EQUIVALENT:.2f}",
        "table_found": table(heads, [_finding(row) for row in records if not row["is_null"]]),
        "table_nothing": table(
            (*heads, "None in truth", "Significant, and at most by chance"),
            [[*_finding(row), *_null(row)] for row in records if row["is_null"]],
        ),
    }


def _finding(row: Mapping[str, Any]) -> list[str]:
    if not row["studies"]:
        return [_name(row["pattern"]), "not in the model", "–", "–", "–"]
    of_100 = f"{row['of_100']:.0f} ({_range(row, 0)})"
    if not row["relation"]:
        return [_name(row["pattern"]), of_100, "–", "–", "–"]
    true = f"{signed(row['true'], 2)} ({signed(row['true_low'], 2)} to {signed(row['true_high'], 2)})"
    return [_name(row["pattern"]), of_100, signed(row["r"], 2), true, row["relation"].replace("_", " ")]


def _null(row: Mapping[str, Any]) -> list[str]:
    is_none = {True: "yes", False: "no"}.get(row["equivalent"], "–")
    is_family = row["limit"] == row["limit"]
    return [is_none, f"{row['significant']:.1f} of {row['tests']}, {row['limit']:.0f}" if is_family else "–"]


def _name(pattern: str) -> str:
    return IN_WORDS.get(pattern, label_of(pattern))


def _others(seen: Inspected) -> Parts:
    """What findings rest on that are no correlations, in percent; a dash where it was not looked at."""
    detail, fewer, order = (
        made.other_numbers(seen.studies, name)
        for name in ("detail_question", "contacts_fewer_isolation_low", "cascade_order")
    )
    shares = {
        name: f"{100 * numbers[name]:.0f}" if name in numbers else "–"
        for numbers, names in (
            (detail, ("chair_and_desk", "workplace_means", "in_detail")),
            (fewer, ("fewer_contacts", "near_the_floor")),
            (order, ("training_falls_most",)),
        )
        for name in names
    }
    patterns = seen.tables["patterns"].set_index("pattern")
    unknown = [_name(str(pattern)) for pattern in patterns.index[patterns["studies"] == 0]]
    return {
        "not_asked": f"Not in the model, and so not looked for: {'; '.join(unknown)}."
        if unknown
        else "All that the study asked for these findings is asked in the model too.",
        **shares,
        "in_order": f"{patterns.loc['cascade_order', 'of_100']:.0f}",
        "rows_in_order": f"{order['rows_in_order']:.1f}",
        "margin": f"{MARGIN:g}",
        "floor": f"{NEAR_THE_FLOOR:g}",
    }


def _marks(seen: Inspected) -> Parts:
    own = seen.tables["ratings"]
    marks = own.set_index(["risk", "when"])["mean"]
    falls = {risk: float(marks[risk, "in_general"] - marks[risk, "after"]) for risk in _RISKS}
    foreseen = {risk: float(marks[risk, "in_general"] - marks[risk, "item_by_item"]) for risk in _RISKS}
    rows = [
        [_RISKS[row["risk"]], _WHEN[row["when"]], f"{row['mean']:.2f} ({_range(row, 2)})"]
        + [f"{100 * row[word]:.0f}" for word in WORDS]
        for row in own.to_dict("records")
    ]
    more = max(falls, key=lambda risk: falls[risk])
    return {
        **{f"fall_{risk}": f"{fall:.2f}" for risk, fall in falls.items()},
        **{f"foreseen_{risk}": f"{100 * foreseen[risk] / fall:.0f}" for risk, fall in falls.items()},
        "larger": f", more for {_RISKS[more]} ({'as' if more == 'screen_work' else 'not as'} in the study)",
        "marks": table(("Risk", "When", "Mark", *(f"{word.capitalize()}, %" for word in WORDS)), rows),
    }


def _tests(seen: Inspected) -> Parts:
    own = seen.tables["tests"]
    heads = ("What is", "Right sign", "Wrong sign", "By chance, both", "By chance, at most", "Beyond that, of 100")
    rows = []
    for row in own.to_dict("records"):
        seen_signs = [f"{row[sign]:.1f} ({_range(row, 0, f'{sign}_')})" for sign in ("right", "wrong")]
        dealt = [f"{row['by_chance']:.1f}", f"{row['by_chance_limit']:.0f}", f"{100 * row['beyond']:.0f}"]
        rows.append([row["asked"], *seen_signs, *dealt])
    counts = own.set_index("asked")
    return {
        **{
            f"{sign}_{asked}": f"{counts.loc[asked, sign]:.1f}" for sign in ("right", "wrong") for asked in counts.index
        },
        "by_chance": f"{own['by_chance'].mean() / 2:.1f}",
        "tests": int(own["tests"].iloc[0]),
        "dealt": seen.asked.dealt,
        "table_tests": table(heads, rows),
    }


# -- numbers in words -------------------------------------------------------------------------------------------------


def _so_many(count: int | None, tried: Sequence[int]) -> str:
    return (
        f"more than the {max(tried)} tried" if count is None else "1 employee" if count == 1 else f"{count} employees"
    )


def _percent(cell: Mapping[str, Any]) -> str:
    return f"{cell['mean']:.0f} ({_range(cell, 0)}) / {cell['study']:.0f}"


def _range(row: Mapping[str, Any], decimals: int, before: str = "") -> str:
    return f"{fixed(row[f'{before}low'], decimals)} to {fixed(row[f'{before}high'], decimals)}"
