"""The page of the structure: its words stand in `page.md`, its numbers come from the tables."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

from sim.experiments import output_folder
from sim.formatting import fixed, signed
from sim.reporting.markdown import code, table
from sim.reporting.summary import label_of
from sim.studies.patterns.words import IN_WORDS
from sim.studies.structure.worlds import AS_IT_STANDS, OUTCOMES, SEEN

if TYPE_CHECKING:
    from sim.studies.structure.study import Found

_DIGITS = {"complaints": 1, "isolation": 3}
Row = Mapping[Any, Any]


def write(found: Found) -> str:
    """The page to read, as markdown."""
    words = files("sim.studies.structure").joinpath("page.md").read_text(encoding="utf-8")
    switches = found.effects[found.effects["switch"] != AS_IT_STANDS]
    return Template(words).substitute(
        answer=answer(found),
        switches=len(switches),
        worlds=found.worlds,
        establishments=found.plan.firm.establishments,
        visits=found.visits,
        seed=found.plan.seed,
        version=output_folder.version(),
        turns=_turns(found),
        policy=label_of(found.plan.scenarios[1].name).lower(),
        weeks=found.plan.weeks,
        seen=SEEN,
        levels=_levels(found),
        none=len(set(switches["switch"]) - set(found.verdicts["switch"])),
    )


def answer(found: Found) -> str:
    """The answer, as the page opens."""
    clear = found.verdicts[found.verdicts["clear"]]
    needed = clear[clear["turns"] == "breaks"].groupby("switch")["pattern"].apply(list)
    most = sorted(needed.items(), key=lambda item: -len(item[1]))
    switches = found.effects[found.effects["switch"] != AS_IT_STANDS]
    usual = _row(found, AS_IT_STANDS)
    effect = switches["effect_complaints"]
    low, high = switches.loc[effect.idxmin()], switches.loc[effect.idxmax()]
    below = int((switches["effect_complaints_high"] < 0).sum())
    lines = [
        f"**{len(needed)} of {len(switches)} switches break a pattern beyond chance when turned.** "
        + ("; ".join(f"{code(name)}: {_named(patterns)}" for name, patterns in most) or "None does")
        + ".",
        f"**What the policy does hangs on them too.** It lowers burn-out complaints by "
        f"{fixed(-usual['effect_complaints'], 1)} per 1,000 as the model stands, by "
        f"{fixed(-low['effect_complaints'], 1)} at most ({code(low['switch'])} {low['turned']}) and by "
        f"{fixed(-high['effect_complaints'], 1)} at least "
        f"({code(high['switch'])} {high['turned']}); it lowers them with {below} of {len(switches)} switches turned.",
    ]
    return "\n".join(f"- {line}" for line in lines)


def _named(patterns: list[str]) -> str:
    return ", ".join(f"*{IN_WORDS[name]}*" for name in patterns)


def _turns(found: Found) -> str:
    heads = ("Switch", "What it is", "Turned", "Breaks", "Mends")
    rows = []
    for row in found.effects.to_dict("records"):
        own = found.verdicts[found.verdicts["switch"] == row["switch"]]
        if row["switch"] != AS_IT_STANDS:
            cells = [_patterns(own[own["turns"] == turns].to_dict("records")) for turns in ("breaks", "mends")]
            rows.append([code(row["switch"]), row["meaning"], row["turned"], *cells])
    return table(heads, rows)


def _patterns(rows: list[Row]) -> str:
    names = [f"{IN_WORDS[row['pattern']]} ({row['use']})" for row in rows]
    return "; ".join(name if row["clear"] else f"[{name}]" for name, row in zip(names, rows, strict=True)) or "–"


def _levels(found: Found) -> str:
    heads = (
        "Switch", "Turned", "Complaints per 1,000", "Isolation, SD", "Policy: complaints per 1,000",
        "Policy: isolation, SD",
    )  # fmt: skip
    columns = [(f"{kind}_{outcome}", _DIGITS[outcome]) for kind in ("level", "effect") for outcome in OUTCOMES]
    rows = [
        [code(row["switch"]), row["turned"], *(_changed(row, column, digits) for column, digits in columns)]
        for row in found.effects.to_dict("records")
    ]
    return table(heads, rows)


def _changed(row: Row, column: str, digits: int) -> str:
    """A number, and in brackets how it changes with the switch where that can be told from nought."""
    number = f"{row[column]:.{digits}f}" if column == "level_complaints" else signed(row[column], digits)
    if row["switch"] == AS_IT_STANDS:
        return number
    low, high = row[f"{column}_change_low"], row[f"{column}_change_high"]
    return f"{number} ({'–' if low <= 0 <= high else signed(row[f'{column}_change'], digits)})"


def _row(found: Found, switch: str) -> Row:
    return found.effects.set_index("switch").loc[switch]
