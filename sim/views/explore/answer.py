"""The answer: what the model says so far, in words and dots, and pictures to look at. It grows while one looks."""

from __future__ import annotations

from base64 import b64encode
from collections import OrderedDict
from collections.abc import Callable, Sequence
from html import escape
from threading import Lock
from time import monotonic
from typing import Any

import streamlit as st

from sim.outcomes.effects import DRAWS
from sim.views import phrases, pictures
from sim.views.explore import scenes, state
from sim.views.explore.choice import FIRST_LOOK, Choice
from sim.views.explore.kept import table as kept_table
from sim.views.explore.live import Answer, live
from sim.views.explore.named import identifier, joined, named, option_of, title
from sim.views.explore.panel import founded
from sim.views.explore.questions import Question, questions
from sim.views.explore.why import TOGETHER
from sim.views.words import Words

WIDE, NARROW = 860, 343
_PATIENCE, _OFTEN = 1.2, 0.7
"""Seconds that a page waits for a first answer before it says so, and between two looks."""
_FEW = 4
"""Of more who look at once each looks again less often, so that the page stays quick."""
_REPLAY = 2.4
_MOST_FIGURES = 200
_VIEWS = ("effects", "time", "groups", "cascade", "why", "evening", "ties", "rests")
_HEADLINES = phrases.HEADLINES


def question_of(choice: Choice) -> Question | None:
    """The question that a choice belongs to."""
    return None if choice.question is None else questions()[choice.question - 1]


def compared(choice: Choice) -> list[Choice]:
    """What is shown: all that a question compares as long as its own levers are set, else the choice alone."""
    question = question_of(choice)
    if question is None or not question.levers:
        return [choice]
    common = {
        name: getattr(choice, name)
        for name in ("language", "employees", "team_size", "at_home", "in_place", "weeks", "seed", "persons")
    }
    prepared = question.choices(**common)
    return prepared if prepared[0] == choice else [choice]


def ask() -> None:
    """Let what is chosen be lived, while the page is drawn."""
    for place, choice in enumerate(compared(state.choice())):
        live().look(_seat(place), choice)


def _seat(place: int) -> str:
    """Who looks, in this session, at one of what is compared."""
    return f"{st.session_state.who}/{place}"


def answer(words: Words) -> None:
    """The answer as a part of the page that renews itself until nothing more will come."""
    asked = compared(state.choice())
    found = _looked(asked)
    going = not all(one.complete for one in found) or _replaying()
    often = max(_OFTEN, _OFTEN * live().lookers / _FEW)
    st.fragment(_answer, run_every=often if going else None)(words)


def _answer(words: Words) -> None:
    replaying = _replaying()
    choice = st.session_state.before if replaying else state.choice()
    asked = compared(choice)
    found = _looked(asked)
    wrong = next((one.error for one in found if one.error), None)
    if wrong:
        st.error(
            words("explore.state.stopped", error=wrong) if live().error else f"{words('explore.state.error')} {wrong}"
        )
        return
    if replaying:
        st.info(words("explore.take.replay_before", name=title(choice, words)))
    if any(one.tables is None for one in found):
        _waiting(found, words)
        return
    _headline(asked, found, words)
    _progress(found, words)
    _views(asked, found, words)
    if not replaying and all(one.complete for one in found) and not st.session_state.get("settled"):
        st.session_state.settled = True
        st.rerun()
    if not all(one.complete for one in found):
        st.session_state.settled = False


def _looked(asked: Sequence[Choice]) -> list[Answer]:
    """The answers so far; waits a moment for first ones."""
    until, own = monotonic() + _PATIENCE, live()
    for place, choice in enumerate(asked):
        own.look(_seat(place), choice)
    return [own.look(_seat(place), choice, max(until - monotonic(), 0.0)) for place, choice in enumerate(asked)]


def _replaying() -> bool:
    return monotonic() < st.session_state.get("replay_until", 0.0)


