"""The page of the vanishing measures: its words stand in `page.md`, its numbers come from the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.experiments import output_folder
from sim.formatting import fixed
from sim.reporting.markdown import table
from sim.studies.vanishing import discrimination, home_share, power, survey_designs
from sim.studies.vanishing.classifier import AMOUNT, BEHIND, BOTH_KINDS, BY_COUNTS, FINDINGS, WHAT_IS_BEHIND
from sim.studies.vanishing.explanations import NO_EFFECT, SELECTION
from sim.studies.vanishing.pattern import CONTACT, COUNTS, JOINT, PARTS, TESTS, shows, told

if TYPE_CHECKING:
    import pandas as pd

    from sim.studies.vanishing.explanations import Explanation, Reach
    from sim.studies.vanishing.study import Found, Question

SECOND = "second_reading"
OWN_SIZE = 120
"""Respondents of an employer who asks the own people."""
EXAMPLE = "social_moments"
SURE, FALSE = 0.8, 0.1
"""A survey sees an effect that it finds so often, and is false where it finds as often as this what is not there."""
TITLES = {
    "social_moments": "social moments → isolation from colleagues",
    "conversations": "conversations → isolation from the company",
    "working_time_agreements": "working times → conflict of work and home",
    "reachability_agreements": "reachability → telepressure",
    "goals_and_tasks": "goals and tasks → exhaustion",
    "chair_and_desk": "chair and desk → arm, neck and shoulder",
    power.ALL: "all fifteen → exhaustion",
}
"""Effects as figures and tables name them."""
Parts = dict[str, object]


def labels(explanations: Sequence[Explanation]) -> dict[str, str]:
    """Explanations in words, in their order; the reading of the counts last."""
    return {**{one.name: one.label for one in explanations}, SECOND: "Counts are of claimed, not known"}


def write(question: Question, found: Found) -> str:
    """The page to read, as markdown."""
    words = files("sim.studies.vanishing").joinpath("page.md").read_text(encoding="utf-8")
    parts: Parts = {}
    for section in (_frame, _pattern, _alone, _weights, _telling, _power, _home, _embarrasses, _explanations):
        parts |= section(question, found)
    return Template(words).substitute(parts)


def answer(question: Question, found: Found) -> str:
    """The answer, as the page opens."""
    return "\n".join(line for line in write(question, found).split("\n## ")[0].splitlines() if line.startswith("- **"))


def facts(question: Question, found: Found) -> dict[str, Any]:
    """What a reader of the tables must know: what was asked, and the fitted reading."""
    asked = question.settings
    return {
        "vanishing": {name: getattr(asked, name) for name in asked.__dataclass_fields__},
        "second_reading_fitted": {
            "parameters": dict(found.reading.parameters),
            "chances": {role: list(chances) for role, chances in found.reading.chances.items()},
            "worst_cell": found.reading.worst_cell,
        },
    }


# -- numbers in words -------------------------------------------------------------------------------------------------


def _of_100(share: float) -> str:
    """A share of 100, whole; below one of 100 as such; a dash where there is none."""
    if np.isnan(share):
        return "–"
    return "under 1" if 0 < share < 0.005 else f"{100 * share:.0f}"


def _r(value: float, decimals: int = 2) -> str:
    """A correlation as the field writes it: no zero before the point."""
    written = fixed(value, decimals).replace("0.", ".", 1).replace("-", "−")
    return written if written.strip("−.0") else "." + "0" * decimals


def _case(table: pd.DataFrame, kind: str, explanation: str = "") -> Any:
    return table[(table["kind"] == kind) & (table["explanation"] == explanation)].iloc[0]


def _frame(question: Question, found: Found) -> Parts:
    studies, asked = found.tables["studies"], question.settings
    return {
        "all_studies": f"{len(studies):,}",
        "all_worlds": f"{studies['world'].nunique():,}",
        "visits": asked.visits,
        "establishments": question.plan.firm.establishments,
        "seed": question.plan.seed,
        "version": output_folder.version(),
        "works": " to ".join(f"{end:g}" for end in asked.works),
    }


# -- the pattern ------------------------------------------------------------------------------------------------------


def _pattern(question: Question, found: Found) -> Parts:
    by = found.tables["counted"].set_index("behind")
    limits = found.tables["limits"].iloc[0]
    seen = told(found.tables["studies"], limits)
    rows = [
        [part.label, _reported(part), *(_of_100(by.loc[who, part.name]) for who in WHAT_IS_BEHIND)] for part in PARTS
    ]
    rows += [
        ["all three findings on contact", "yes", *(_of_100(by.loc[who, "contact"]) for who in WHAT_IS_BEHIND)],
        ["at least one of them", "yes", *(_of_100(by.loc[who, "any_contact"]) for who in WHAT_IS_BEHIND)],
    ]
    luck, _, effect = WHAT_IS_BEHIND
    none = WHAT_IS_BEHIND[1]
    return {
        "right_effect": f"{by.loc[effect, 'employer_right']:.0f}",
        "wrong_effect": f"{by.loc[effect, 'employer_wrong']:.0f}",
        "any_wrong": _of_100(by.loc[effect, "any_wrong"]),
        "any_luck": _of_100(by.loc[luck, "any_contact"]),
        "any_none": _of_100(by.loc[none, "any_contact"]),
        "pattern": table(("Part", "Reported", "Luck alone", "No effect", "An effect"), rows),
        "tests": TESTS,
        "chance_right": f"{by.loc[luck, COUNTS[0]]:.1f}",
        "chance_wrong": f"{by.loc[luck, COUNTS[1]]:.1f}",
        "few_luck": _of_100(by.loc[luck, "few"]),
        "few_effect": _of_100(by.loc[effect, "few"]),
        "contact_studies": f"{int(shows(seen, CONTACT).sum()):,}",
        "joint_studies": f"{int(shows(seen, JOINT).sum()):,}",
    }


def _reported(part: Any) -> str:
    return "found" if part.reported else "no more than chance" if part.is_family else "not found"


# -- alone ------------------------------------------------------------------------------------------------------------


_FOUR = ("true.social_colleagues", "true.social_company", "true.conversations_company", "true.times_conflict")


def _alone(question: Question, found: Found) -> Parts:
    cases = found.tables["alone"]
    perfect, now, none = _case(cases, "perfect"), _case(cases, "as_it_stands"), _case(cases, "alone", NO_EFFECT)
    names = labels(question.explanations)
    rows = [("**A perfect world**", perfect)]
    rows += [(one.label, _case(cases, "alone", one.name)) for one in question.explanations]
    rows += [("**Everything but no effect, at its strongest**", _case(cases, "all_but_no_effect"))]
    rows += [("**The model as it stands**", now), (f"… {names[SECOND]}", _case(cases, "as_it_stands", SECOND))]
    rows += [
        (f"… put right: {one.label}", _case(cases, "removed", one.name))
        for one in question.explanations
        if one.name != NO_EFFECT
    ]
    head = (
        "World", "Nothing with the employer's answers", "At least one finding on contact", "All three", "Joint pattern",
        *(f"True r, {part.label}" for part in PARTS if part.name in CONTACT),
    )  # fmt: skip
    body = [
        [
            words, *(_of_100(row[name]) for name in ("quiet", "any_contact", "contact", "joint")),
            *(_r(row[name]) for name in _FOUR[:3]),
        ]
        for words, row in rows
    ]  # fmt: skip
    errors = cases[["error_quiet", "error_any_contact"]].to_numpy()
    return {
        "perfect_quiet": _of_100(perfect["quiet"]),
        "now_quiet": _of_100(now["quiet"]),
        "none_quiet": _of_100(none["quiet"]),
        "perfect_r": _r(min(perfect[name] for name in _FOUR)),
        "now_r": _r(min(now[name] for name in _FOUR)),
        "alone": table(head, body),
        "alone_studies": int(cases["studies"].min()),
        "alone_error": f"{100 * np.nanmax(errors):.0f}",
        "joint_most": f"{100 * cases['joint'].max():.1f}",
        **_who_hears(cases, names),
    }


def _who_hears(cases: pd.DataFrame, names: Mapping[str, str]) -> Parts:
    """How much of the relation between social moments and isolation goes where everybody hears and joins alike."""
    relation = "true.social_colleagues"
    return {
        "hears": names[SELECTION].lower(),
        "hears_now": _r(_case(cases, "as_it_stands")[relation], 3),
        "hears_right": _r(_case(cases, "removed", SELECTION)[relation], 3),
    }


# -- weights ----------------------------------------------------------------------------------------------------------


def _weights(question: Question, found: Found) -> Parts:
    weights, recovery = (
        found.tables[name].set_index(["question", "report", "class"]) for name in ("weights", "recovery")
    )
    names = labels(question.explanations)
    rows = [
        [
            label, *(_with_interval(weights.loc[(name, kind, "on")]) for kind in (FINDINGS, "numbers", BOTH_KINDS)),
            *(_of_100(recovery.loc[(name, kind, "on"), "told_apart"]) for kind in (FINDINGS, BOTH_KINDS)),
            "{} and {}".format(*(_of_100(recovery.loc[(name, BOTH_KINDS, "on"), where]) for where in _WHERE)),
        ]
        for name, label in names.items()
    ]  # fmt: skip
    head = (
        "Explanation", "By findings", "By numbers", "By both", "Told apart by findings", "by both",
        "Chance where it holds, and where not",
    )  # fmt: skip
    by_findings = [weights.loc[(name, FINDINGS, "on"), "weight"] for name in names if name not in (NO_EFFECT, SECOND)]
    priors = [one.prior for one in question.explanations]
    return {
        "weights": table(head, rows),
        "behind": _behind(weights),
        "prior": _of_100(float(np.mean(priors))),
        "count": len(by_findings),
        "findings_low": _of_100(min(by_findings)),
        "findings_high": _of_100(max(by_findings)),
        "moved_findings": _moved(weights, names, FINDINGS),
        "moved": _moved(weights, names, "numbers"),
        "by_report": _of_100(recovery.loc[(NO_EFFECT, BOTH_KINDS, "on"), "told_apart"]),
        **_what_is_behind(weights),
        "calibration": _worst_calibration(found.tables["calibration"]),
        "near": int(recovery.loc[(AMOUNT, FINDINGS, "none"), "near"]),
        "near_share": _of_100(1 - recovery.loc[(AMOUNT, FINDINGS, "none"), "near_share"]),
        "near_chance": _of_100(1 - recovery.loc[(AMOUNT, FINDINGS, "none"), "near_chance"]),
    }


_WHERE = ("where_true", "where_not")


def _with_interval(row: Any) -> str:
    return f"{100 * row['weight']:.0f} ({100 * row['low']:.0f} to {100 * row['high']:.0f})"


def _moved(weights: pd.DataFrame, names: Mapping[str, str], report: str) -> str:
    """The explanations whose chance a kind of report clearly moves, in words, the farthest moved first."""
    rows = [(name, weights.loc[(name, report, "on")]) for name in names if name != NO_EFFECT]
    clear = [(name, row) for name, row in rows if not row["low"] <= row["prior"] <= row["high"]]
    clear.sort(key=lambda one: -abs(one[1]["weight"] - one[1]["prior"]))
    told = [f"“{names[name].lower()}” {100 * row['weight']:.0f}" for name, row in clear[:_MOST_NAMED]]
    return ", ".join(told) if told else "none beyond the error of the simulation"


_MOST_NAMED = 4


def _behind(weights: pd.DataFrame) -> str:
    rows = []
    for question in (AMOUNT, BEHIND):
        own = weights.loc[question]
        for name in own.loc[FINDINGS].index:
            prior = own.loc[(FINDINGS, name), "prior"]
            words = f"measures do {name if name != 'none' else 'nothing'}" + (" times" if name[0].isdigit() else "")
            rows.append(
                [
                    words if question == AMOUNT else name, f"{100 * prior:.0f}",
                    *(_with_interval(own.loc[(kind, name)]) for kind in (FINDINGS, BOTH_KINDS, BY_COUNTS)),
                ]
            )  # fmt: skip
    return table(("", "Beforehand", "By findings", "By findings and numbers", "By counts"), rows)


def _what_is_behind(weights: pd.DataFrame) -> Parts:
    words = dict(zip(("luck", "none", "effect"), WHAT_IS_BEHIND, strict=True))
    return {
        f"{word}_{kind}": f"{100 * weights.loc[(BEHIND, kind, name), 'weight']:.0f}"
        for word, name in words.items()
        for kind in (FINDINGS, BY_COUNTS)
    }


def _worst_calibration(calibration: pd.DataFrame) -> str:
    own = calibration[calibration["report"] == BOTH_KINDS]
    return f"{100 * (own['chance'] - own['share']).abs().max():.0f}"


# -- surveys ----------------------------------------------------------------------------------------------------------


def _telling(question: Question, found: Found) -> Parts:
    apart = found.tables["told_apart"]
    names = labels(question.explanations)
    shares = apart.pivot(index="explanation", columns="design", values="told_apart").loc[list(names)]
    designs = [*survey_designs.DESIGNS, discrimination.FEWER]
    rows = [[label, *(_of_100(shares.loc[name, design]) for design in designs)] for name, label in names.items()]
    first, *more = list(survey_designs.DESIGNS)
    gains = {
        design: [names[name] for name in names if shares.loc[name, design] - shares.loc[name, first] > _GAIN]
        for design in more[:-1]
    }
    told = "; ".join(f"*{_WORDS[design]}* {_quoted(own)}" for design, own in gains.items() if own)
    still = [names[name] for name in names if shares.loc[name, more[-1]] < _GUESSING]
    return {
        "told_apart": table(("Explanation", *designs), rows),
        "best_questions": f"What tells more than in 2022: {told or 'nothing that was tried'}.",
        "still": f" Even all of it together hardly tells {_quoted(still)}." if still else "",
        "by_numbers": _of_100(shares.loc[NO_EFFECT, first]),
    }


_GAIN, _GUESSING = 0.1, 0.65
"""A question tells of an explanation if so much more is told apart than in 2022; less than the other is hardly told."""
_WORDS = dict(
    zip(
        survey_designs.DESIGNS,
        (
            "as in 2022", "is it used, used well, since when", "what is really there", "a measure that does not exist",
            "five employees of each establishment", "the same people again", "all of it",
        ),
        strict=True,
    )
)  # fmt: skip


def _quoted(words: Sequence[str]) -> str:
    """Names in quotes, as a list in a sentence."""
    quoted = [f"“{word.lower()}”" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


_SHORT = dict(
    zip(
        power.DESIGNS,
        (
            "Employer says so", "Employee knows", "Uses it", "As meant, for half a year", "Lot, half a year",
            "Lot, a year", "Lot, four times each", "No comparison",
        ),
        strict=True,
    )
)  # fmt: skip
"""Designs as columns of a table."""


def _power(question: Question, found: Found) -> Parts:
    surveys = found.tables["power"]
    sizes = sorted(surveys["respondents"].unique())
    own_size = min(sizes, key=lambda size: abs(size - OWN_SIZE))
    sees = surveys.set_index(["effect", "strength", "design", "respondents"])
    own = [
        [
            TITLES[effect], *(_beside(sees, effect, design, own_size) for design in power.DESIGNS),
            _r(sees.loc[(effect, power.AS_IT_STANDS, "year", own_size), "true_effect"]),
        ]
        for effect in power.EFFECTS
    ]  # fmt: skip
    head = ("Effect", *_SHORT.values())
    by_lot, often = (_needed(sees, EXAMPLE, power.AS_IT_STANDS, design, sizes) for design in ("year", "often"))
    return {
        "own_size": own_size,
        "most": f"{sizes[-1]:,}",
        "false": f"{100 * FALSE:.0f}",
        "own": table((*head, "True effect"), own),
        "needed": _needed_table(sees, power.AS_IT_STANDS, sizes),
        "needed_largest": _needed_table(sees, power.LARGEST, sizes),
        "example": "social moments",
        "known_own": _of_100(sees.loc[(EXAMPLE, power.AS_IT_STANDS, "known", own_size), "sees"]),
        "lot_own": _of_100(sees.loc[(EXAMPLE, power.AS_IT_STANDS, "year", own_size), "sees"]),
        "needed_lot": f"more than {sizes[-1]:,}" if by_lot == "–" else by_lot,
        "needed_often": ""
        if often == "–"
        else f", and {often} if they are asked four times before and four times after",
    }


def _beside(sees: pd.DataFrame, effect: str, design: str, size: int) -> str:
    there, not_there = (
        sees.loc[(effect, strength, design, size), "sees"] for strength in (power.AS_IT_STANDS, power.NOTHING)
    )
    return f"{_of_100(there)} ({_of_100(not_there)})"


def _needed_table(sees: pd.DataFrame, strength: str, sizes: Sequence[int]) -> str:
    head = ("Effect", *_SHORT.values())
    rows = [
        [TITLES[effect], *(_needed(sees, effect, strength, design, sizes) for design in power.DESIGNS)]
        for effect in power.EFFECTS
    ]
    return table(head, rows)


def _needed(sees: pd.DataFrame, effect: str, strength: str, design: str, sizes: Sequence[int]) -> str:
    """The fewest of these respondents that see the effect often enough, or why there are none."""
    for size in sizes:
        if sees.loc[(effect, strength, design, size), "sees"] >= SURE:
            false = sees.loc[(effect, power.NOTHING, design, size), "sees"] > FALSE
            return "*false*" if false else f"{size:,}"
    return "–"


# -- the share at home ------------------------------------------------------------------------------------------------


def _home(question: Question, found: Found) -> Parts:
    own = found.tables["home"]
    at = own.set_index(["case", "isolation", "role"])
    colleagues, employees = "isolation_from_colleagues", "non_manager"
    rows = []
    for case in dict.fromkeys(own["case"]):
        one = at.loc[(case, colleagues, employees)]
        company = at.loc[(case, "isolation_from_company", employees)]
        rows.append(
            [
                one["says"], f"{_r(one['true'])} ({_r(one['low'])} to {_r(one['high'])})", _r(one["observed"]),
                _of_100(one["seen"]), _r(company["true"]), _of_100(company["seen"]),
            ]
        )  # fmt: skip
    head = (
        "World", "Isolation from colleagues: true r", "observed", "seen", "Isolation from the company: true r", "seen",
    )  # fmt: skip
    now = at.loc[("as_it_stands", colleagues, employees)]
    without = {
        name: at.loc[(f"without_{name}", colleagues, employees), "true"]
        for name in (*home_share.REASONS, home_share.FLOOR)
    }
    together = at.loc[("without_all", colleagues, employees)]
    most = max(without, key=lambda name: without[name])
    says = home_share.SAYS[most]
    return {
        "home": table(head, rows),
        "home_now": _r(now["true"]),
        "home_seen": _of_100(now["seen"]),
        "home_reasons": (
            f"Most of what hides it is that {says} (without that {_r(without[most])}); without any of the reasons "
            f"it is {_r(together['true'])}, and would be seen in {_of_100(together['seen'])} of 100."
        ),
    }


# -- what embarrasses, and what was assumed ---------------------------------------------------------------------------


def _embarrasses(question: Question, found: Found) -> Parts:
    cases, dealt = found.tables["alone"], found.tables["dealt"]
    now = _case(cases, "as_it_stands")
    by_chance = dealt["employer_right"] + dealt["employer_wrong"]
    return {
        "employer_chance": f"{by_chance.mean():.0f}",
        "employer_fewest": int(by_chance.min()),
        "dealt": f"{len(dealt):,}",
        "most_found": _of_100(max(now[f"found.{name}"] for name in CONTACT)),
        "all_found": _of_100(now["contact"]),
        "false_design": _false_design(found.tables["power"]),
    }


def _false_design(surveys: pd.DataFrame) -> str:
    """The design that most often sees what is not there, among about as many respondents as the study had."""
    size = min(surveys["respondents"].unique(), key=lambda own: abs(own - _STUDY_SIZE))
    own = surveys[(surveys["strength"] == power.NOTHING) & (surveys["respondents"] == size)]
    worst = own.loc[own["sees"].idxmax()]
    return (
        f"Among {size:,} respondents, *{power.DESIGNS[worst['design']]}* finds an effect of a measure that does "
        f"nothing in {_of_100(worst['sees'])} of 100 surveys ({TITLES[worst['effect']]}); 2 or 3 are chance."
    )


_STUDY_SIZE = 320


def _range(reach: Reach) -> str:
    if reach.weakest == reach.strongest:
        return f"{reach.weakest:g}"
    return f"{reach.weakest:g} to {reach.strongest:g}"


def _explanations(question: Question, found: Found) -> Parts:
    rows = [
        [
            one.label, one.says,
            "; ".join(
                f"`{owner}.{name}` {reach.right:g}, {_range(reach)}"
                for (owner, name), reach in one.moves.items()
            ),
        ]
        for one in question.explanations
    ]  # fmt: skip
    reading = found.reading
    fitted = ", ".join(f"`{name}` {value:.2f}" for name, value in reading.parameters.items())
    reached = " and ".join(
        f"{_r(claimed)} and {_r(unclaimed)} for {'managers' if role == 'manager' else 'others'}"
        for role, (claimed, unclaimed) in reading.chances.items()
    )
    return {
        "explanations": table(("Explanation", "Says that", "Numbers: put right, weakest to strongest"), rows),
        "reading": fitted,
        "reached": reached,
        "worst_cell": f"{100 * reading.worst_cell:.0f}",
    }
