"""What pictures are on the page: charts in two widths, images with their text, tables; drawn once and kept."""

from __future__ import annotations

from base64 import b64encode
from collections import OrderedDict
from collections.abc import Callable, Sequence
from html import escape
from threading import Lock
from typing import Any

import streamlit as st

from sim.plotting import charts
from sim.views.explore.cases import Answer
from sim.views.explore.selection import FIRST_STAGE, PolicySelection
from sim.words import Words
from sim.world import own_organisation

WIDE, NARROW = 860, 343
"""Pixels of a chart on a desk and on a phone."""
_MOST_KEPT = 200

_shelf = Lock()
_drawn: OrderedDict[tuple[Any, ...], str] = OrderedDict()
"""Figures drawn lately: a page draws the same ones again whenever it looks for more."""


def figure(make: Callable[[int], Any], words: Words, *key: Any) -> None:
    """A chart in the width of a desk and of a phone, of which the screen shows one; `key` says all it depends on.

    A first look has one alone, for the screen that probably asks: the other is there with the next runs.
    """
    widths = {"wide": WIDE, "narrow": NARROW}
    if FIRST_STAGE in key:
        own = "narrow" if "Mobi" in st.context.headers.get("User-Agent", "") else "wide"
        widths = {own: widths[own]}

    def drawn() -> str:
        shown = []
        for kind, width in widths.items():
            spec = make(width).to_dict(validate=False)
            only = " only" if len(widths) == 1 else ""
            shown.append(image(charts.svg(spec), str(spec.get("description", "")), f"chart {kind}{only}"))
        return f"<figure>{''.join(shown)}</figure>"

    st.html(kept((words.language, *widths, *key), drawn))


def kept(key: tuple[Any, ...], make: Callable[[], str]) -> str:
    """What is kept under this key, made where it is missing; the oldest has to go."""
    found = _drawn.get(key)
    if found is None:
        found = make()
        with _shelf:
            if all(own_organisation.held(name) for name in _organisations(key)):
                _drawn[key] = found
            while len(_drawn) > _MOST_KEPT:
                _drawn.popitem(last=False)
    return found


def forget(organisation: str) -> None:
    """Let go of every figure of an uploaded organisation."""
    with _shelf:
        for key in [key for key in _drawn if organisation in _organisations(key)]:
            del _drawn[key]


def depends(asked: Sequence[PolicySelection], found: Sequence[Answer], *more: Any) -> tuple[Any, ...]:
    """All that a figure of these answers depends on, and the uploaded organisations among it."""
    of = frozenset(choice.persons for choice in asked if choice.persons is not None)
    return (of, *(choice.overrides for choice in asked), *(one.replicates for one in found), *more)


def _organisations(key: tuple[Any, ...]) -> frozenset[str]:
    """The uploaded organisations that a figure with this key shows."""
    return frozenset().union(*(part for part in key if isinstance(part, frozenset)))


def image(svg: str, alt: str, kind: str) -> str:
    """An SVG as an image with its alternative text, as HTML; `kind` is its class."""
    data = b64encode(svg.encode()).decode()
    return f"<img class='{kind}' src='data:image/svg+xml;base64,{data}' alt='{escape(alt, quote=True)}'>"


def table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """A table that scrolls by itself where the screen is narrow; each line begins with its head."""
    head = "".join(f"<th scope='col'>{escape(one)}</th>" for one in heads)
    body = "".join(
        f"<tr><th scope='row'>{escape(line[0])}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in line[1:])}</tr>"
        for line in lines
    )
    st.html(
        f"<div class='scroll'><table class='kept'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