def replay() -> None:
    """Show for a moment what was there before the last change, and then what is there now."""
    st.session_state.replay_until = monotonic() + _REPLAY
    st.session_state.settled = False


def _waiting(found: Sequence[Answer], words: Words) -> None:
    lived, first = sum(min(one.lived, FIRST_LOOK) for one in found), FIRST_LOOK * len(found)
    others = max(one.waiting for one in found)
    st.html(f"<p class='waiting' role='status'>{escape(words('explore.state.computing', first=FIRST_LOOK))}</p>")
    st.progress(lived / first, words("explore.state.computing_of", done=lived, first=first))
    if others:
        st.caption(words("explore.state.waiting", others=others))


def _progress(found: Sequence[Answer], words: Words) -> None:
    done, most = min(one.replicates for one in found), max(one.most for one in found)
    if all(one.complete for one in found):
        st.caption(words("explore.state.done", most=most))
        return
    st.progress(done / most, words("explore.state.running", done=done, most=most))


# -- the headline ----------------------------------------------------------------------------------------------------


def _headline(asked: Sequence[Choice], found: Sequence[Answer], words: Words) -> None:
    """What the model says so far; kept like the figures, since a page says it again whenever it looks for more."""

    def said() -> str:
        return _one(asked[0], found[0], words) if len(asked) == 1 else _several(asked, found, words)

    st.html(_kept((words.language, *_of(asked, found, "headline")), said))


def _row(answer: Answer, table: str, outcome: str, group: str = "everybody") -> dict[Any, Any] | None:
    assert answer.tables is not None
    own = answer.tables[table]
    rows = own[(own["outcome"] == outcome) & (own["group"] == group) & (own["scenario"] != "baseline")]
    return None if rows.empty else rows.iloc[0].to_dict()


def _one(choice: Choice, found: Answer, words: Words) -> str:
    """Burn-out complaints and isolation side by side: the change in words, its dots, and the sentence of the dots."""
    null = f"<p class='null'>{escape(words('explore.state.unchanged'))}</p>" if choice.changes_nothing else ""
    if _row(found, "effects", _HEADLINES[0]) is None:
        return f"{null}<p class='null'>{escape(words('explore.text.too_few'))}</p>"
    cards = "".join(_card(outcome, found, words) for outcome in _HEADLINES)
    sure = f"<p class='sure'>{escape(_sureness(found, words))} {escape(_users([found], words))}</p>"
    return f"{null}<div class='cards'>{cards}</div>{sure}"


def _card(outcome: str, found: Answer, words: Words) -> str:
    effect, counted = _row(found, "effects", outcome), _row(found, "counts", outcome)
    if effect is None or counted is None:
        return ""
    users = _row(found, "effects", outcome, "users")
    unit = phrases.unit_of(effect["unit"], words)
    said = words("explore.head.users", change=phrases.change(users, words)) if users else ""
    head, line = _said(effect, counted, words)
    today = ""
    if str(effect["unit"]).startswith("per 1,000"):
        level = words("explore.head.per_1000", level=phrases.number(effect["baseline"], words))
        today = f"<p class='today'>{escape(words('explore.head.today', level=level))}</p>"
    size = sum(phrases.dots_of(counted))
    columns = 20 if size > 50 else 10
    return (
        f"<section class='card' aria-label='{escape(words(f'common.outcome.{outcome}'), quote=True)}'>"
        f"<h3>{escape(words(f'common.outcome.{outcome}'))}</h3><p class='unit'>{escape(unit)}, "
        f"{escape(words('explore.against'))}</p>"
        f"<p class='change'>{escape(head)}</p><p class='mean'>{escape(line)}</p>{today}"
        f"{_img(pictures.dots(counted, words, columns=columns), pictures_alt(counted, words), 'dots')}"
        f"<p class='dotted'>{escape(phrases.dot_sentence(counted, effect['interval'], words))} "
        f"{escape(phrases.dots_key(counted, words))}</p>"
        f"<p class='users'>{escape(said)}</p></section>"
    )


