"""HTML and figures of the page: fragments from templates, charts in two widths, and a cache of what has been drawn."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

import streamlit as st

from sim.plotting import charts
from sim.views.explore.cases import Answer
from sim.views.explore.selection import FIRST_STAGE, PolicySelection
from sim.views.templates import environment
from sim.words import Words
from sim.world import own_organisation

if TYPE_CHECKING:
    from markupsafe import Markup

WIDE, NARROW = 860, 343
"""Pixels of a chart on a desktop and on a phone."""
_CACHE_SIZE = 200

_cache_lock = Lock()
_cache: OrderedDict[tuple[Any, ...], str] = OrderedDict()
"""Recent figures and fragments, because a page shows the same ones at every update."""


def fragment(template: str, macro: str, *values: Any) -> Markup:
    """Return the HTML of a macro of `templates/<template>.j2` with these values, whose texts are escaped."""
    result: Markup = getattr(environment("sim.views.explore").get_template(f"{template}.j2").module, macro)(*values)
    return result


def show(template: str, macro: str, *values: Any) -> None:
    """Put a fragment on the page."""
    st.html(fragment(template, macro, *values))


def figure(make: Callable[[int], Any], words: Words, *key: Any) -> None:
    """Show a chart in the width of the screen, desktop or phone; `key` holds everything that it depends on.

    At the first stage only the width of this screen is drawn, later both.
    """
    widths = {"wide": WIDE, "narrow": NARROW}
    if FIRST_STAGE in key:
        own = "narrow" if "Mobi" in st.context.headers.get("User-Agent", "") else "wide"
        widths = {own: widths[own]}

    def draw() -> str:
        only = " only" if len(widths) == 1 else ""
        specs = {f"chart {kind}{only}": make(width).to_dict(validate=False) for kind, width in widths.items()}
        images = [(charts.svg(spec), spec.get("description", ""), kind) for kind, spec in specs.items()]
        return fragment("images", "figure", images)

    st.html(cached((words.language, *widths, *key), draw))


def cached(key: tuple[Any, ...], make: Callable[[], str]) -> str:
    """Return the cached value of a key, made where it is missing; the oldest one is dropped."""
    value = _cache.get(key)
    if value is None:
        value = make()
        with _cache_lock:
            if all(own_organisation.stored_staff(name) for name in _organisations(key)):
                _cache[key] = value
            while len(_cache) > _CACHE_SIZE:
                _cache.popitem(last=False)
    return value


def forget(organisation: str) -> None:
    """Delete everything drawn of an uploaded organisation."""
    with _cache_lock:
        for key in [key for key in _cache if organisation in _organisations(key)]:
            del _cache[key]


def key_of(choices: Sequence[PolicySelection], answers: Sequence[Answer], *more: Any) -> tuple[Any, ...]:
    """Return the key of a figure of these answers, which includes the uploaded organisations."""
    organisations = frozenset(choice.persons for choice in choices if choice.persons is not None)
    return (organisations, *(choice.overrides for choice in choices), *(one.replicates for one in answers), *more)


def _organisations(key: tuple[Any, ...]) -> frozenset[str]:
    return frozenset().union(*(part for part in key if isinstance(part, frozenset)))
