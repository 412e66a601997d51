"""What one can look at below the headline: over time, for whom, where it leaks, why, an evening, ties, the grounds."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import streamlit as st

from sim.errors import UserError, first_line, required
from sim.outcomes.definitions import BURN_OUT
from sim.plotting import charts
from sim.plotting.charts.pathways import TOGETHER, WHOLE
from sim.reporting import phrases
from sim.reporting.tables import date_of_share
from sim.text import plain
from sim.views.explore import scenes
from sim.views.explore.cases import Answer
from sim.views.explore.headline import row_of
from sim.views.explore.labels import identifier, joined, named, title
from sim.views.explore.questions import question_of
from sim.views.explore.rendering import depends, figure, image, table
from sim.views.explore.scheduler import shared_scheduler
from sim.views.explore.selection import FIRST_STAGE, PolicySelection
from sim.views.explore.study_results import table as study_table
from sim.words import Words

_log = logging.getLogger(__name__)
LOOKS = ("effects", "time", "groups", "cascade", "why", "evening", "ties", "rests")
_ONE_AT_A_TIME = ("groups", "cascade", "why", "evening", "ties", "rests")


def looks(asked: Sequence[PolicySelection], found: Sequence[Answer], words: Words) -> None:
    """What to look at: first what the question asks for, then everything else; one alone is not compared again."""
    question = question_of(asked[0])
    offered = [*dict.fromkeys((*(question.views if question else ()), *LOOKS))]
    if len(asked) == 1:
        offered.remove("effects")
    view_key = f"view_{asked[0].question}_{len(asked)}"
    if st.session_state.get(view_key) not in offered:
        st.session_state[view_key] = offered[0]
    view = st.segmented_control(
        words("explore.view.choose"),
        offered,
        format_func=lambda name: words(f"explore.view.{name}"),
        key=view_key,
        required=True,
    )
    place = 0
    if len(asked) > 1 and view in _ONE_AT_A_TIME:
        place = st.selectbox(
            words("explore.panel.custom"),
            range(len(asked)),
            format_func=lambda number: title(asked[number], words),
            label_visibility="collapsed",
            key=f"place_{asked[0].question}",
        )
    known = named(asked, words)
    _DRAWN[str(view)](asked, found, place, known)


def _kind(found: Sequence[Answer], place: int = 0) -> str:
    plan = required(found[place].plan, "the plan of an answer")
    return plan.scenarios[1].kind if plan.scenarios[1].kind != "baseline" else "policy"


def _effects(asked: Sequence[PolicySelection], found: Sequence[Answer], place: int, words: Words) -> None:
    st.caption(words("explore.text.effects"))
    _by_kind(charts.effects, "effects", asked, found, words)


def _time(asked: Sequence[PolicySelection], found: Sequence[Answer], place: int, words: Words) -> None:
    st.caption(words("explore.text.time"))
    _by_kind(charts.trajectories, "trajectories", asked, found, words)
    for choice, one in zip(asked, found, strict=True):
        if said := _by_when(one, words):
            st.markdown(f"{plain(title(choice, words))}: {said}" if len(asked) > 1 else said)


def _by_when(found: Answer, words: Words) -> str:
    """By when burn-out complaints have gone half of their way, where they can be told from today's at all."""
    effect = row_of(found, "effects", BURN_OUT)
    if effect is None or effect["low"] * effect["high"] <= 0:
        return ""
    weekly = required(found.tables, "tables of an answer")["trajectories"]
    own = weekly[
        (weekly["outcome"] == BURN_OUT) & (weekly["group"] == "everybody") & (weekly["scenario"] != "baseline")
    ]
    half, most = (phrases.month(date_of_share(own, share), words) for share in (0.5, 0.9))
    return words("explore.text.by_when", half=half, most=most)


def _by_kind(
    draw: Callable[..., Any], name: str, asked: Sequence[PolicySelection], found: Sequence[Answer], words: Words
) -> None:
    """A picture of all that is compared, policies and what-if scenarios apart."""
    for kind in dict.fromkeys(_kind(found, one) for one in range(len(found))):

        def drawn(width: int, kind: str = kind) -> Any:
            return draw(joined(found, name), words, width, kind)

        figure(drawn, words, *depends(asked, found, name, kind))