def _said(effect: dict[Any, Any], counted: dict[Any, Any], words: Words) -> tuple[str, str]:
    """The large line and the one below: runs are counted where their parameters differ; else means are compared."""
    change = phrases.change(effect, words)
    if effect["interval"] != DRAWS or effect["difference"] == effect["low"] == effect["high"] == 0:
        head, bracket, rest = change.partition(" (")
        return head, bracket.strip() + rest
    parts = dict(zip(("lower", "little", "higher"), phrases.dots_of(counted), strict=True))
    most = max(parts, key=lambda name: parts[name])
    kinds = dict(zip(parts, phrases.dot_words(str(effect["unit"]), words), strict=True))
    said = words("explore.head.in_runs", change=kinds[most], runs=parts[most], of=sum(parts.values()))
    return said, words("explore.head.on_average", mean=_mean(effect, words), between=_between(effect, words))


def _mean(effect: dict[Any, Any], words: Words) -> str:
    """The mean difference alone."""
    nothing = float("nan")
    return phrases.change({**effect, "low": nothing, "high": nothing}, words)


def pictures_alt(counted: dict[Any, Any], words: Words) -> str:
    """The dots in words."""
    from sim.views.pictures.dots import alternative

    return alternative(counted, words)


def _sureness(found: Answer, words: Words) -> str:
    effect = _row(found, "effects", _HEADLINES[0])
    assert effect is not None
    holds = phrases.holds(effect["interval"], found.replicates)
    said = [words(f"common.sure.{holds}_in_words"), phrases.not_the_chance(effect["interval"], words)]
    return " ".join(said)


def _users(found: Sequence[Answer], words: Words) -> str:
    """What to know of users: that they are others than everybody, or that there are none."""
    some = any(_row(one, "effects", _HEADLINES[0], "users") for one in found)
    return words("explore.head.apart" if some else "explore.head.no_users")


def _between(effect: dict[Any, Any], words: Words) -> str:
    """From one end of an interval to the other, each with its direction where they differ."""
    unit, ends = str(effect["unit"]), sorted((float(effect["low"]), float(effect["high"])), key=abs)
    counts = unit.startswith("per 1,000")
    decimals, noun = (0, "") if counts else (2, f" {phrases.unit_of(unit, words)}")
    less, more = phrases.less_and_more(unit, words)
    if ends[0] * ends[1] >= 0:
        near, far = (_amount(end, decimals, words) for end in ends)
        return words("common.change.to", near=near, far=f"{far}{noun}", word=less if ends[1] < 0 else more)
    low, high = (f"{_amount(end, decimals, words)}{noun}" for end in sorted(ends))
    return words("common.change.around", low=low, less=less, high=high, more=more)


def _amount(value: float, decimals: int, words: Words) -> str:
    """The size of a number; what rounds to nothing without being it is said to be under the smallest."""
    smallest = 10.0**-decimals
    if 0 < abs(value) < smallest / 2:
        return f"{words('common.change.under')} {phrases.number(smallest, words, decimals)}"
    return phrases.number(abs(value), words, decimals)


