"""Drawings as SVG: a team at home on an evening, and the ties of a department before and after."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

import pandas as pd

from sim.plotting.charts.style import FONT, wrapped
from sim.plotting.style import BLUE, GREY, INK, ORANGE
from sim.views.explore.evening import Evening
from sim.views.explore.rendering import fragment
from sim.words import Words

STATES = ("works", "awake", "rests")
_COLOURS = {
    "night": "#16233b", "wall": "#2c3e5c", "roof": "#22314a", "works": "#ffd45e", "awake": "#8a7444",
    "rests": "#0e1728", "pale": "#c9d3e3", "ink": INK,
}  # fmt: skip
_HOME_WIDTH, _ROW_HEIGHT = 82, 104
"""Pixels per home and per row of homes."""
_MIN_CHANGE, _MIN_STRENGTH = 0.05, 0.02
"""Smallest difference of a tie that is coloured, and smallest strength that is drawn."""
_MAX_TEAMS = 6


def team_at_home(evening: Evening, world: int, name: str, words: Words, columns: int) -> str:
    """Return the homes of the team, with a bright window (works), a dim one (awake) or a dark one (rests)."""
    people = len(evening.is_manager)
    width = columns * _HOME_WIDTH + 24
    titles = wrapped(name, width - 28, 14)
    top = 22 + 18 * len(titles)
    homes = []
    for person in range(people):
        role = words(f"explore.evening.{'manager' if evening.is_manager[person] else 'colleague'}", number=person)
        x, y = 12 + _HOME_WIDTH * (person % columns), top + _ROW_HEIGHT * (person // columns)
        homes.append((x, y, evening.state(world, person), role))
    height = top + math.ceil(people / columns) * _ROW_HEIGHT + 4
    return fragment("scenes", "team", width, height, titles, homes, _COLOURS, FONT)


def states_in_words(evening: Evening, world: int, words: Words) -> str:
    """Return in words how many people of the team work, are awake and rest."""
    counts = Counter(evening.state(world, person) for person in range(len(evening.is_manager)))
    return ", ".join(
        words("explore.evening.count", number=counts[state], state=words(f"explore.evening.{state}"))
        for state in STATES
        if counts[state]
    )


def window(state: str) -> str:
    """Return the window of a state, for the legend."""
    return fragment("scenes", "single_window", state, _COLOURS, FONT)


def ties(edges: pd.DataFrame, people: pd.DataFrame, scenario: str, when: str, size: int = 400) -> str:
    """Return the ties of a department, `when` is before or after; teams are circles, managers are squares.

    Afterwards a tie is coloured where it differs from the same tie under today's practice. `edges` and `people` are the
    tables ties and people.
    """
    staff = people[people["scenario"] == scenario]
    teams = list(dict.fromkeys(staff["team"]))[:_MAX_TEAMS]
    staff = staff[staff["team"].isin(teams)]
    places = _positions(staff, teams, size)
    own, usual = (_pairs(edges[edges["scenario"] == world], places) for world in (scenario, "baseline"))
    change = own["after"] - usual["after"] if when == "after" else 0 * own["before"]
    lines = [
        (places[a], places[b], _colour(more), 0.4 + 3 * strength)
        for (a, b), strength, more in zip(own.index, own[when], change, strict=True)
        if strength >= _MIN_STRENGTH
    ]
    dots = [(places[row.place], bool(row.is_manager)) for row in staff.itertuples()]
    return fragment("scenes", "network", size, lines, dots, INK, GREY, FONT)


def _colour(change: float) -> str:
    return "#9aa5b1" if abs(change) <= _MIN_CHANGE else BLUE if change > 0 else ORANGE


def _positions(people: pd.DataFrame, teams: list[int], size: int) -> dict[int, tuple[float, float]]:
    middle, ring = size / 2, size * (0.33 if len(teams) > 1 else 0)
    positions = {}
    for number, team in enumerate(teams):
        angle = 2 * math.pi * number / len(teams) - math.pi / 2
        x, y = middle + ring * math.cos(angle), middle + ring * math.sin(angle)
        members = list(people.loc[people["team"] == team, "place"])
        for seat, place in enumerate(members):
            turn = 2 * math.pi * seat / len(members)
            positions[int(place)] = (x + size * 0.115 * math.cos(turn), y + size * 0.115 * math.sin(turn))
    return positions


def _pairs(edges: pd.DataFrame, places: Mapping[int, tuple[float, float]]) -> pd.DataFrame:
    """Return the mean strength of each pair's tie, before and after, among the people in the drawing."""
    inside = edges[edges["source"].isin(places) & edges["target"].isin(places)]
    pair = [tuple(sorted(ends)) for ends in zip(inside["source"], inside["target"], strict=True)]
    return inside.assign(pair=pair).groupby("pair")[["before", "after"]].mean()


def mean_strengths(edges: pd.DataFrame, scenario: str) -> dict[str, float]:
    """Return the mean strength of ties within and across teams, before and after."""
    own = edges[edges["scenario"] == scenario]
    means: dict[str, float] = {}
    for name, rows in (("within", own[~own["across"]]), ("across", own[own["across"]])):
        means |= {f"{name}_{when}": float(rows[when].mean()) if len(rows) else 0.0 for when in ("before", "after")}
    return means