def _groups(asked: Sequence[PolicySelection], found: Sequence[Answer], place: int, words: Words) -> None:
    st.caption(words("explore.text.groups"))
    figure(
        lambda width: charts.groups(joined(found, "gains"), words, identifier(place), width),
        words,
        *depends(asked, found, "groups", place),
    )
    st.caption(words("explore.text.groups_effects"))
    figure(
        lambda width: charts.by_group(joined(found, "effects"), words, identifier(place), width),
        words,
        *depends(asked, found, "by_group", place),
    )
    st.caption(f"{words('common.for_adapting')} {words('common.small_groups')}")


def _cascade(asked: Sequence[PolicySelection], found: Sequence[Answer], place: int, words: Words) -> None:
    st.caption(words("explore.text.cascade"))
    stages = joined(found, "cascade").drop_duplicates(["scenario", "measure", "role", "stage"])
    beside = None if asked[place].changes_nothing else identifier(place)
    figure(
        lambda width: charts.cascade(stages, words, width, "baseline", beside),
        words,
        *depends(asked, found, "cascade", place),
    )


def _body(asked: Sequence[PolicySelection], found: Sequence[Answer], place: int, words: Words) -> None:
    st.caption(words("explore.text.body"))
    lines = []
    for choice, one in zip(asked, found, strict=True):
        for outcome in ("arm_neck_shoulder_complaints", "back_complaints"):
            effect = row_of(one, "effects", outcome)
            said = phrases.change(effect, words) if effect else "–"
            lines.append((f"{title(choice, words)}: {words(f'common.outcome.{outcome}')}", said))
    table(("", words("common.unit.per 1,000 employees")), lines)
    st.caption(words("common.duty.stays"))


def _on_demand(name: str, asked: PolicySelection, words: Words, make: Callable[[], Any]) -> Any:
    """What takes some seconds more is computed when somebody looks at it, and kept for the session."""
    shelf = st.session_state.setdefault("shelf", {})
    key = (name, asked.overrides)
    if key not in shelf:
        with st.spinner(words("explore.state.computing", first=FIRST_STAGE)):
            try:
                shelf[key] = make()
            except Exception as error:
                if not isinstance(error, UserError):
                    _log.exception("%s could not be computed", name)
                st.error(plain(first_line(error)))
                return None
        while len(shelf) > 8:
            shelf.pop(next(iter(shelf)))
    return shelf[key]


def _why(asked: Sequence[PolicySelection], found: Sequence[Answer], place: int, words: Words) -> None:
    from sim.views.explore.attribution import REPLICATES, split

    choice = asked[place]
    if choice.changes_nothing:
        st.caption(words("explore.state.unchanged"))
        return
    parts = _on_demand("why", choice, words, lambda: split(shared_scheduler(), choice))
    if parts is None:
        return
    st.caption(words("explore.text.why"))
    names = {name: words(f"explore.pathway.{name}") for name in set(parts["pathway"]) - {TOGETHER, WHOLE}}
    own = parts.assign(pathway=parts["pathway"].replace(names))
    figure(
        lambda width: charts.pathways(own, words, identifier(place), width),
        words,
        *depends(asked, found, "why", place),
    )
    st.caption(words("explore.text.why_more", runs=REPLICATES))