def _several(asked: Sequence[Choice], found: Sequence[Answer], words: Words) -> str:
    """A table of what a question compares, in the order of the question."""
    heads = "".join(f"<th scope='col'>{escape(words(f'common.outcome.{one}'))}</th>" for one in _HEADLINES)
    lines = []
    for choice, one in zip(asked, found, strict=True):
        cells = []
        for outcome in _HEADLINES:
            effect, counted = _row(one, "effects", outcome), _row(one, "counts", outcome)
            if effect is None or counted is None:
                cells.append("<td>–</td>")
                continue
            dots = _img(pictures.dots(counted, words, columns=20), pictures_alt(counted, words), "dots small")
            head, line = _said(effect, counted, words)
            cells.append(f"<td><b>{escape(head)}</b><small>{escape(line)}</small>{dots}</td>")
        grounds = "".join(founded(option_of(name, option), words) for name, option in choice.levers.items())
        lines.append(f"<tr><th scope='row'>{escape(title(choice, words))}{grounds}</th>{''.join(cells)}</tr>")
    table = f"<table class='compared'><thead><tr><td></td>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    counted = _row(found[0], "counts", _HEADLINES[0])
    key = phrases.dots_key(counted, words) if counted else ""
    said = " ".join([key, _sureness(found[0], words), _users(found, words), words("explore.head.not_the_same")])
    return f"{table}<p class='sure'>{escape(said)} {escape(words('explore.head.fixed_order'))}</p>"


# -- pictures --------------------------------------------------------------------------------------------------------


def _views(asked: Sequence[Choice], found: Sequence[Answer], words: Words) -> None:
    question = question_of(asked[0])
    extra = [view for view in (question.views if question else ()) if view not in _VIEWS]
    first = question.views[0] if question else "time"
    offered = [*dict.fromkeys((*(question.views if question else ()), *extra, *_VIEWS))]
    if len(asked) == 1 and "effects" in offered:
        offered.remove("effects")
        first = first if first != "effects" else "time"
    view_key = f"view_{asked[0].question}_{len(asked)}"
    if st.session_state.get(view_key) not in offered:
        st.session_state[view_key] = first if first in offered else offered[0]
    view = st.segmented_control(
        words("explore.view.choose"),
        offered,
        format_func=lambda name: words(f"explore.view.{name}"),
        key=view_key,
        required=True,
    )
    place = 0
    if len(asked) > 1 and view in ("groups", "cascade", "why", "evening", "ties", "rests"):
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
    plan = found[place].plan
    assert plan is not None
    return plan.scenarios[1].kind if plan.scenarios[1].kind != "baseline" else "policy"


def _effects(asked: Sequence[Choice], found: Sequence[Answer], place: int, words: Words) -> None:
    st.caption(words("explore.text.effects"))
    _by_kind(pictures.effects, "effects", asked, found, words)


def _time(asked: Sequence[Choice], found: Sequence[Answer], place: int, words: Words) -> None:
    st.caption(words("explore.text.time"))
    _by_kind(pictures.trajectories, "trajectories", asked, found, words)


def _by_kind(
    draw: Callable[..., Any], name: str, asked: Sequence[Choice], found: Sequence[Answer], words: Words
) -> None:
    """A picture of all that is compared, policies and what-if worlds apart."""
    for kind in dict.fromkeys(_kind(found, one) for one in range(len(found))):

        def drawn(width: int, kind: str = kind) -> Any:
            return draw(joined(found, name), words, width, kind)

        figure(drawn, words, *_of(asked, found, name, kind))


def _groups(asked: Sequence[Choice], found: Sequence[Answer], place: int, words: Words) -> None:
    st.caption(words("explore.text.groups"))
    figure(
        lambda width: pictures.groups(joined(found, "gains"), words, identifier(place), width),
        words,
        *_of(asked, found, "groups", place),
    )
    st.caption(words("explore.text.groups_effects"))
    figure(
        lambda width: pictures.by_group(joined(found, "effects"), words, identifier(place), width),
        words,
        *_of(asked, found, "by_group", place),
    )
    st.caption(f"{words('common.for_adapting')} {words('common.small_groups')}")


def _cascade(asked: Sequence[Choice], found: Sequence[Answer], place: int, words: Words) -> None:
    st.caption(words("explore.text.cascade"))
    table = joined(found, "cascade")
    beside = None if asked[place].changes_nothing else identifier(place)
    table = table.drop_duplicates(["scenario", "measure", "role", "stage"])
    figure(
        lambda width: pictures.cascade(table, words, width, "baseline", beside),
        words,
        *_of(asked, found, "cascade", place),
    )


