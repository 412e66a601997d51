"""Pictures that are no charts, as SVG: houses on an evening, and the ties of a department before and after."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

from sim.plotting.charts.style import BLUE, FONT, GREY, INK, ORANGE, wrapped
from sim.views.explore.evening import Evening
from sim.words import Words

if TYPE_CHECKING:
    import pandas as pd

STATES = ("works", "awake", "rests")
_NIGHT, _WALL, _ROOF, _BRIGHT, _DIM, _DARK, _PALE = (
    "#16233b", "#2c3e5c", "#22314a", "#ffd45e", "#8a7444", "#0e1728", "#c9d3e3"
)  # fmt: skip
_HOUSE, _STREET = 82, 104
"""Room of a house: across, and from street to street."""
_CHANGED, _DORMANT = 0.05, 0.02
"""By how much a tie must differ to be coloured, and the strength below which it is not drawn."""
_TEAMS = 6


def houses(evening: Evening, world: int, name: str, words: Words, columns: int) -> str:
    """The team at home that evening in one world: a bright window works, a dim one is awake, a dark one rests."""
    people = len(evening.is_manager)
    lines = -(-people // columns)
    width = columns * _HOUSE + 24
    heads = wrapped(name, width - 28, 14)
    top = 22 + 18 * len(heads)
    height = top + lines * _STREET + 4
    drawn = "".join(
        _house(
            24 / 2 + _HOUSE * (person % columns),
            top + _STREET * (person // columns),
            evening.state(world, person),
            words("explore.evening.manager")
            if evening.is_manager[person]
            else words("explore.evening.colleague", number=person),
        )
        for person in range(people)
    )
    title = "".join(
        f'<text x="14" y="{26 + 18 * line}" font-size="14" font-weight="700" fill="#fff">{escape(head)}</text>'
        for line, head in enumerate(heads)
    )
    sky = f'<rect width="{width}" height="{height}" rx="10" fill="{_NIGHT}"/>'
    return _svg(width, height, sky + title + drawn)


def told(evening: Evening, world: int, words: Words) -> str:
    """How many of the team work, are awake and rest, in words."""
    counted = Counter(evening.state(world, person) for person in range(len(evening.is_manager)))
    return ", ".join(
        words("explore.evening.count", number=counted[state], state=words(f"explore.evening.{state}"))
        for state in STATES
        if counted[state]
    )


def window(state: str) -> str:
    """The window of a state by itself, for a key."""
    return _svg(30, 30, f'<rect width="30" height="30" rx="5" fill="{_WALL}"/>{_window(3, 4, state)}')


def _house(x: float, y: float, state: str, label: str) -> str:
    roof = f'<polygon points="{x + 8},{y + 24} {x + 41},{y} {x + 74},{y + 24}" fill="{_ROOF}"/>'
    wall = f'<rect x="{x + 14}" y="{y + 24}" width="54" height="46" fill="{_WALL}"/>'
    text = f'<text x="{x + 41}" y="{y + 87}" font-size="12" text-anchor="middle" fill="{_PALE}">{escape(label)}</text>'
    return roof + wall + _window(x + 29, y + 34, state) + text


def _window(x: float, y: float, state: str) -> str:
    fill = {"works": _BRIGHT, "awake": _DIM, "rests": _DARK}[state]
    pane = f'<rect x="{x}" y="{y}" width="24" height="22" rx="2" fill="{fill}"/>'
    if state == "works":  # a laptop
        return (
            pane
            + f'<rect x="{x + 6}" y="{y + 5}" width="12" height="8" fill="{INK}"/>'
            + f'<rect x="{x + 4}" y="{y + 14}" width="16" height="2.4" fill="{INK}"/>'
        )
    if state == "awake":  # an eye
        eye = f'<ellipse cx="{x + 12}" cy="{y + 11}" rx="8" ry="5" fill="#fff"/>'
        return pane + eye + f'<circle cx="{x + 12}" cy="{y + 11}" r="2.8" fill="{INK}"/>'
    moon = f"M{x + 14},{y + 4} a7,7 0 1 0 5,11 a5.6,5.6 0 0 1 -5,-11"
    return pane + f'<path d="{moon}" fill="{_PALE}"/>'


def ties(edges: pd.DataFrame, people: pd.DataFrame, scenario: str, when: str, size: int = 400) -> str:
    """The ties of a department, `when` is before or after; teams stand in a circle, managers are squares.

    Afterwards a tie is coloured where it differs from the same tie under today's practice. `edges` and `people` are the
    tables ties and people.
    """
    staff = people[people["scenario"] == scenario]
    teams = list(dict.fromkeys(staff["team"]))[:_TEAMS]
    staff = staff[staff["team"].isin(teams)]
    places = _placed(staff, teams, size)
    own, usual = (_pairs(edges[edges["scenario"] == world], places) for world in (scenario, "baseline"))
    beyond = own["after"] - usual["after"] if when == "after" else 0 * own["before"]
    lines = "".join(
        _line(places[a], places[b], strength, more)
        for (a, b), strength, more in zip(own.index, own[when], beyond, strict=True)
    )
    dots = "".join(_dot(places[row.place], row.is_manager) for row in staff.itertuples())
    return _svg(size, size, f'<rect width="{size}" height="{size}" fill="#fff"/>{lines}{dots}')


def _placed(people: pd.DataFrame, teams: list[int], size: int) -> dict[int, tuple[float, float]]:
    middle, ring = size / 2, size * (0.33 if len(teams) > 1 else 0)
    places = {}
    for number, team in enumerate(teams):
        angle = 2 * math.pi * number / len(teams) - math.pi / 2
        x, y = middle + ring * math.cos(angle), middle + ring * math.sin(angle)
        members = list(people.loc[people["team"] == team, "place"])
        for seat, place in enumerate(members):
            turn = 2 * math.pi * seat / len(members)
            places[int(place)] = (x + size * 0.115 * math.cos(turn), y + size * 0.115 * math.sin(turn))
    return places


def _pairs(edges: pd.DataFrame, places: Mapping[int, tuple[float, float]]) -> pd.DataFrame:
    """The mean strength of each pair's tie, before and after, of those who are drawn."""
    drawn = edges[edges["source"].isin(places) & edges["target"].isin(places)]
    pair = [tuple(sorted(ends)) for ends in zip(drawn["source"], drawn["target"], strict=True)]
    return drawn.assign(pair=pair).groupby("pair")[["before", "after"]].mean()


