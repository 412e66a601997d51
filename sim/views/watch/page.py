"""The page: Mesa's SolaraViz of one organisation, in Dutch or English. Solara's server looks for `Page`."""

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
"""The English labels of Mesa's own controls, and their keys in `sim/words`."""
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
"""Two drawings side by side, the note below, and no tabs."""
_WITH_LABELS = ("Button", "Card", "Checkbox", "SliderInt", "Text")
SMALLEST, LARGEST = 40, 240
"""Employees; the ties of more people cannot be distinguished in a drawing."""


class OrganisationOnPage(Organisation):
    """An organisation that starts without levers where they cannot be combined, and reports it as `refused`."""

    def __init__(self, employees: int = 120, seed: int = 1, **kwargs: str):
        self.refused = False
        try:
            super().__init__(employees, seed, **kwargs)
        except UserError:
            self.refused = True
            super().__init__(employees, seed)


language = solara.reactive("")
"""The language of the visitor; empty until it has been read from the address."""


class TranslatedSolara:
    """Solara with the labels of Mesa's own controls in the language of the visitor."""

    def __getattr__(self, name: str) -> Any:
        part = getattr(solara, name)
        return _with_translation(part) if name in _WITH_LABELS else part


def _with_translation(part: Callable[..., Any]) -> Callable[..., Any]:
    def component(*first: Any, label: str = "", **rest: Any) -> Any:
        if label:
            return part(*first, label=translated(label), **rest)
        return part(*map(translated, first[:1]), *first[1:], **rest)

    return component


def translated(label: str) -> str:
    """Return the translation of a label of Mesa, with the number at its end; other labels are returned unchanged."""
    text = label.rstrip(" 0123456789")
    key = MESA.get(text)
    return label if key is None else _words()(f"watch.mesa.{key}") + label.removeprefix(text)


def _page_of_mesa() -> ModuleType:
    """Return a copy of Mesa's page with translated labels; Mesa's own module does not change."""
    spec = find_spec("mesa.visualization.solara_viz")
    if spec is None or spec.loader is None:
        raise ImportError("Mesa has no module mesa.visualization.solara_viz")
    page = module_from_spec(spec)
    spec.loader.exec_module(page)
    vars(page)["solara"] = TranslatedSolara()
    return page


SolaraViz = _page_of_mesa().SolaraViz


def _words() -> Words:
    return Words(language.value or "en")


@solara.component
def Page() -> None:  # noqa: N802, the name that Solara's server asks for
    """Show one organisation: its ties, its weeks, and the levers."""
    search = solara.use_router().search
    solara.use_memo(lambda: language.set(language_of(search or "")), [])
    organisation = solara.use_memo(lambda: solara.reactive(OrganisationOnPage()), [])
    words = _words()
    solara.Title(words("watch.title"))
    solara.Style(_STYLE)
    with solara.AppBar():
        solara.ToggleButtonsSingle(language, values=list(LANGUAGES), dense=True)
    _one_organisation(organisation, language.value).key(language.value)


@solara.component
def _one_organisation(organisation: solara.Reactive[OrganisationOnPage], code: str) -> None:
    """Show Mesa's page in one language; another language rebuilds it around the same organisation."""
    words = Words(code)
    renderer = solara.use_memo(lambda: solara.reactive(network(organisation.value, words)), [])
    controls = solara.use_memo(lambda: levers(organisation.value.settings, words), [])
    SolaraViz(
        organisation, renderer, [_weeks(words), _note(words)],
        model_params=controls, name=words("watch.title"), play_interval=200,
    )  # fmt: skip


def language_of(search: str) -> str:
    """Return the language of an address such as `?language=nl`; English for an unknown one."""
    code = parse_qs(search.removeprefix("?")).get("language", ["en"])[0]
    return code if code in LANGUAGES else "en"


def levers(settings: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """Return controls for size, seed and every family of levers, as `SolaraViz` takes them, with these settings."""
    size = Slider(words("explore.panel.employees"), settings["employees"], SMALLEST, LARGEST, 20)
    seed = Slider(words("explore.panel.seed"), settings["seed"], 1, 20, 1)
    return {"employees": size, "seed": seed, **{family: _select(family, settings, words) for family in FAMILIES}}


def _select(family: str, settings: Mapping[str, Any], words: Words) -> dict[str, Any]:
    values = [{"value": one.name, "text": _name(one, words)} for one in options_of(family)]
    label = words(f"common.family.{family}")
    return {"type": "Select", "label": label, "value": settings.get(family, PRACTICE), "values": values}


def _name(option: Option, words: Words) -> str:
    label = option.label(words)
    return words("watch.what_if", name=label) if option.what_if else label


def _weeks(words: Words) -> Callable[[Organisation], None]:
    def lines(organisation: Organisation) -> None:
        solara.FigureMatplotlib(weeks(organisation, words), format="png")

    return lines


def _note(words: Words) -> Callable[[OrganisationOnPage], None]:
    def note(organisation: OrganisationOnPage) -> None:
        if organisation.refused:
            solara.Error(words("watch.refused"))
        solara.HTML("p", words("watch.note"))  # not Markdown, which would fetch its formulas from the network

    return note
