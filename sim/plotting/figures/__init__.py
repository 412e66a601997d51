"""Figures for print: each module has one function `draw`, from tables to a page with title, units and intervals."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from sim.outcomes.definitions import BURN_OUT, ISOLATION
from sim.plotting.figures import burn_out_against_isolation, cascade, effects, ties, trajectories, who_gains
from sim.plotting.figures.selection import EFFECTS, Labels
from sim.plotting.figures.style import save
from sim.reporting.tables import require_columns

__all__ = ["draw_all", "save"]


def draw_all(
    tables: Mapping[str, pd.DataFrame], folder: Path, footer: str, labels: Labels = None, wordings: Labels = None
) -> list[Path]:
    """Draw every figure whose table has data, and return the files.

    `tables` may hold effects, trajectories, cascade, gains, ties and people. `footer` ends each figure's last
    line and holds seed and version; replicates and the meaning of bands are added from the tables. `labels`
    gives plain names of outcomes, scenarios and groups by id, `wordings` of measures: both may have the same ids.
    """
    paths = []
    for name, figure in _all_figures(_with_replicates(tables), footer, labels, wordings):
        paths += save(figure, folder / name)
        del figure
        gc.collect()  # the parts of a figure refer to each other, so that it would stay in memory for long
    return paths


def _with_replicates(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the tables of one study; those without a number of replicates have that of the effects."""
    tables_with_counts = dict(tables)
    if "effects" in tables:
        replicates = require_columns(tables["effects"], EFFECTS, "effects")["replicates"].max()
        for name in {"cascade", "gains"} & tables.keys():
            tables_with_counts[name] = tables[name].assign(replicates=tables[name].get("replicates", replicates))
    return tables_with_counts


def _all_figures(
    tables: Mapping[str, pd.DataFrame], footer: str, labels: Labels, wordings: Labels
) -> Iterator[tuple[str, Figure]]:
    tables = {name: table for name, table in tables.items() if not table.empty}
    if "effects" in tables:
        yield "effects", effects.draw(tables["effects"], labels, footer)
        numbered = tables["effects"].dropna(subset=["difference"])  # a policy that does not apply has no dot
        outcomes = numbered.loc[numbered["group"] == "everybody", "outcome"]
        if {BURN_OUT, ISOLATION} <= set(outcomes):
            yield "burn_out_against_isolation", burn_out_against_isolation.draw(numbered, labels, footer)
    if "trajectories" in tables and (weekly := tables["trajectories"])["date"].nunique() > 1:
        for kind, name in (("policy", "trajectories"), ("counterfactual", "trajectories_of_what_if_worlds")):
            if weekly.loc[weekly["kind"] == kind, "difference"].notna().any():
                yield name, trajectories.draw(weekly, labels, footer, kind=kind)
    if "cascade" in tables and cascade.reaches_employees(tables["cascade"]):
        yield "cascade", cascade.draw(tables["cascade"], labels, footer, wordings=wordings)
    if "gains" in tables:
        gains = tables["gains"]
        for outcome in gains.loc[gains["kind"] == "policy", "outcome"].unique():
            yield f"who_gains_{outcome}", who_gains.draw(gains, str(outcome), labels, footer)
    if "ties" in tables and "people" in tables:
        for scenario in tables["ties"]["scenario"].unique():
            if scenario != "baseline":
                page = ties.draw(tables["ties"], tables["people"], str(scenario), labels, footer)
                yield f"ties_{scenario}", page