def _line(start: tuple[float, float], end: tuple[float, float], strength: float, more: float) -> str:
    if strength < _DORMANT:
        return ""
    colour = "#9aa5b1" if abs(more) <= _CHANGED else BLUE if more > 0 else ORANGE
    return (
        f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}" stroke="{colour}" '
        f'stroke-width="{0.4 + 3 * strength:.2f}" stroke-opacity="0.75"/>'
    )


def _dot(place: tuple[float, float], is_manager: bool) -> str:
    x, y = place
    if is_manager:
        return f'<rect x="{x - 5:.1f}" y="{y - 5:.1f}" width="10" height="10" fill="{INK}" stroke="#fff"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.6" fill="{GREY}" stroke="#fff"/>'


def strengths(edges: pd.DataFrame, scenario: str) -> dict[str, float]:
    """Mean strength of ties within and across teams, before and after, of the department drawn."""
    own = edges[edges["scenario"] == scenario]
    found: dict[str, float] = {}
    for name, rows in (("within", own[~own["across"]]), ("across", own[own["across"]])):
        found |= {f"{name}_{when}": float(rows[when].mean()) if len(rows) else 0.0 for when in ("before", "after")}
    return found


def _svg(width: float, height: float, content: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" font-family="{FONT}">{content}</svg>'
    )