def _body(asked: Sequence[Choice], found: Sequence[Answer], place: int, words: Words) -> None:
    st.caption(words("explore.text.body"))
    lines = []
    for choice, one in zip(asked, found, strict=True):
        for outcome in ("arm_neck_shoulder_complaints", "back_complaints"):
            effect = _row(one, "effects", outcome)
            said = phrases.change(effect, words) if effect else "–"
            lines.append((f"{title(choice, words)}: {words(f'common.outcome.{outcome}')}", said))
    _table(("", words("common.unit.per 1,000 employees")), lines)
    st.caption(words("common.duty.stays"))


def _on_demand(name: str, asked: Choice, words: Words, make: Callable[[], Any]) -> Any:
    """What takes some seconds more is computed when somebody looks at it, and kept for the session."""
    shelf = st.session_state.setdefault("shelf", {})
    key = (name, asked.overrides)
    if key not in shelf:
        with st.spinner(words("explore.state.computing", first=FIRST_LOOK)):
            try:
                shelf[key] = make()
            except Exception as error:
                st.error(str(error).splitlines()[0])
                return None
        while len(shelf) > 8:
            shelf.pop(next(iter(shelf)))
    return shelf[key]


def _why(asked: Sequence[Choice], found: Sequence[Answer], place: int, words: Words) -> None:
    from sim.views.explore.why import REPLICATES, split

    choice = asked[place]
    if choice.changes_nothing:
        st.caption(words("explore.state.unchanged"))
        return
    parts = _on_demand("why", choice, words, lambda: split(live(), choice))
    if parts is None:
        return
    st.caption(words("explore.text.why"))
    own = parts[parts["pathway"] != TOGETHER]
    own = own.assign(pathway=[p if p == "whole" else words(f"explore.pathway.{p}") for p in own["pathway"]])
    figure(
        lambda width: pictures.pathways(own, words, identifier(place), width), words, *_of(asked, found, "why", place)
    )
    st.caption(words("explore.text.why_more", runs=REPLICATES))


def _evening(asked: Sequence[Choice], found: Sequence[Answer], place: int, words: Words) -> None:
    from sim.views.explore.evening import evening

    choice = asked[place]
    scene = _on_demand("evening", choice, words, lambda: evening(live(), choice))
    if scene is None:
        return
    st.html(f"<h3>{escape(words('explore.evening.title', day=phrases.day(scene.when, words)))}</h3>")
    st.caption(words("explore.evening.text"))
    names = (words("explore.evening.today"), words("explore.evening.policy", name=title(choice, words)))
    shown = []
    for world, name in enumerate(names):
        alt = words("explore.evening.alternative", world=name, told=scenes.told(scene, world, words))
        shown.append(f"<div>{_img(scenes.houses(scene, world, name, words, 4), alt, 'scene')}</div>")
    keys = "".join(
        f"<span>{_img(scenes.window(one), '', 'window')} {escape(words(f'explore.evening.{one}'))}</span>"
        for one in scenes.STATES
    )
    st.html(f"<div class='pair'>{''.join(shown)}</div><p class='keys'>{keys}</p>")
    before, after = (phrases.per_1000(float(share), words) for share in scene.usually)
    st.markdown(words("explore.evening.told", before=before, after=after))
    st.caption(f"{words('explore.evening.picked')} {words('common.synthetic')}")


def _ties(asked: Sequence[Choice], found: Sequence[Answer], place: int, words: Words) -> None:
    tables = found[place].tables
    assert tables is not None
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
        f"{_img(scenes.ties(edges, people, scenario, when), told, 'scene')}</div>"
        for when in ("before", "after")
    )
    st.html(f"<div class='pair'>{pair}</div>")
    st.caption(f"{told} {words('common.synthetic')}")


