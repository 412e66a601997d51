"""Mesa's live view: the organisation that is watched, its words, its command, and the page in a browser."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
import pytest

from sim.config.composition import options
from sim.config.default_settings import measures
from sim.errors import UserError
from sim.levers.measure import FAMILIES
from sim.views import settings
from sim.views.explore.levers import family as options_of
from sim.views.watch import command
from sim.views.watch.organisation import LEVERS, OUTCOMES, TODAY, Organisation
from sim.words import LANGUAGES, Words


@pytest.fixture(scope="module")
def watched() -> Organisation:
    """Forty people after twelve weeks with levers."""
    organisation = Organisation(employees=40, availability="always_on", social="moments_and_coffee")
    for _ in range(12):
        organisation.step()
    return organisation


def test_a_step_is_a_week_of_both_lives_and_each_is_measured(watched: Organisation) -> None:
    assert watched.steps == 12
    assert {life.day for life in watched.worlds.values()} == {84}
    assert {len(values) for values in watched.series().values()} == {13}
    for name in OUTCOMES:
        assert watched.series()[name, LEVERS][-1] == watched.with_levers.outcome(name)


def test_levers_change_a_life_that_began_the_same(watched: Organisation) -> None:
    for name in OUTCOMES:
        levers, today = (watched.series()[name, life] for life in (LEVERS, TODAY))
        assert levers[0] == today[0]
        assert levers[-1] != today[-1]


def test_without_levers_both_lives_are_the_same_to_the_bit() -> None:
    organisation = Organisation(employees=40)
    organisation.step()
    for name in OUTCOMES:
        assert organisation.series()[name, LEVERS] == organisation.series()[name, TODAY]


def test_strengths_come_in_the_order_of_the_drawn_ties(watched: Organisation) -> None:
    """The drawing hands widths to networkx by position, so a tie must not get its neighbour's."""
    ties, strength = watched.with_levers.engine.staff.firm.ties, watched.with_levers.quantity("tie_strength")
    directed = {(row, int(ties.partner[s, row])): strength[s, row] for s, row in np.argwhere(ties.exists).tolist()}
    wanted = [(directed[edge] + directed[edge[::-1]]) / 2 for edge in watched.grid.G.edges]
    np.testing.assert_allclose(watched.tie_strengths, wanted, rtol=1e-5)
    assert np.ptp(wanted) > 0.1


def test_every_option_of_every_lever_has_its_words_and_no_other_has() -> None:
    """A measure is an option of its own by itself; the named ones that hold it are offered in its place."""
    by_themselves = {measure.name for measure in measures()}
    for family in FAMILIES:
        named = {option.name for option in options_of(family)}
        assert named <= set(options(family))
        assert set(options(family)) - named <= by_themselves
        for words in map(Words, LANGUAGES):
            keys = {name: (f"scenario.{name}", f"option.{name}", f"option.{family}.{name}") for name in named}
            assert all(any(f"common.{key}" in words for key in own) for own in keys.values())


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("lanuage=nl", "language"),
        ("language=fr", "Unknown language: fr"),
        ("port=80", "1,024 to 65,535"),
        ("nl", "name=value"),
    ],
)
def test_a_wrong_setting_is_answered_in_one_line(asked: str, said: str) -> None:
    with pytest.raises(UserError, match=re.escape(said)):
        command.settings_of([asked])


def test_it_listens_on_this_computer_alone_unless_told_otherwise() -> None:
    assert command.settings_of([]).address == "127.0.0.1"


def test_a_missing_extra_is_said_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=re.escape("hybridwork[viz]")):
        command.main([])


# --- with the extra -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_label_that_is_put_in_our_words_is_one_of_mesas() -> None:
    """If Mesa words its page anew, its English would show on the Dutch page."""
    pytest.importorskip("solara")
    from mesa.visualization import solara_viz

    from sim.views.watch.page import MESA

    source = Path(solara_viz.__file__).read_text()
    assert [label for label in MESA if f'"{label}' not in source] == []


