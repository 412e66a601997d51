"""Drawings of one organisation: its ties, and its outcomes by week."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib
import networkx as nx
import numpy as np
import seaborn as sns
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from mesa.visualization import SpaceRenderer
from mesa.visualization.components import AgentPortrayalStyle
from mesa.visualization.space_drawers import NetworkSpaceDrawer

from sim.plotting.figures.style import LARGE, PLAIN, STYLE, with_style
from sim.plotting.style import BLUE, INK, PALE, VERMILLION
from sim.reporting import phrases
from sim.views.watch.organisation import LEVERS, OUTCOMES, TODAY, Organisation
from sim.words import Words

_SHADES = ScalarMappable(Normalize(-2, 2), sns.light_palette(VERMILLION, as_cmap=True))
"""Shades of exhaustion in SD, the same in every week and every organisation."""
_WEAKEST = 0.1
"""Ties below this strength are not drawn."""
_WIDTH = 1.2
"""Points of a tie of strength 1."""
_SIZE, _SHARPNESS = (5.6, 6.0), 160
"""Inches of each drawing, and dots in an inch."""
_GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))
"""The golden angle, which spaces points evenly over a disc."""
_TEAM_RADIUS = 0.36
"""Radius of a team, where neighbouring teams are about 1 apart."""


class TeamsApart(SpaceRenderer):
    """Mesa's renderer of spaces, with separated teams and line widths in proportion to the strength of ties."""

    def __init__(self, model: Organisation, backend: str = "matplotlib"):
        self.model = model
        with matplotlib.rc_context({**STYLE, "figure.figsize": _SIZE, "figure.dpi": _SHARPNESS}):
            super().__init__(model, backend=backend)
        pyplot.close(self.canvas.get_figure())  # pyplot would keep it in memory

    def _get_space_drawer(self) -> NetworkSpaceDrawer:
        return NetworkSpaceDrawer(self.space, layout_alg=teams_apart, layout_kwargs={})

    def draw_structure(self, **kwargs: Any) -> Any:
        """Draw the ties of this week."""
        strength = self.model.tie_strengths
        across = [across for *_, across in self.space.G.edges(data="across")]
        lines = {
            "width": np.where(strength < _WEAKEST, 0, _WIDTH * strength),
            "edge_color": [to_hex(PALE if other_team else BLUE) for other_team in across],
            "style": "-",
            "alpha": 0.8,
        }
        return super().draw_structure(node_kwargs={"node_size": 0}, edge_kwargs=lines)


def teams_apart(graph: nx.Graph) -> dict[int, np.ndarray]:
    """Return a place (2,) for each person: teams spread over a disc, each in a ring around its manager."""
    teams: dict[int, list[int]] = {}
    for place, team in graph.nodes(data="team"):
        teams.setdefault(team, []).append(place)
    places: dict[int, np.ndarray] = {}
    for number, members in enumerate(teams.values()):
        centre = np.sqrt(number + 0.5) * _on_circle(number * _GOLDEN_ANGLE)
        leader = next((place for place in members if graph.nodes[place]["is_manager"]), None)
        others = [place for place in members if place != leader]
        places |= {} if leader is None else {leader: centre}
        for turn, place in enumerate(others):
            places[place] = centre + _TEAM_RADIUS * _on_circle(2 * np.pi * turn / len(others))
    return {place: places[place] for place in graph}


def _on_circle(angle: float) -> np.ndarray:
    return np.array([np.cos(angle), np.sin(angle)])


def network(organisation: Organisation, words: Words) -> TeamsApart:
    """Return the renderer of an organisation's ties, with people shaded by exhaustion."""
    renderer = TeamsApart(organisation)
    return renderer.render(_portrayal, post_process=_key_of(words))


def _portrayal(person: Any) -> AgentPortrayalStyle:
    """Return the style of a person: shaded by exhaustion, managers as squares; sizes in square points."""
    return AgentPortrayalStyle(
        color=_shade(person.exhaustion),
        marker="s" if person.is_manager else "o",
        size=max(10.0, min(50.0, 5000 / person.model.people)),
        zorder=3,
        edgecolors=INK,
        linewidths=0.5,
    )


