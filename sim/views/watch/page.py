"""The page: Mesa's SolaraViz of one organisation, in Dutch or English. The server asks for `Page`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs

import solara
from mesa.visualization import Slider

from sim.errors import UserError
from sim.levers.measure import FAMILIES
from sim.views.explore.levers import Option
from sim.views.explore.levers import family as options_of
from sim.views.watch.drawing import network, weeks
from sim.views.watch.organisation import PRACTICE, Organisation
from sim.words import LANGUAGES, Words

MESA = {
    "Controls": "controls",
    "Play Interval (ms)": "pause",
    "Render Interval (steps)": "weeks_a_step",
    "Use Threads": "threads",
    "Increase play interval to avoid skipping plots": "skipping",
    "Reset": "again",
    "Step": "step",
    "Model Parameters": "levers",
    "Information": "information",
    "Step:": "week",
}
"""The labels of Mesa's own controls, and what they are called among our words: Mesa speaks English alone."""
_STYLE = """
.v-tabs, .vue-resizable-handle { display: none }
.vue-grid-layout, .vue-grid-item { height: auto !important }
.vue-grid-layout { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)) }
.vue-grid-item { position: static !important; transform: none !important; width: auto !important }
.vue-grid-item:nth-child(3) { grid-column: 1 / -1; max-width: 60rem }
.vue-grid-item img { width: 100%; max-width: 100% }
.v-navigation-drawer .v-input { margin-top: 0; padding-top: 10px }
.v-navigation-drawer .v-messages, .v-navigation-drawer .v-text-field__details { display: none }
"""
"""Two drawings side by side as high as they are and the note below, and no tabs: there is one page of drawings."""
_WITH_LABELS = ("Button", "Card", "Checkbox", "SliderInt", "Text")
SMALLEST, LARGEST = 40, 240
"""Employees of a watched organisation: fewer are no organisation, of more one sees no ties."""


class Shown(Organisation):
    """An organisation that starts without levers where they cannot go together, and remembers it."""

    def __init__(self, employees: int = 120, seed: int = 1, **kwargs: str):
        self.refused = False
        try:
            super().__init__(employees, seed, **kwargs)
        except UserError:
            self.refused = True
            super().__init__(employees, seed)


language = solara.reactive("")
"""The language of who looks; empty until it has been read from the address."""


class InOurWords:
    """Solara as Mesa's page sees it, with the labels of Mesa's own controls in the language of who looks."""

    def __getattr__(self, name: str) -> Any:
        part = getattr(solara, name)
        return _in_our_words(part) if name in _WITH_LABELS else part


def _in_our_words(part: Callable[..., Any]) -> Callable[..., Any]:
    def said(*first: Any, label: str = "", **rest: Any) -> Any:
        if label:
            return part(*first, label=translated(label), **rest)
        return part(*map(translated, first[:1]), *first[1:], **rest)

    return said


def translated(label: str) -> str:
    """A label of Mesa's in our words, a number at its end kept; any other label as it is."""
    fixed = label.rstrip(" 0123456789")
    key = MESA.get(fixed)
    return label if key is None else _words()(f"watch.mesa.{key}") + label.removeprefix(fixed)


def _page_of_mesa() -> ModuleType:
    """A copy of Mesa's page with labels in our words; Mesa's own module stays as it is for everybody else."""
    spec = find_spec("mesa.visualization.solara_viz")
    if spec is None or spec.loader is None:
        raise ImportError("Mesa has no module mesa.visualization.solara_viz")
    page = module_from_spec(spec)
    spec.loader.exec_module(page)
    vars(page)["solara"] = InOurWords()
    return page


SolaraViz = _page_of_mesa().SolaraViz


def _words() -> Words:
    return Words(language.value or "en")


@solara.component
def Page() -> None:  # noqa: N802, the name that Solara's server asks for
    """One organisation: its ties, its weeks, and the levers."""
    search = solara.use_router().search
    solara.use_memo(lambda: language.set(asked_language(search or "")), [])
    organisation = solara.use_memo(lambda: solara.reactive(Shown()), [])
    words = _words()
    solara.Title(words("watch.title"))
    solara.Style(_STYLE)
    with solara.AppBar():
        solara.ToggleButtonsSingle(language, values=list(LANGUAGES), dense=True)
    _one_organisation(organisation, language.value).key(language.value)


@solara.component
def _one_organisation(organisation: solara.Reactive[Shown], spoken: str) -> None:
    """Mesa's page in one language; in another it is built anew around the same organisation."""
    words = Words(spoken)
    renderer = solara.use_memo(lambda: solara.reactive(network(organisation.value, words)), [])
    controls = solara.use_memo(lambda: levers(organisation.value.asked, words), [])
    SolaraViz(
        organisation, renderer, [_weeks(words), _note(words)],
        model_params=controls, name=words("watch.title"), play_interval=200,
    )  # fmt: skip


def asked_language(search: str) -> str:
    """The language that an address asks for, as in `?language=nl`; English where it asks for none that there is."""
    asked = parse_qs(search.removeprefix("?")).get("language", ["en"])[0]
    return asked if asked in LANGUAGES else "en"


def levers(asked: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """Controls for size, chance and every family of levers, as `SolaraViz` takes them, set as they were asked for."""
    size = Slider(words("watch.employees"), asked["employees"], SMALLEST, LARGEST, 20)
    chance = Slider(words("watch.seed"), asked["seed"], 1, 20, 1)
    return {"employees": size, "seed": chance, **{family: _select(family, asked, words) for family in FAMILIES}}


def _select(family: str, asked: Mapping[str, Any], words: Words) -> dict[str, Any]:
    values = [{"value": one.name, "text": _name(one, words)} for one in options_of(family)]
    label = words(f"common.family.{family}")
    return {"type": "Select", "label": label, "value": asked.get(family, PRACTICE), "values": values}


def _name(option: Option, words: Words) -> str:
    label = option.label(words)
    return words("watch.what_if", name=label) if option.what_if else label


def _weeks(words: Words) -> Callable[[Organisation], None]:
    def lines(organisation: Organisation) -> None:
        solara.FigureMatplotlib(weeks(organisation, words), format="png")

    return lines


def _note(words: Words) -> Callable[[Shown], None]:
    def note(organisation: Shown) -> None:
        if organisation.refused:
            solara.Error(words("watch.refused"))
        solara.HTML("p", words("watch.note"))  # not Markdown, which would fetch its formulas from the network

    return note