def _evening(asked: Sequence[PolicySelection], found: Sequence[Answer], place: int, words: Words) -> None:
    from sim.views.explore.evening import evening

    choice = asked[place]
    scene = _on_demand("evening", choice, words, lambda: evening(shared_scheduler(), choice))
    if scene is None:
        return
    st.html(f"<h3>{escape(words('explore.evening.title', day=phrases.day(scene.when, words)))}</h3>")
    st.caption(words("explore.evening.text"))
    names = (words("explore.evening.today"), words("explore.evening.policy", name=title(choice, words)))
    shown = []
    for world, name in enumerate(names):
        alt = words("explore.evening.alternative", world=name, told=scenes.told(scene, world, words))
        shown.append(f"<div>{image(scenes.houses(scene, world, name, words, 4), alt, 'scene')}</div>")
    keys = "".join(
        f"<span>{image(scenes.window(one), '', 'window')} {escape(words(f'explore.evening.{one}'))}</span>"
        for one in scenes.STATES
    )
    st.html(f"<div class='pair'>{''.join(shown)}</div><p class='keys'>{keys}</p>")
    before, after = (phrases.per_1000(float(share), words) for share in scene.usually)
    st.markdown(words("explore.evening.told", before=before, after=after))
    st.caption(f"{words('explore.evening.picked')} {words('common.synthetic')}")


def _ties(asked: Sequence[PolicySelection], found: Sequence[Answer], place: int, words: Words) -> None:
    tables = required(found[place].tables, "tables of an answer")
    if "ties" not in tables:
        st.caption(words("explore.text.ties_own"))
        return
    edges, people = tables["ties"], tables["people"]
    scenario = next(name for name in edges["scenario"] if name != "baseline")
    own, usual = scenes.strengths(edges, scenario), scenes.strengths(edges, "baseline")
    numbers = {name: phrases.number(value, words, 2) for name, value in own.items()}
    numbers |= {f"{name}_today": phrases.number(usual[f"{name}_after"], words, 2) for name in ("within", "across")}
    told = words("explore.text.ties_told", **numbers)
    st.caption(words("explore.text.ties"))
    pair = "".join(
        f"<div><h3>{escape(words(f'explore.text.ties_{when}'))}</h3>"
        f"{image(scenes.ties(edges, people, scenario, when), told, 'scene')}</div>"
        for when in ("before", "after")
    )
    st.html(f"<div class='pair'>{pair}</div>")
    st.caption(f"{told} {words('common.synthetic')}")


def _rests(asked: Sequence[PolicySelection], found: Sequence[Answer], place: int, words: Words) -> None:
    from sim.views.explore.evidence import rests

    rests(asked[place], found[place], words)


def _visits(asked: Sequence[PolicySelection], found: Sequence[Answer], place: int, words: Words) -> None:
    visits(words)


def visits(words: Words) -> None:
    """How far off a visit leaves one, from the study that was done before."""
    st.caption(words("explore.text.visits"))
    heads = ("employees", "by_lot", "mixed", "one_measure", "team_by_team", "chosen")
    table([words(f"explore.table.{head}") for head in heads], _written(study_table("visits"), words))


def respondents(words: Words) -> None:
    """How many people must answer, from the study that was done before."""
    heads = (
        "effect", "employer_says", "employee_knows", "uses", "as_meant", "lot_half_year", "lot_year", "lot_four",
        "no_comparison",
    )  # fmt: skip
    effects = (
        "social_isolation", "talks_company", "times_conflict", "reach_telepressure", "goals_exhaustion", "chairs_body",
        "all_exhaustion",
    )  # fmt: skip
    st.caption(words("explore.text.respondents"))
    rows = _written(study_table("respondents"), words)
    misleads = words("explore.table.misleads")
    lines = [
        [words(f"explore.table.{effect}"), *(misleads if cell == "misleading" else cell for cell in row[1:])]
        for effect, row in zip(effects, rows, strict=True)
    ]
    table([words(f"explore.table.{head}") for head in heads], lines)


def _written(kept: Any, words: Words) -> list[list[str]]:
    marks = str.maketrans({".": words("common.number.decimal"), ",": words("common.number.thousands")})
    return [[str(cell).translate(marks) for cell in row] for row in kept.to_numpy().tolist()]


_DRAWN: dict[str, Callable[[Sequence[PolicySelection], Sequence[Answer], int, Words], None]] = {
    "effects": _effects, "time": _time, "groups": _groups, "cascade": _cascade, "why": _why, "evening": _evening,
    "ties": _ties, "body": _body, "visits": _visits, "rests": _rests,
}  # fmt: skip
