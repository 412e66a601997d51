"""The sidebar: levers with their evidence, the 15 measures, assumptions, and the organisation."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import streamlit as st

from sim.config import default_settings
from sim.levers.measure import GRADES
from sim.reporting import phrases
from sim.text import plain
from sim.views.explore import state
from sim.views.explore.labels import years
from sim.views.explore.levers import ASSUMPTIONS, FIRST, MORE, Option, family, fifteen, usual_of
from sim.views.explore.rendering import show
from sim.views.explore.selection import ANCHOR_DAYS, TODAY, PolicySelection, assumptions, presets
from sim.words import Words

_LAYER_LOSS = "mechanisms.cascade.layer_loss"
_HORIZONS = (52, 104, 156)


def sidebar(words: Words) -> None:
    """Show all controls."""
    choice = state.choice()
    show("page", "panel_title", words)
    _start(choice, words)
    known = {measure.grade for measure in default_settings.measures()}
    grades = [grade for grade in GRADES if grade in known]
    show("page", "grade_legend", words("explore.grades"), grades, words)
    for name in FIRST:
        _lever(name, choice, words)
    with st.expander(words("explore.panel.more")):
        st.markdown(f"**{words('explore.panel.other')}**")
        for name in MORE:
            _lever(name, choice, words)
        _fifteen(choice, words)
        _assumptions(choice, words)
    with st.expander(words("explore.panel.organisation")):
        _organisation(choice, words)
    if not choice.changes_nothing:
        st.button(words("explore.panel.reset"), on_click=state.preset, args=({},), width="stretch")


def _start(choice: PolicySelection, words: Words) -> None:
    """Show the named scenarios to start with."""
    names = {"": words("explore.panel.custom"), "baseline": words("common.scenario.baseline")}
    names |= {name: phrases.name_of(name, words) for name in presets()}
    now = "baseline" if choice.changes_nothing else choice.scenario or ""
    options = [name for name in names if name or not now]

    def start() -> None:
        if name := st.session_state.get(state.key("preset")):
            state.preset(presets().get(name, {}))

    st.selectbox(words("explore.panel.start"), options, format_func=names.__getitem__, **_bound("preset", now, start))


def _bound(name: str, value: Any, on_change: Callable[..., None], *args: Any) -> dict[str, Any]:
    """Return the arguments of a widget that is filled with a value of the choice and read back into it."""
    return {"key": state.fill(name, value), "on_change": on_change, "args": args}


def _setting(name: str, choice: PolicySelection) -> dict[str, Any]:
    return _bound(name, getattr(choice, name), state.setting, name)


def _lever(name: str, choice: PolicySelection, words: Words) -> None:
    options = {option.name: option for option in family(name)}
    now = choice.levers.get(name, TODAY)
    if now not in options:  # a link may name a measure that the panel offers under another option
        options[now] = Option(name, now, ())
    st.selectbox(
        words(f"common.family.{name}"), list(options), format_func=lambda option: options[option].marked(words),
        **_bound(name, now, state.lever, name),
    )  # fmt: skip
    if not options[now].is_today:
        show("page", "grade_line", option_line(options[now], words))
    if now == "anchor_days":
        usual = usual_of(ANCHOR_DAYS)
        days = int(choice.numbers.get(ANCHOR_DAYS, usual))
        bound = _bound(ANCHOR_DAYS, days, state.number, ANCHOR_DAYS, usual)
        st.slider(words("explore.panel.fixed_days"), 1, 4, **bound)
    if name == "communication":
        _slider(_LAYER_LOSS, words("explore.panel.layer_loss"), choice, step=0.01, format="percent")


def _slider(name: str, label: str, choice: PolicySelection, **options: Any) -> None:
    """Show the slider of an assumption, over its range."""
    (least, most), usual = assumptions()[name], usual_of(name)
    bound = _bound(name, float(choice.numbers.get(name, usual)), state.number, name, usual)
    st.slider(label, least, most, **options, **bound)


def option_line(option: Option, words: Words, with_family: bool = False) -> dict[str, str]:
    """Return the grade of an option and a line: its evidence, its level, and whether it is a duty or a what-if."""
    text = words(
        "explore.panel.evidence",
        grade=words(f"common.grade.{option.grade}"),
        level=words(f"common.level.{option.hygiene}").lower(),
    )
    if option.what_if:
        text = words("explore.panel.what_if")
    if option.is_duty:
        text += f" · § {words('explore.panel.duty')}"
    if with_family:
        text = f"{words(f'common.family.{option.family}')}: {text}"
    return {"grade": option.grade, "text": text}


def _fifteen(choice: PolicySelection, words: Words) -> None:
    st.markdown(f"**{words('explore.panel.fifteen')}**")
    st.caption(words("explore.panel.fifteen_text"))
    _checklist("m", {*choice.measures, *choice.in_levers}, state.measure, words, fixed=choice.in_levers)


def _checklist(
    start: str, ticked: Collection[str], on_change: Callable[[str], None], words: Words, fixed: Collection[str] = ()
) -> None:
    """Show the 15 measures to tick, from source to individual; those of a lever cannot be changed."""
    names, level = phrases.wordings(words), ""
    for measure in fifteen():
        if measure.hygiene != level:
            level = measure.hygiene
            show("page", "paragraph", words(f"common.level.{level}"), "level")
        mark = " §" if measure.legal == "duty" else ""
        note = f" ({words('explore.panel.in_a_lever')})" if measure.name in fixed else ""
        bound = _bound(f"{start}_{measure.name}", measure.name in ticked, on_change, measure.name)
        st.checkbox(f"{plain(names[measure.name])}{mark}{note}", disabled=measure.name in fixed, **bound)
    st.caption(words("common.duty.holds", mark="§"))


def _assumptions(choice: PolicySelection, words: Words) -> None:
    st.markdown(f"**{words('explore.panel.assumptions')}**")
    st.caption(words("explore.panel.assumptions_text"))
    for name in ASSUMPTIONS:
        label = words(f"common.assumption.{name.replace('.', '_')}")
        (least, most), usual = assumptions()[name], usual_of(name)
        if (least, most) == (0.0, 1.0) and usual in (0.0, 1.0):
            st.toggle(label, **_bound(name, bool(choice.numbers.get(name, usual)), state.number, name, usual))
        else:
            _slider(name, label, choice, step=(most - least) / 100, format="localized")


def _organisation(choice: PolicySelection, words: Words) -> None:
    st.caption(words("common.works_council"))
    if choice.persons is None:
        for name, least, most, step in (("employees", 20, 5000, 10), ("team_size", 3, 12, 1), ("at_home", 0, 100, 5)):
            note = words("explore.panel.at_home_help") if name == "at_home" else None
            label = words(f"explore.panel.{name}")
            st.number_input(label, least, most, step=step, help=note, **_setting(name, choice))
    _in_place(choice, words)
    st.select_slider(
        words("explore.panel.weeks"), sorted({*_HORIZONS, choice.weeks}),
        format_func=lambda weeks: years(weeks, words), **_setting("weeks", choice),
    )  # fmt: skip
    note = words("explore.panel.seed_help")
    st.number_input(words("explore.panel.seed"), 1, 1_000_000, help=note, **_setting("seed", choice))
    _upload(choice, words)


def _in_place(choice: PolicySelection, words: Words) -> None:
    """Show the measures already in place: drawn at random as among employers in 2022, or ticked."""
    bound = _bound("in_place", choice.in_place is not None, state.known_in_place)
    st.toggle(words("explore.panel.in_place"), help=words("explore.panel.in_place_text"), **bound)
    if choice.in_place is not None:
        _checklist("p", choice.in_place, state.in_place, words)


def _upload(choice: PolicySelection, words: Words) -> None:
    if choice.persons is not None:
        st.caption(words("explore.panel.uploaded", people=phrases.number(choice.employees, words)))
        st.button(words("explore.panel.remove"), on_click=state.remove)
        return
    st.caption(words("explore.panel.upload_text"))
    file = st.file_uploader(words("explore.panel.upload"), type="csv", key=state.upload_key())
    if error := state.file_error():
        st.error(error)
    if file is not None:
        state.upload(file)
        st.rerun()  # under another key, so that the widget is empty again
