"""Chart of the cascade: from measures that employers claim to measures that employees use as intended."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from sim.errors import UserError
from sim.plotting.charts.style import amount, finished, is_narrow, key, names_width, rows_channel
from sim.plotting.style import BLUE, INK, LOST, ORANGE
from sim.reporting import phrases
from sim.reporting.tables import require_columns
from sim.words import Words

STAGE_ROLES = {
    **dict.fromkeys(("claimed", "implemented", "communicated"), "employer"),
    **dict.fromkeys(("known", "used", "used_well"), "non_manager"),
}
"""Role whose share is shown, by stage: employers first, then non-managers."""

_COLUMNS = ("scenario", "measure", "role", "stage", "share", "study_share")
_ROW = 46


def steps(table: pd.DataFrame, scenario: str = "baseline") -> pd.DataFrame:
    """Return a row per stage: stage, share, study_share, lost (since the previous stage), more (where the share rises).

    All are means over the 15 measures, 0 to 1.

    `table` is the table `cascade`. Raises UserError where it lacks the scenario, or has too few employees to report.
    """
    rows = require_columns(table, _COLUMNS, "cascade")
    rows = rows[rows["scenario"] == scenario]
    means = rows.groupby(["role", "stage"])[["share", "study_share"]].mean()
    missing = [stage for stage, role in STAGE_ROLES.items() if (role, stage) not in means.index]
    if missing:
        raise UserError(f"No stage {missing[0]} in the cascade of {scenario}. Use one with at least ten employees.")
    stages = pd.DataFrame([means.loc[(role, stage)] for stage, role in STAGE_ROLES.items()], index=list(STAGE_ROLES))
    stages["lost"] = (stages["share"].shift() - stages["share"]).clip(lower=0)
    stages["more"] = (stages["share"] - stages["share"].shift()).clip(lower=0)
    return stages.reset_index(names="stage")


def largest_leak(stages: pd.DataFrame) -> pd.Series:
    """Return the row of `steps` with the largest loss."""
    return stages.loc[stages["lost"].idxmax()]


def cascade(
    table: pd.DataFrame, words: Words, width: int = 820, scenario: str = "baseline", beside: str | None = None
) -> Any:
    """Return a bar per stage with the remaining and the lost share, and the shares of the study as diamonds.

    `beside` is a second scenario, marked by a line where it differs.
    """
    stages = steps(table, scenario)
    names = {stage: words(f"common.stage.{stage}") for stage in STAGE_ROLES}
    bars = stages.assign(
        name=stages["stage"].map(names),
        left=1000 * stages["share"],
        before=1000 * (stages["share"] + stages["lost"].fillna(0)),
        study=1000 * stages["study_share"],
        text=[_beside(row, words, is_narrow(width)) for row in stages.to_dict("records")],
    )
    if beside is not None:
        bars["other"] = 1000 * steps(table, beside)["share"]
    bars["end"] = bars[[one for one in ("before", "study", "other") if one in bars]].max(axis=1)
    chart = _layers(bars, list(names.values()), words, width, beside is not None)
    legend = words("common.picture.key_cascade")
    if beside is not None:
        legend += " · " + words("common.picture.key_cascade_beside", name=phrases.name_of(beside, words))
    return finished(chart, words, _description(stages, scenario, names, words), key(legend, width))


def _beside(row: dict[Any, Any], words: Words, narrow: bool) -> str:
    """Return labels of the remaining share and of the loss or gain in this step, without words on a phone."""
    left = phrases.per_1000(row["share"], words)
    if row["lost"] != row["lost"]:
        return left
    if row["more"] > 0:
        description = "" if narrow else words("common.picture.more_words")
        more = words("common.picture.more", more=phrases.per_1000(row["more"], words), description=description)
        return f"{left}   ({more.strip()})"
    leak = "" if narrow else words(f"common.leak.{row['stage']}")
    lost = words("common.picture.lost", lost=phrases.per_1000(row["lost"], words), leak=leak)
    return f"{left}   ({lost.strip()})"


def _layers(bars: pd.DataFrame, names: list[str], words: Words, width: int, beside: bool) -> Any:
    y = rows_channel(names, width)
    edge = 1000 * (1.3 if is_narrow(width) else 1.25)
    ticks = {"values": [0, 250, 500, 750, 1000], "tickCount": alt.Undefined}
    x = amount([0, edge], title=words("common.picture.cascade_axis"), **ticks)
    base = alt.Chart(bars)
    study = alt.Chart(bars.dropna(subset=["study"])).mark_point(
        shape="diamond", size=90, fill="white", stroke=INK, strokeWidth=1.6, opacity=1
    )
    layers = [
        base.mark_bar(color=LOST, height=20).encode(y=y, x=x("left"), x2="before:Q"),
        base.mark_bar(color=BLUE, height=20).encode(y=y, x=x("left")),
        study.encode(y=y, x=x("study")),
        base.mark_text(align="left", dx=9, fontSize=12, color=INK).encode(y=y, x=x("end"), text="text:N"),
    ]
    if beside:
        layers.append(base.mark_tick(color=ORANGE, thickness=3.5, height=30, opacity=1).encode(y=y, x=x("other")))
    return alt.layer(*layers).properties(width=width - names_width(width) - 14, height=_ROW * len(names))


def _description(stages: pd.DataFrame, scenario: str, names: dict[str, str], words: Words) -> str:
    shares = (f"{names[row['stage']]} {phrases.per_1000(row['share'], words)}" for _, row in stages.iterrows())
    worst = largest_leak(stages)
    return words(
        "common.alt.cascade", name=phrases.name_of(scenario, words), description=f"{'; '.join(shares)}.",
        leak=words(f"common.leak.{worst['stage']}"), lost=phrases.per_1000(worst["lost"], words),
    )  # fmt: skip