def _shade(exhaustion: float) -> str:
    red, green, blue, _ = _SHADES.to_rgba(np.array([exhaustion]))[0]
    return to_hex((red, green, blue))


def _key_of(words: Words) -> Callable[[Axes], None]:
    """Return a function that adds title, legend and colour bar to the drawing of the ties."""

    @matplotlib.rc_context(STYLE)
    def add(axes: Axes) -> None:
        person: dict[str, Any] = {"color": "white", "markeredgecolor": INK, "linestyle": "none"}
        key = [
            Line2D([], [], color=BLUE, linewidth=_WIDTH, label=words("watch.ties.within")),
            Line2D([], [], color=PALE, linewidth=_WIDTH, label=words("watch.ties.across")),
            Line2D([], [], marker="o", label=words("watch.ties.employee"), **person),
            Line2D([], [], marker="s", label=words("watch.ties.manager"), **person),
        ]
        axes.set_aspect("equal")
        axes.set_title(words("watch.ties.title"), fontsize=LARGE, weight="bold")
        axes.legend(handles=key, loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=2, fontsize=PLAIN)
        bar = axes.figure.colorbar(_SHADES, ax=axes, orientation="horizontal", fraction=0.03, pad=0.02, aspect=40)
        bar.ax.tick_params(labelsize=PLAIN)
        bar.ax.xaxis.set_major_formatter(_number_format(words))
        bar.set_label(words("watch.ties.shades"), fontsize=PLAIN)

    return add


@with_style
def weeks(organisation: Organisation, words: Words) -> Figure:
    """Return the outcomes by week, under levers and under today's practice."""
    figure = Figure(figsize=_SIZE, dpi=_SHARPNESS, layout="constrained")
    styles: dict[str, dict[str, Any]] = {
        LEVERS: {"color": BLUE, "linewidth": 2.2, "markersize": 6},
        TODAY: {"color": INK, "linestyle": "--", "linewidth": 1.4, "markersize": 4},
    }
    collected = organisation.series()
    panels = figure.subplots(len(OUTCOMES), sharex=True)
    for axes, name in zip(panels, OUTCOMES, strict=True):
        for world, style in styles.items():
            values, last = collected[name, world], [len(collected[name, world]) - 1]
            label = words(f"watch.weeks.{world}")
            axes.plot(values, label=label, marker="o", markevery=last, clip_on=False, **style)
        axes.set_title(words(f"common.outcome_short.{name}"), fontsize=LARGE, weight="bold")
        axes.set_ylabel(words(f"watch.weeks.unit.{name}"), fontsize=PLAIN)
        axes.tick_params(labelsize=PLAIN)
        axes.yaxis.set_major_formatter(_number_format(words))
        _widen(axes, *_LEAST_RANGE[name])
    panels[-1].set_xlim(0, max(12, organisation.steps))
    model = organisation.with_levers
    axis = words("watch.weeks.axis", week=organisation.steps, date=phrases.day(model.date, words), people=model.people)
    panels[-1].set_xlabel(axis, fontsize=PLAIN)
    panels[0].legend(loc="upper left", ncols=2, fontsize=PLAIN)
    return figure


_LEAST_RANGE = {"burn_out_complaints": (60.0, 0.0), "isolation_from_colleagues": (0.3, -np.inf)}
"""Smallest range of each axis, so that small changes look small, and its lowest start."""


def _widen(axes: Axes, span: float, least: float) -> None:
    """Widen an axis to `span` about its middle, with space for a legend on top."""
    low, high = axes.get_ylim()
    missing = max(0.0, span - (high - low)) / 2
    low, high = max(least, low - missing), high + missing
    axes.set_ylim(low, high + 0.15 * (high - low))


def _number_format(words: Words) -> Callable[[float, float], str]:
    """Return a format of axis labels with the decimal mark of the language."""
    return lambda value, _: f"{value:g}".replace("-", "\N{MINUS SIGN}").replace(".", words("common.number.decimal"))