def test_mesas_own_page_keeps_its_labels() -> None:
    """Whoever serves a Mesa page of their own in the same process gets it as Mesa made it."""
    solara = pytest.importorskip("solara")
    from mesa.visualization import SolaraViz, solara_viz

    from sim.views.watch import page

    assert solara_viz.solara is solara
    assert page.SolaraViz is not SolaraViz


@pytest.mark.slow
def test_levers_that_cannot_go_together_are_refused_and_the_page_lives_on() -> None:
    pytest.importorskip("solara")
    from sim.views.watch.page import OrganisationOnPage

    levers = {"adoption": "everybody_claims", "availability": "reachability_agreements"}
    with pytest.raises(UserError):
        Organisation(40, **levers)
    shown = OrganisationOnPage(40, 1, **levers)
    shown.step()
    assert shown.refused and shown.steps == 1
    assert shown.series()[OUTCOMES[0], LEVERS] == shown.series()[OUTCOMES[0], TODAY]


@pytest.mark.slow
def test_teams_stand_apart_with_who_leads_in_the_middle(watched: Organisation) -> None:
    pytest.importorskip("solara")
    from sim.views.watch.drawing import teams_apart

    graph = watched.grid.G
    places, team = teams_apart(graph), dict(graph.nodes(data="team"))
    centre = {t: np.mean([places[p] for p in graph if team[p] == t], axis=0) for t in set(team.values())}
    for person in graph:
        distance = {t: float(np.hypot(*(places[person] - spot))) for t, spot in centre.items()}
        assert min(distance, key=lambda t: distance[t]) == team[person]


@pytest.fixture(scope="module")
def address() -> str:  # type: ignore[misc]
    """Where the page is served, by the command itself."""
    pytest.importorskip("solara")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    asked = [sys.executable, "-m", "sim", "watch", f"port={port}", "browser=false"]
    server = subprocess.Popen(asked, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    address = f"http://127.0.0.1:{port}/"
    try:
        _wait_for(address)
        yield address
    finally:
        server.terminate()
        server.wait(20)


def _wait_for(address: str) -> None:
    for _ in range(120):
        try:
            urlopen(address, timeout=5).read()
            return
        except OSError:
            time.sleep(0.5)
    raise TimeoutError(address)


@pytest.mark.browser
@pytest.mark.slow
def test_in_a_browser_weeks_pass_levers_count_and_nothing_leaves_the_computer(
    browser: Any, address: str, tmp_path: Path
) -> None:
    asked: list[str] = []
    errors: list[str] = []
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.set_default_timeout(60_000)
    page.on("request", lambda request: asked.append(request.url))
    page.on("response", lambda response: errors.append(response.url) if response.status >= 400 else None)
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{address}?language=nl")
    dutch_words, right = Words("nl"), "common.scenario.right_to_disconnect"
    _choose(page, dutch_words("common.family.availability"), dutch_words(right))
    page.get_by_role("button", name="Opnieuw").click()
    page.get_by_text("Week 0", exact=True).wait_for()
    for week in range(1, 4):
        page.get_by_role("button", name="Eén week").click()
        page.get_by_text(f"Week {week}", exact=True).wait_for()
    dutch = page.inner_text("body")
    page.get_by_role("button", name="en", exact=True).click()
    page.get_by_role("button", name="One week").wait_for()
    page.get_by_text("Week 3", exact=True).wait_for()
    page.locator(".v-select__selection", has_text=Words("en")(right)).wait_for()
    page.screenshot(path=str(tmp_path / "watch.png"))
    assert page.locator(".vue-grid-item img").count() == 2
    page.close()
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    assert errors == []
    assert [word for word in ("Reset", "Step", "Interval", "Threads", "Model", "Solara") if word in dutch] == []


def _choose(page: object, label: str, option: str) -> None:
    page.locator(".v-select", has_text=label).click()  # type: ignore[attr-defined]
    page.get_by_role("option", name=option, exact=True).click()  # type: ignore[attr-defined]
