"""The live view: its organisation, its names, its command, and its page in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.sessions import served
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
def after_levers() -> Organisation:
    """Return an organisation of forty people after twelve weeks with levers."""
    organisation = Organisation(employees=40, availability="always_on", social="moments_and_coffee")
    for _ in range(12):
        organisation.step()
    return organisation


def test_a_step_is_a_week_of_both_worlds(after_levers: Organisation) -> None:
    assert after_levers.steps == 12
    assert {world.day for world in after_levers.worlds.values()} == {84}
    assert {len(values) for values in after_levers.series().values()} == {13}
    for name in OUTCOMES:
        assert after_levers.series()[name, LEVERS][-1] == after_levers.with_levers.outcome(name)


def test_levers_change_a_world_that_started_the_same(after_levers: Organisation) -> None:
    for name in OUTCOMES:
        levers, today = (after_levers.series()[name, world] for world in (LEVERS, TODAY))
        assert levers[0] == today[0]
        assert levers[-1] != today[-1]


def test_without_levers_both_worlds_are_equal_to_the_bit() -> None:
    organisation = Organisation(employees=40)
    organisation.step()
    for name in OUTCOMES:
        assert organisation.series()[name, LEVERS] == organisation.series()[name, TODAY]


def test_strengths_are_in_the_order_of_the_edges(after_levers: Organisation) -> None:
    """Networkx gets the widths of lines by position, so the order matters."""
    ties, strength = after_levers.with_levers.engine.staff.firm.ties, after_levers.with_levers.quantity("tie_strength")
    directed = {(row, int(ties.partner[s, row])): strength[s, row] for s, row in np.argwhere(ties.exists).tolist()}
    wanted = [(directed[edge] + directed[edge[::-1]]) / 2 for edge in after_levers.grid.G.edges]
    np.testing.assert_allclose(after_levers.tie_strengths, wanted, rtol=1e-5)
    assert np.ptp(wanted) > 0.1


def test_every_option_of_every_lever_has_a_name() -> None:
    """A measure is an option by itself, unless a named option introduces only this measure."""
    single_measures = {measure.name for measure in measures()}
    for family in FAMILIES:
        named = {option.name for option in options_of(family)}
        assert named <= set(options(family))
        assert set(options(family)) - named <= single_measures
        for words in map(Words, LANGUAGES):
            keys = {name: (f"scenario.{name}", f"option.{name}", f"option.{family}.{name}") for name in named}
            assert all(any(f"common.{key}" in words for key in own) for own in keys.values())


@pytest.mark.parametrize(("setting", "text"), [
    ("lanuage=nl", "language"),
    ("language=fr", "Unknown language: fr"),
    ("port=80", "1,024 to 65,535"),
    ("nl", "name=value"),
])  # fmt: skip
def test_an_invalid_setting_is_an_error_in_one_line(setting: str, text: str) -> None:
    with pytest.raises(UserError, match=re.escape(text)):
        command.settings_of([setting])


def test_the_default_address_is_this_machine() -> None:
    assert command.settings_of([]).address == "127.0.0.1"


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=re.escape("hybridwork[viz]")):
        command.main([])


# --- with the extra -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_translated_label_exists_in_mesa() -> None:
    """Otherwise English labels of a new version of Mesa would be on the Dutch page."""
    pytest.importorskip("solara")
    from mesa.visualization import solara_viz

    from sim.views.watch.page import MESA

    source = Path(solara_viz.__file__).read_text()
    assert [label for label in MESA if f'"{label}' not in source] == []


def test_mesas_own_page_keeps_its_labels() -> None:
    """Other Mesa pages in the same process do not change."""
    solara = pytest.importorskip("solara")
    from mesa.visualization import SolaraViz, solara_viz

    from sim.views.watch import page

    assert solara_viz.solara is solara
    assert page.SolaraViz is not SolaraViz


def test_levers_that_cannot_be_combined_are_refused_and_the_page_continues() -> None:
    pytest.importorskip("solara")
    from sim.views.watch.page import OrganisationOnPage

    levers = {"adoption": "everybody_claims", "availability": "reachability_agreements"}
    with pytest.raises(UserError):
        Organisation(40, **levers)
    organisation = OrganisationOnPage(40, 1, **levers)
    organisation.step()
    assert organisation.refused and organisation.steps == 1
    assert organisation.series()[OUTCOMES[0], LEVERS] == organisation.series()[OUTCOMES[0], TODAY]


@pytest.mark.slow
def test_people_are_drawn_nearest_to_their_own_team(after_levers: Organisation) -> None:
    pytest.importorskip("solara")
    from sim.views.watch.drawing import teams_apart

    graph = after_levers.grid.G
    places, team = teams_apart(graph), dict(graph.nodes(data="team"))
    centre = {t: np.mean([places[p] for p in graph if team[p] == t], axis=0) for t in set(team.values())}
    for person in graph:
        distance = {t: float(np.hypot(*(places[person] - spot))) for t, spot in centre.items()}
        assert min(distance, key=lambda t: distance[t]) == team[person]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of the page, served by the command itself."""
    pytest.importorskip("solara")
    root = str(Path(__file__).resolve().parents[1])
    with served(tmp_path_factory.mktemp("watch"), "watch", "browser=false", PYTHONPATH=root) as server:
        yield server.address


@pytest.mark.browser
@pytest.mark.slow
def test_the_page_in_a_browser_simulates_weeks_and_sends_nothing_elsewhere(
    browser: Any, address: str, tmp_path: Path
) -> None:
    requests: list[str] = []
    errors: list[str] = []
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.set_default_timeout(60_000)
    page.on("request", lambda request: requests.append(request.url))
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
    assert [url for url in requests if not url.startswith((address, "data:", "blob:"))] == []
    assert errors == []
    assert [word for word in ("Reset", "Step", "Interval", "Threads", "Model", "Solara") if word in dutch] == []


def _choose(page: object, label: str, option: str) -> None:
    page.locator(".v-select", has_text=label).click()  # type: ignore[attr-defined]
    page.get_by_role("option", name=option, exact=True).click()  # type: ignore[attr-defined]
