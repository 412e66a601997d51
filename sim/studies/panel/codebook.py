"""Codebook of a panel: every variable with its label, values, missing codes, scale ends, reliability and meaning.

Names have at most 32 letters, digits and underscores, so that R, SPSS and Stata accept them, also with the number of
the wave at the end in the wide file. Every value is a number.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from sim.engine.plan import Plan, registry_of, required_measures
from sim.reporting.templates import render
from sim.studies.panel.data_collection import CAUSES, CHANGING, FIXED
from sim.studies.panel.literature import EXHAUSTION
from sim.survey.instruments import instruments_of
from sim.survey.interview import scales
from sim.survey.survey import survey_of
from sim.survey.visit import COMPLAINTS

if TYPE_CHECKING:
    import pandas as pd

LONGEST_LABEL = 80
"""Limit of Stata; R and SPSS accept more."""
TOOK_PART, STOPPED, LEFT = 1, 2, 3
HAS_STOPPED, HAS_LEFT, NOT_ASKED = -8, -9, -7
_DROP_OUT = (HAS_STOPPED, HAS_LEFT)
MISSING = {HAS_STOPPED: "stopped taking part", HAS_LEFT: "left the firm", NOT_ASKED: "not asked: no manager"}
_STATA = {HAS_STOPPED: ".a", HAS_LEFT: ".b", NOT_ASKED: ".c"}
SYNTHETIC = (
    "All persons in these files are synthetic. A simulation generated their answers, states and complaints. The files "
    "hold no data on the health of real people."
)
_QUOTES = str.maketrans("\"'`", "”’’")
"""Straight quotation marks end a label in R, SPSS or Stata."""
_YES_NO = {0: "no", 1: "yes"}
OF_MANAGERS = "leading_difficulty"
_WITHOUT_ERROR = "reported without error"


@dataclass(frozen=True)
class Variable:
    """One variable of the panel.

    `source` is its name in `Panel.responses` or `Panel.states`, empty for a variable of the panel itself. `values` has
    the meaning of each code, `missing` the codes of missing values that occur, and `low` and `high` are the ends of the
    scale. `each_wave` is false for what does not differ between waves.
    """

    name: str
    label: str
    unit: str
    stands_for: str
    source: str = ""
    values: Mapping[int, str] = field(default_factory=dict)
    missing: tuple[int, ...] = ()
    low: float | None = None
    high: float | None = None
    reliability: float | None = None
    each_wave: bool = True
    decimals: int = 0

    def in_wave(self, wave: int) -> str:
        """Return its name in the wide file."""
        return f"{self.name}_w{wave}" if self.each_wave else self.name


def keys(plan: Plan) -> list[Variable]:
    """Return the variables that identify the person of a row: the first of every file."""
    worlds = {number: scenario.name.replace("_", " ") for number, scenario in enumerate(plan.scenarios)}
    return [
        Variable("world", "Simulated world", "code", "scenario", values=worlds, each_wave=False),
        Variable("person", "Person; the same person in every world", "number", "identifier", each_wave=False),
    ]


def occasion(waves: Sequence[int]) -> list[Variable]:
    """Return the variables that identify the occasion, for files with a row for each wave."""
    return [
        Variable("wave", "Wave", "number", "occasion", low=1, high=len(waves), each_wave=False),
        Variable("week", "Weeks since the first wave", "weeks", "occasion", low=0, high=waves[-1], each_wave=False),
    ]


def questions(plan: Plan) -> list[Variable]:
    """Return all questions and facts of the panel, in the order of the files."""
    return [*_participation(), *_facts(plan), *_scales(plan), *_complaints(plan), *_measures(plan)]


def of_panel(plan: Plan, waves: Sequence[int]) -> list[Variable]:
    """Return every variable of panel.csv, in the order of its columns; `waves` are weeks."""
    return [*keys(plan), *occasion(waves), *questions(plan)]


def truth(plan: Plan) -> list[Variable]:
    """Return variables that no field study has: states without error, also of those who no longer answer."""
    quantities, state = registry_of(plan).quantities, partial(Variable, missing=(HAS_LEFT,), decimals=4)
    scale_of = {name: scale.quantity for name, scale in scales().items()} | {name: name for name in CAUSES}
    labels = {name: f"True state: {scale.label.lower()}" for name, scale in scales().items()}
    return [
        _participation()[0],
        state("stop_chance", "Probability of stopping at this wave, if not yet stopped; zero at the first", "share",
              "drop-out: rises with exhaustion and isolation", low=0, high=1),
        *(state(f"true_{name}", labels.get(name, _short(quantities[of].meaning)), "SD of reference people",
                f"{of}: {quantities[of].meaning}", name) for name, of in scale_of.items()),
    ]  # fmt: skip


def _participation() -> list[Variable]:
    status = {TOOK_PART: "answered", STOPPED: MISSING[HAS_STOPPED], LEFT: MISSING[HAS_LEFT]}
    return [
        Variable("status", "Participation of the member at this wave", "code", "data collection", values=status),
        Variable("establishment", "Establishment", "number", "identifier", each_wave=False),
        Variable("is_manager", "Manages others", "0/1", "is_manager", values=_YES_NO, each_wave=False),
    ]


def _facts(plan: Plan) -> Iterator[Variable]:
    quantities = registry_of(plan).quantities
    for name in (*FIXED, *CHANGING):
        own, each = quantities[name], name in CHANGING
        codes = _YES_NO if own.unit == "0/1" or name == "adjustable_at_home" else {}
        yield Variable(
            name, _short(own.meaning), "0/1" if codes else own.unit, f"{name}, {_WITHOUT_ERROR}", name,
            values=codes, missing=_DROP_OUT if each else (), each_wave=each,
            decimals=0 if codes or name == "contract_days" else 2,
        )  # fmt: skip


def _scales(plan: Plan) -> Iterator[Variable]:
    quantities, survey = registry_of(plan).quantities, survey_of(plan)
    lasting = f" Reliability for states that last longer than some days: {1 / (1 + survey.noise() ** 2):.2f}."
    for name, scale in scales().items():
        stands_for = f"{scale.quantity}: {quantities[scale.quantity].meaning}" + lasting * (name == EXHAUSTION)
        missing = (*_DROP_OUT, NOT_ASKED) if name == OF_MANAGERS else _DROP_OUT
        yield Variable(
            name, f"{scale.label}; high is {scale.high_is}", "score", stands_for, name, missing=missing, low=scale.low,
            high=scale.high, reliability=survey.reliability, decimals=2,
        )  # fmt: skip


def _complaints(plan: Plan) -> Iterator[Variable]:
    complaint = partial(Variable, values=_YES_NO, missing=_DROP_OUT)
    label = "Burn-out complaints (NEA: work-related exhaustion above the cut-off)"
    of = "exhaustion through a second instrument, with an error of its own"
    yield complaint("burn_out_complaint", label, "0/1", of, "burn_out_complaint")
    labels = {"kans_complaint": "Complaint of arm, neck or shoulder", "back_complaint": "Complaint of the back"}
    for name, quantity in COMPLAINTS.items():
        yield complaint(name, f"{labels[name]} within the last year", "0/1", f"{quantity}, {_WITHOUT_ERROR}", name)


def _measures(plan: Plan) -> Iterator[Variable]:
    study = [measure for measure in required_measures(plan) if measure.in_study]
    wrong = f"wrong in {100 * instruments_of(plan).interview.misremembers:g}% of answers"
    for name, who in (("known", "the person knows"), ("claimed", "the employer claims")):
        label = f"Measures that {who}, of those asked"
        yield Variable(name, label, "measures", name, name, missing=_DROP_OUT, low=0, high=len(study))
    for own in study:
        label, of = _short(f"Knows: {own.text}"), f"known of {own.name}, {wrong}"
        yield Variable(f"k_{own.name}", label, "0/1", of, f"known.{own.name}", values=_YES_NO, missing=_DROP_OUT)


def _short(words: str) -> str:
    return textwrap.shorten(words.rstrip(".").translate(_QUOTES), LONGEST_LABEL, placeholder=" …")


# -- table, page and syntax ----------------------------------------------------------------------------------------


def table(plan: Plan, waves: Sequence[int]) -> pd.DataFrame:
    """Return one row for each variable of each file; `waves` are weeks."""
    import pandas as pd

    long, own = of_panel(plan, waves), questions(plan)
    rows = [_row("panel.csv", v.name, "each" if v.each_wave else "all", v) for v in long]
    rows += [_row("panel_wide.csv", v.name, "all", v) for v in (*keys(plan), *own) if not v.each_wave]
    for wave in range(1, len(waves) + 1):
        rows += [_row("panel_wide.csv", v.in_wave(wave), str(wave), v) for v in own if v.each_wave]
    rows += [_row("truth.csv", v.name, "each", v) for v in (*keys(plan), *occasion(waves), *truth(plan))]
    return pd.DataFrame(rows)


def _row(file: str, name: str, wave: str, own: Variable) -> dict[str, object]:
    missing = _codes({code: MISSING[code] for code in own.missing})
    return {"file": file, "variable": name, "wave": wave, "label": own.label, "unit": own.unit,
            "values": _codes(own.values), "missing": missing, "low": own.low, "high": own.high,
            "reliability": own.reliability, "stands_for": own.stands_for}  # fmt: skip


def _codes(values: Mapping[int, str]) -> str:
    return "; ".join(f"{code} = {meaning}" for code, meaning in values.items())


def facts(plan: Plan, waves: Sequence[int]) -> dict[str, Any]:
    """Return the values of `codebook.md.j2`; `waves` are weeks."""
    return {
        "synthetic": SYNTHETIC,
        "waves": waves,
        "missing": _codes(MISSING),
        "panel_rows": list(map(_page_row, of_panel(plan, waves))),
        "truth_rows": list(map(_page_row, [*keys(plan), *occasion(waves), *truth(plan)])),
    }


def _page_row(own: Variable) -> list[str]:
    ends = f"{own.low:g} to {own.high:g}" if own.low is not None and own.high is not None else ""
    reliability = "" if own.reliability is None else f"{own.reliability:.2f}"
    missing, each = ", ".join(map(str, own.missing)), "yes" if own.each_wave else ""
    return [f"`{own.name}`", own.label, own.unit, _codes(own.values), missing, ends, reliability, each, own.stands_for]


def syntax(variables: Sequence[Variable]) -> dict[str, str]:
    """Return syntax by file name that reads panel.csv, with labels and missing codes, into R, SPSS and Stata.

    `variables` are in the order of the columns. SPSS runs it with the folder of the files as working directory.
    """
    values = {"synthetic": SYNTHETIC, "missing": MISSING, "stata": _STATA, "variables": variables}
    names = ("read_panel.R", "read_panel.sps", "read_panel.do")
    return {name: render("sim.studies.panel", values, f"{name}.j2") for name in names}
