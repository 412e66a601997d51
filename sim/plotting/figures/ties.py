"""Ties of one simulated organisation: before, after today's practice, and after a policy."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, product
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from sim.errors import UserError
from sim.plotting.figures.page_layout import blank, footer_of, sample
from sim.plotting.figures.selection import Labels, signed
from sim.plotting.figures.style import SMALL, with_style
from sim.plotting.style import BLUE, INK, ORANGE
from sim.reporting.labels import TODAY, label_of
from sim.reporting.tables import require_columns

_TIES = ("scenario", "source", "target", "across", "before", "after")
_PEOPLE = ("scenario", "place", "team", "is_manager", "isolation_before", "isolation_after")
_WEAKEST = 0.05
"""Ties below this strength are not drawn."""
_WIDTH = 1.6
"""Points of a tie of strength 1."""
_TITLE, _PANEL, _CAPTION = 0.3, 2.75, 0.4
"""Inches over, in and under a panel."""


@with_style
def draw(
    table: pd.DataFrame, people: pd.DataFrame, scenario: str, labels: Labels = None, footer: str = "",
    baseline: str = "baseline",
) -> Figure:  # fmt: skip
    """Draw the ties of one simulated organisation: before, after under the baseline, after under one scenario.

    `table` holds the ties of both scenarios (strength 0-1), `people` the persons of both, isolation in SD.
    A person has the same place in all three panels.
    """
    table, people = require_columns(table, _TIES, "ties"), require_columns(people, _PEOPLE, "people")
    for name, one in product((baseline, scenario), (table, people)):
        if name not in set(one["scenario"]):
            raise UserError(f"Missing scenario in the tables ties and people: {name}.")
    places = _places_of_people(table, people[people["scenario"] == baseline])
    step = _TITLE + _PANEL + _CAPTION
    sheet = blank(
        body=2 * step,
        title=f"Ties in one organisation: {label_of(scenario, labels)}",
        subtitle="The same simulated people in the same places. Thicker lines are stronger ties; darker "
        "people are more isolated from colleagues.",
        footer=footer_of(table, "One organisation in one run, as an illustration: no interval", footer),
    )
    panels = [one for top in (_TITLE, _TITLE + step) for one in sheet.row(2, 0.1, top, _PANEL, gap=0.2)]
    shades = _shades(people)
    moments = [
        ("Before", baseline, "before"),
        (f"After: {TODAY}", baseline, "after"),
        (f"After: {label_of(scenario, labels)}", scenario, "after"),
    ]
    for axes, (title, name, moment) in zip(panels, moments, strict=False):
        own_ties = table[table["scenario"] == name].rename(columns={moment: "strength"})
        own_people = people[people["scenario"] == name].rename(columns={f"isolation_{moment}": "isolation"})
        _draw_panel(axes, own_ties, own_people, places, shades)
        axes.set_title(title, weight="bold")
    _draw_key(panels[3], shades)
    return sheet.figure


def _shades(people: pd.DataFrame) -> ScalarMappable:
    isolation = people[["isolation_before", "isolation_after"]].to_numpy()
    return ScalarMappable(Normalize(isolation.min(), isolation.max()), sns.light_palette(INK, as_cmap=True))


def _places_of_people(table: pd.DataFrame, people: pd.DataFrame) -> dict[Any, np.ndarray]:
    """Return the place of each person: a spring layout of all ties, with springs that hold each team together."""
    strength = table.assign(strength=table[["before", "after"]].mean(axis=1))
    team_of = dict(zip(people["place"], people["team"], strict=True))
    graph = nx.Graph()
    graph.add_nodes_from(team_of)
    for one, other in combinations(team_of, 2):
        if team_of[one] == team_of[other]:
            graph.add_edge(one, other, strength=0.5)
    pairs = _both_ways(strength)
    graph.add_weighted_edges_from(pairs[["source", "target", "strength"]].to_numpy(), "strength")
    start = dict(zip(team_of, _teams_in_a_ring(people), strict=True))
    places: dict[Any, np.ndarray] = nx.spring_layout(graph, pos=start, weight="strength", k=0.35, iterations=80, seed=0)
    return places


def _teams_in_a_ring(people: pd.DataFrame) -> np.ndarray:
    """Return a place (person, 2) near the team's own on a circle."""
    angle = 2 * np.pi * pd.factorize(people["team"])[0] / people["team"].nunique()
    ring = np.column_stack([np.cos(angle), np.sin(angle)])
    jitter: np.ndarray = np.random.default_rng(0).normal(scale=0.05, size=ring.shape)
    return ring + jitter


def _both_ways(table: pd.DataFrame) -> pd.DataFrame:
    """Return each pair of people once, with the mean strength of their ties in both directions."""
    ends = np.sort(table[["source", "target"]].to_numpy(), axis=1)
    pairs = table.assign(source=ends[:, 0], target=ends[:, 1])
    return pairs.groupby(["source", "target", "across"], as_index=False)["strength"].mean()


def _draw_panel(
    axes: Axes, table: pd.DataFrame, people: pd.DataFrame, places: Mapping[Any, np.ndarray], shades: ScalarMappable
) -> None:
    pairs = _both_ways(table)
    for across, rows in pairs[pairs["strength"] >= _WEAKEST].groupby("across"):
        graph = nx.from_pandas_edgelist(rows, edge_attr="strength")
        nx.draw_networkx_edges(
            graph, places, width=[_WIDTH * strength for *_, strength in graph.edges(data="strength")], alpha=0.7,
            edge_color=ORANGE if across else BLUE, style="--" if across else "-", ax=axes,
        )  # fmt: skip
    for is_manager, rows in people.groupby("is_manager"):
        nx.draw_networkx_nodes(
            nx.empty_graph(rows["place"]), places, node_shape="s" if is_manager else "o", edgecolors=INK,
            node_size=42 if is_manager else 34, node_color=shades.to_rgba(rows["isolation"].to_numpy()),
            linewidths=0.5, ax=axes,
        )  # fmt: skip
    axes.axis("off")
    axes.text(0.5, -0.01, _means(pairs, people), transform=axes.transAxes, ha="center", va="top")


def _means(pairs: pd.DataFrame, people: pd.DataFrame) -> str:
    strength = pairs.groupby("across")["strength"].mean()
    within, across = (f"{strength.get(side, np.nan):.2f}" for side in (False, True))
    isolation = signed(people["isolation"].mean(), 2)
    return f"mean strength: within teams {within}, across {across}\nmean isolation {isolation} SD"


def _draw_key(axes: Axes, shades: ScalarMappable) -> None:
    person: dict[str, Any] = {"markeredgecolor": INK, "markersize": 6}
    key = [
        sample("tie within a team", BLUE, linewidth=1.5),
        sample("tie across teams", ORANGE, linewidth=1.5, linestyle="--"),
        sample("weak (0.25)", INK, linewidth=0.25 * _WIDTH),
        sample("strong (1)", INK, linewidth=_WIDTH),
        sample("employee", "white", marker="o", **person),
        sample("manager", "white", marker="s", **person),
    ]
    axes.axis("off")
    axes.legend(
        handles=key, loc="upper center", bbox_to_anchor=(0.5, 0.9), ncols=2, title_fontsize=SMALL,
        title=f"Ties from {_WEAKEST:g} are drawn",
    )  # fmt: skip
    bar = axes.inset_axes((0.1, 0.3, 0.8, 0.06))
    axes.figure.colorbar(shades, cax=bar, orientation="horizontal")
    bar.set_title("isolation from colleagues, SD\n(0 = Dutch home workers 2022)", fontsize=SMALL, loc="center")