def _rests(asked: Sequence[Choice], found: Sequence[Answer], place: int, words: Words) -> None:
    from sim.views.explore.rests import rests

    rests(asked[place], found[place], words)


def _visits(asked: Sequence[Choice], found: Sequence[Answer], place: int, words: Words) -> None:
    visits(words)


def visits(words: Words) -> None:
    """How far off a visit leaves one, from the study that was done before."""
    st.caption(words("explore.text.visits"))
    heads = ("employees", "by_lot", "mixed", "one_measure", "team_by_team", "chosen")
    _table([words(f"explore.table.{head}") for head in heads], _written(kept_table("visits"), words))


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
    rows = _written(kept_table("respondents"), words)
    false = words("explore.table.misleads")
    lines = [
        [words(f"explore.table.{effect}"), *(false if cell == "false" else cell for cell in row[1:])]
        for effect, row in zip(effects, rows, strict=True)
    ]
    _table([words(f"explore.table.{head}") for head in heads], lines)


def _written(table: Any, words: Words) -> list[list[str]]:
    marks = str.maketrans({".": words("common.number.decimal"), ",": words("common.number.thousands")})
    return [[str(cell).translate(marks) for cell in row] for row in table.to_numpy().tolist()]


_DRAWN: dict[str, Callable[[Sequence[Choice], Sequence[Answer], int, Words], None]] = {
    "effects": _effects, "time": _time, "groups": _groups, "cascade": _cascade, "why": _why, "evening": _evening,
    "ties": _ties, "body": _body, "visits": _visits, "rests": _rests,
}  # fmt: skip


# -- HTML ------------------------------------------------------------------------------------------------------------


_shelf = Lock()
_figures: OrderedDict[tuple[Any, ...], str] = OrderedDict()
"""Figures drawn lately: a page draws the same ones again whenever it looks for more."""


def figure(make: Callable[[int], Any], words: Words, *key: Any) -> None:
    """A chart in the width of a desk and of a phone, of which the screen shows one; `key` says all it depends on.

    A first look has one alone, for the screen that probably asks: the other is there with the next runs.
    """
    widths = {"wide": WIDE, "narrow": NARROW}
    if FIRST_LOOK in key:
        own = "narrow" if "Mobi" in st.context.headers.get("User-Agent", "") else "wide"
        widths = {own: widths[own]}

    def drawn() -> str:
        shown = []
        for kind, width in widths.items():
            spec = make(width).to_dict(validate=False)
            only = " only" if len(widths) == 1 else ""
            shown.append(_img(pictures.svg(spec), str(spec.get("description", "")), f"chart {kind}{only}"))
        return f"<figure>{''.join(shown)}</figure>"

    st.html(_kept((words.language, *widths, *key), drawn))


def _kept(key: tuple[Any, ...], make: Callable[[], str]) -> str:
    """What is kept under this key, made where it is missing; the oldest has to go."""
    found = _figures.get(key)
    if found is None:
        found = _figures[key] = make()
        with _shelf:
            while len(_figures) > _MOST_FIGURES:
                _figures.popitem(last=False)
    return found


def _of(asked: Sequence[Choice], found: Sequence[Answer], *more: Any) -> tuple[Any, ...]:
    """All that a figure of these answers depends on."""
    return (*(choice.overrides for choice in asked), *(one.replicates for one in found), *more)


def _img(svg: str, alt: str, kind: str) -> str:
    data = b64encode(svg.encode()).decode()
    return f"<img class='{kind}' src='data:image/svg+xml;base64,{data}' alt='{escape(alt, quote=True)}'>"


def _table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    head = "".join(f"<th scope='col'>{escape(one)}</th>" for one in heads)
    body = "".join(
        f"<tr><th scope='row'>{escape(line[0])}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in line[1:])}</tr>"
        for line in lines
    )
    st.html(
        f"<div class='scroll'><table class='kept'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
