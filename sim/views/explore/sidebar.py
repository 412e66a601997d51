"""The sidebar: levers with their evidence, the 15 measures, assumptions, and the organisation."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import streamlit as st

from sim.levers.measure import GRADES
from sim.reporting import phrases
from sim.text import plain
from sim.views.explore import state
from sim.views.explore.labels import years
from sim.views.explore.levers import ASSUMPTIONS, FIRST, MORE, Option, family, fifteen, usual_of
from sim.views.explore.rendering import show
from sim.views.explore.selection import ANCHOR_DAYS, PolicySelection, assumptions, measures_in, presets
from sim.words import Words

_LAYER_LOSS = "mechanisms.cascade.layer_loss"
_HORIZONS = (52, 104, 156)


def sidebar(words: Words) -> None:
    """Show everything that can be set."""
    choice = state.choice()
    show("page", "panel_title", words)
    _start(choice, words)
    show("page", "grade_legend", words("explore.grades"), _grades(), words)
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

    st.selectbox(
        words("explore.panel.start"), options, format_func=names.__getitem__, key=state.fill("preset", now),
        on_change=start,
    )  # fmt: skip


def _lever(name: str, choice: PolicySelection, words: Words) -> None:
    options = {option.name: option for option in family(name)}
    now = choice.levers.get(name, "practice_2022")
    if now not in options:  # a link may name a measure that the panel offers under another option
        options[now] = Option(name, now, ())
    st.selectbox(
        words(f"common.family.{name}"),
        list(options),
        format_func=lambda option: options[option].marked(words),
        key=state.fill(name, now),
        on_change=state.lever,
        args=(name,),
    )
    if not options[now].is_today:
        show("page", "grade_line", option_line(options[now], words))
    if now == "anchor_days":
        _fixed_days(choice, words)
    if name == "communication":
        _layer_loss(choice, words)


def _grades() -> list[str]:
    """Return the grades that any measure has, from weak to strong."""
    from sim.config import default_settings

    return [grade for grade in GRADES if grade in {measure.grade for measure in default_settings.measures()}]


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


def _fixed_days(choice: PolicySelection, words: Words) -> None:
    usual = usual_of(ANCHOR_DAYS)
    st.slider(
        words("explore.panel.fixed_days"),
        1,
        4,
        key=state.fill(ANCHOR_DAYS, int(choice.numbers.get(ANCHOR_DAYS, usual))),
        on_change=state.number,
        args=(ANCHOR_DAYS, usual),
    )


def _layer_loss(choice: PolicySelection, words: Words) -> None:
    least, most = assumptions()[_LAYER_LOSS]
    usual = usual_of(_LAYER_LOSS)
    st.slider(
        words("explore.panel.layer_loss"),
        least,
        most,
        step=0.01,
        format="percent",
        key=state.fill(_LAYER_LOSS, float(choice.numbers.get(_LAYER_LOSS, usual))),
        on_change=state.number,
        args=(_LAYER_LOSS, usual),
    )


def _fifteen(choice: PolicySelection, words: Words) -> None:
    st.markdown(f"**{words('explore.panel.fifteen')}**")
    st.caption(words("explore.panel.fifteen_text"))
    in_levers = {own for name, option in choice.levers.items() for own in measures_in(name, option)}
    _checklist("m", {*choice.measures, *in_levers}, state.measure, words, fixed=in_levers)


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
        st.checkbox(
            f"{plain(names[measure.name])}{mark}"
            + (f" ({words('explore.panel.in_a_lever')})" if measure.name in fixed else ""),
            key=state.fill(f"{start}_{measure.name}", measure.name in ticked),
            disabled=measure.name in fixed,
            on_change=on_change,
            args=(measure.name,),
        )
    st.caption(words("common.duty.holds", mark="§"))


def _assumptions(choice: PolicySelection, words: Words) -> None:
    st.markdown(f"**{words('explore.panel.assumptions')}**")
    st.caption(words("explore.panel.assumptions_text"))
    for name in ASSUMPTIONS:
        label = words(f"common.assumption.{name.replace('.', '_')}")
        least, most = assumptions()[name]
        usual = usual_of(name)
        value = choice.numbers.get(name, usual)
        widget: dict[str, Any] = {"key": state.key(name), "on_change": state.number, "args": (name, usual)}
        if (least, most) == (0.0, 1.0) and usual in (0.0, 1.0):
            state.fill(name, bool(value))
            st.toggle(label, **widget)
        else:
            state.fill(name, float(value))
            st.slider(label, least, most, step=(most - least) / 100, format="localized", **widget)


def _organisation(choice: PolicySelection, words: Words) -> None:
    st.caption(words("common.works_council"))
    if choice.persons is None:
        st.number_input(
            words("explore.panel.employees"), 20, 5000, step=10, key=state.fill("employees", choice.employees),
            on_change=state.setting, args=("employees",),
        )  # fmt: skip
        st.number_input(
            words("explore.panel.team_size"), 3, 12, key=state.fill("team_size", choice.team_size),
            on_change=state.setting, args=("team_size",),
        )  # fmt: skip
        st.number_input(
            words("explore.panel.at_home"), 0, 100, step=5, key=state.fill("at_home", choice.at_home),
            on_change=state.setting, args=("at_home",), help=words("explore.panel.at_home_help"),
        )  # fmt: skip
    _in_place(choice, words)
    horizons = sorted({*_HORIZONS, choice.weeks})
    st.select_slider(
        words("explore.panel.weeks"),
        horizons,
        format_func=lambda weeks: years(weeks, words),
        key=state.fill("weeks", choice.weeks),
        on_change=state.setting,
        args=("weeks",),
    )
    st.number_input(
        words("explore.panel.seed"), 1, 1_000_000, key=state.fill("seed", choice.seed), on_change=state.setting,
        args=("seed",), help=words("explore.panel.seed_help"),
    )  # fmt: skip
    _upload(choice, words)


def _in_place(choice: PolicySelection, words: Words) -> None:
    """Show what is in place already: drawn at random as among employers in 2022, or ticked."""
    st.toggle(
        words("explore.panel.in_place"),
        key=state.fill("in_place", choice.in_place is not None),
        on_change=state.known_in_place,
        help=words("explore.panel.in_place_text"),
    )
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
