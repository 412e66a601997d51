"""The explorer: its page without a browser, and in Chromium on a desktop, on a phone and for twenty visitors at once.

Screenshots of every page are written to `outputs/explorer`.
"""

from __future__ import annotations

import io
import json
import re
import shlex
import time
import zipfile
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlparse

import pandas as pd
import pytest
from conftest import InProcessExecutor, wait_until

from benchmarks.sessions import persons, served
from sim.config import composition, plan_builder
from sim.errors import UserError
from sim.studies.scenarios import compare
from sim.views.explore.labels import option_of
from sim.views.explore.levers import FIRST, family
from sim.views.explore.questions import questions
from sim.views.explore.selection import FIRST_STAGE, MOST, PolicySelection, presets
from sim.views.explore.worker import WorkerProcess
from sim.words import Words

ROOT = Path(__file__).resolve().parents[1]
SHOTS = ROOT / "outputs" / "explorer"
SMALL = {"employees": 60, "weeks": 26}
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 375, "height": 740}
PATIENCE = 60_000
MOBILE = "Mozilla/5.0 (Linux; Android 14) Chrome/140 Mobile Safari/537.36"
EN, NL = Words("en"), Words("nl")


# -- without a browser ------------------------------------------------------------------------------------------------


@pytest.fixture
def open_page(monkeypatch):
    """Yield a function that opens the page of a link in this process, without worker processes."""
    pytest.importorskip("streamlit")
    from streamlit.testing.v1 import AppTest

    from sim.views.explore import answer_view, downloads, result_tabs, scheduler

    own = scheduler.AnswerScheduler(check=False, open_executor=InProcessExecutor)
    for module in (scheduler, answer_view, result_tabs, downloads):
        monkeypatch.setattr(module, "shared_scheduler", lambda: own)

    def open_page(**query: str):
        page = AppTest.from_file(str(ROOT / "sim" / "views" / "explore" / "app.py"), default_timeout=60)
        for name, value in query.items():
            page.query_params[name] = value
        return page.run()

    open_page.live = own
    yield open_page
    own.close()


def test_the_page_opens_with_the_ten_questions(open_page):
    page = open_page()
    assert not page.exception
    labels = [button.label for button in page.button if str(button.key).startswith("ask_")]
    assert labels == [question.text("short", EN) for question in questions()]


def test_a_forged_link_is_an_error_in_one_line_above_the_questions(open_page):
    page = open_page(v="1", persons="/etc/passwd")
    assert len(page.error) == 1
    assert any(str(button.key) == "ask_1" for button in page.button)
    page = open_page(v="1", language="nl", availability="quiet_evening")
    text = NL("explore.mistake.unknown.option", of="availability", name="quiet_evening", known="quiet_evenings")
    assert NL("explore.state.link", error=text) in page.error[0].value


class RefusingExecutor:
    """An executor that simulates nothing, for tests of the sidebar."""

    def submit(self, _work, _plans):
        future: Future = Future()
        future.set_exception(UserError("nothing is simulated here"))
        return future

    def shutdown(self, **_) -> None:
        """Do nothing: no process was started."""


@pytest.fixture
def open_without_answers(open_page):
    """Return `open_page` without simulations."""
    open_page.live._workers = [WorkerProcess(number, RefusingExecutor) for number in range(2)]
    return open_page


def test_an_invalid_setting_is_refused_and_leaves_the_choice(open_without_answers):
    page = open_without_answers(v="1", employees="40", weeks="260")
    page.number_input(key="set_employees").set_value(5000).run()
    text = EN("explore.mistake.work", employees=5000, weeks=260)
    assert page.error[0].value == EN("explore.state.refused", error=text)
    assert page.session_state.choice.employees == 40


def test_the_loss_at_each_layer_of_management_can_be_set(open_without_answers):
    page = open_without_answers(v="1", employees="40", weeks="26")
    page.slider(key="set_mechanisms_cascade_layer_loss").set_value(0.25).run()
    assert page.session_state.choice.numbers == {"mechanisms.cascade.layer_loss": 0.25}
    page.slider(key="set_mechanisms_cascade_layer_loss").set_value(0.12).run()
    assert not page.session_state.choice.numbers


def test_measures_in_place_are_ticked_on_a_checklist(open_without_answers):
    page = open_without_answers(v="1", employees="40", weeks="26")
    assert page.session_state.choice.in_place is None
    page.toggle(key="set_in_place").set_value(True).run()
    assert page.session_state.choice.in_place == ()
    page.checkbox(key="set_p_breaks").set_value(True).run()
    page.checkbox(key="set_p_social_moments").set_value(True).run()
    assert page.session_state.choice.in_place == ("breaks", "social_moments")
    assert "in_place=[breaks,social_moments]" in page.session_state.choice.overrides
    page.toggle(key="set_in_place").set_value(False).run()
    assert page.session_state.choice.in_place is None


def test_no_result_is_shown_unless_the_null_scenario_is_zero(open_page):
    open_page.live.error = "today's practice differs from itself in outcomes"
    page = open_page(v="1", availability="quiet_evenings")
    assert "differs from itself" in page.error[0].value
    assert not page.selectbox
    assert not page.button or all(str(button.key).startswith("language") for button in page.button)


# -- in a browser -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Yield the address of the explorer, started from a shell."""
    pytest.importorskip("streamlit")
    pytest.importorskip("playwright")
    SHOTS.mkdir(parents=True, exist_ok=True)
    with served(tmp_path_factory.mktemp("explorer"), PYTHONPATH=str(ROOT), NO_COLOR="1") as server:
        yield server.address
    assert "Traceback" not in server.log.read_text(encoding="utf-8")


class Visitor:
    """A visitor of the page, who records requests to other machines and errors."""

    def __init__(self, browser, address: str, viewport=DESKTOP) -> None:
        self.address, self.errors = address, []
        agent = {"user_agent": MOBILE} if viewport is PHONE else {}
        self.context = browser.new_context(viewport=viewport, accept_downloads=True, **agent)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("request", self._check_request)
        self.page.on("console", lambda line: line.type == "error" and self.errors.append(line.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _check_request(self, request) -> None:
        url = urlparse(request.url)
        if url.scheme not in ("data", "blob") and url.netloc != urlparse(self.address).netloc:
            self.errors.append(f"request for {request.url}")

    def open(self, choice: PolicySelection | None = None) -> Visitor:
        """Open the page, with the link of a choice or without one."""
        self.page.goto(self.address + (f"?{urlencode(choice.query)}" if choice else ""))
        self.page.wait_for_selector("h1")
        return self

    def wait_for_answer(self) -> Visitor:
        """Wait for an answer."""
        self.page.wait_for_selector(".card .change, table.compared, table.results")
        self.page.wait_for_selector("[data-testid=stSpinner]", state="detached")
        return self

    def wait_for_all_runs(self) -> Visitor:
        """Wait until all runs are done."""
        text = EN("explore.state.done", most=MOST)
        self.page.wait_for_function("text => document.body.innerText.split('\\n').includes(text)", arg=text)
        return self

    def wait_for_text(self, text: str) -> Visitor:
        """Wait until the page shows a text."""
        self.page.wait_for_function("text => document.body.innerText.includes(text)", arg=text)
        return self

    def wait_for_title(self, text: str) -> Visitor:
        """Wait until the heading is this text."""
        self.page.wait_for_function("text => document.querySelector('h1').innerText === text", arg=text)
        return self

    def wait_for_rest(self) -> Visitor:
        """Wait until the page is at rest."""
        self.page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
        return self

    @property
    def title(self) -> str:
        """Heading."""
        return self.page.locator("h1").first.inner_text()

    @property
    def query(self) -> dict[str, str]:
        """Query of the address."""
        return {name: values[0] for name, values in parse_qs(urlparse(self.page.url).query).items()}

    def choose(self, label: str, option: str) -> None:
        """Choose an option of a lever."""
        self.page.get_by_role("combobox", name=re.compile(re.escape(label))).first.click()
        self.page.get_by_role("option", name=option, exact=True).first.click()

    def show_view(self, view: str) -> None:
        """Choose a figure."""
        self.page.locator("[data-testid=stButtonGroup] button, [role=radio]").filter(has_text=view).first.click()
        self.page.wait_for_timeout(800)
        self.wait_for_rest().wait_for_answer()

    def take_screenshot(self, name: str) -> None:
        """Write a screenshot of the whole page."""
        size = self.page.viewport_size
        self.page.wait_for_timeout(1200)
        height = self.page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
        self.page.set_viewport_size({"width": size["width"], "height": min(max(height + 20, size["height"]), 7000)})
        self.page.wait_for_timeout(500)
        self.page.screenshot(path=SHOTS / f"{name}_{size['width']}.png")
        self.page.set_viewport_size(size)

    def leave(self) -> None:
        """Close the page; fail if an error was recorded."""
        self.context.close()
        assert not self.errors


@pytest.fixture
def visitor(browser, address):
    guest = Visitor(browser, address)
    yield guest
    guest.leave()


QUIET = PolicySelection(levers={"availability": "quiet_evenings"}, **SMALL)


@pytest.mark.slow
def test_the_ten_questions_each_lead_to_a_view_with_its_answer(visitor):
    visitor.open()
    visitor.take_screenshot("questions")
    for question in questions():
        visitor.wait_for_rest().page.locator(f".st-key-ask_{question.number} button").click()
        visitor.wait_for_title(question.text("question", EN)).wait_for_text(question.text("limits", EN))
        assert visitor.query["question"] == str(question.number)
        visitor.page.locator(".st-key-home button").click()
        visitor.page.wait_for_selector(".st-key-ask_1")


@pytest.mark.slow
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("number", [question.number for question in questions()])
def test_every_question_fits_the_screen(browser, address, viewport, number):
    guest = Visitor(browser, address, viewport)
    question = questions()[number - 1]
    prepared = question.choices(**SMALL)
    guest.open(prepared[0] if prepared else PolicySelection(question=number, **SMALL)).wait_for_answer()
    if prepared:
        guest.wait_for_all_runs()
    figures = guest.page.locator("figure:visible")
    assert [one.locator("img:visible").count() for one in figures.all()] == [1] * figures.count()
    guest.take_screenshot(f"question_{number}")
    assert guest.page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= viewport["width"]
    guest.leave()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("name", FIRST)
def test_every_lever_changes_the_answer_and_the_link(visitor, name):
    visitor.open(PolicySelection(**SMALL)).wait_for_answer()
    option = next(one for one in family(name) if not one.is_today)
    visitor.choose(EN(f"common.family.{name}"), option.marked(EN))
    visitor.page.wait_for_function("document.querySelector('h1').innerText !== \"Today's practice\"")
    visitor.wait_for_answer()
    wait_until(lambda: visitor.query.get(name) == option.name, 20)


@pytest.mark.slow
def test_a_preset_sets_all_its_levers(visitor):
    visitor.open(PolicySelection(**SMALL)).wait_for_answer()
    visitor.choose(EN("explore.panel.start"), EN("common.scenario.whole_package"))
    visitor.wait_for_title(EN("common.scenario.whole_package")).wait_for_answer()
    wanted = presets()["whole_package"]
    wait_until(lambda: {name: visitor.query.get(name) for name in wanted} == wanted, 20)


@pytest.mark.browser
@pytest.mark.slow
def test_a_link_restores_the_whole_choice(visitor):
    choice = PolicySelection(levers={"social": "buddies"}, measures={"breaks": 1.0},
                             numbers={"mechanisms.recovery.night": 0.2}, at_home=70, seed=3, **SMALL)  # fmt: skip
    visitor.open(choice).wait_for_answer()
    assert visitor.query == choice.query
    assert visitor.title.startswith(EN("common.option.buddies"))
    wait_until(lambda: "hybridwork run firm=one firm.employees=60" in visitor.page.content(), 20)


@pytest.mark.slow
def test_every_view_is_drawn_on_a_desktop_and_on_a_phone(browser, address):
    choice = PolicySelection(levers=presets()["whole_package"], employees=100, weeks=52)
    for viewport in (DESKTOP, PHONE):
        guest = Visitor(browser, address, viewport).open(choice).wait_for_answer()
        for view in ("time", "groups", "cascade", "why", "evening", "ties", "rests"):
            guest.show_view(EN(f"explore.view.{view}"))
            guest.take_screenshot(f"view_{view}")
            texts = guest.page.eval_on_selector_all("img.chart, img.scene, img.dots", "all => all.map(one => one.alt)")
            assert all(texts), f"a picture of {view} says nothing to those who cannot see it"
        guest.leave()


@pytest.mark.slow
def test_dutch_is_complete(visitor):
    visitor.open(QUIET).wait_for_answer()
    visitor.page.locator(".st-key-language_nl button").click()
    visitor.page.wait_for_function("document.documentElement.lang === 'nl'")
    visitor.wait_for_text("Burn-outklachten").wait_for_text(NL("explore.take.report")).wait_for_answer()
    text = visitor.page.locator("[data-testid=stApp]").inner_text()
    titles = EN("explore.panel.title"), EN("explore.take.title")
    for english in ("today's practice", "runs", "Isolation from", "assumed", "Skip to", *titles):
        assert english not in text
    labels = visitor.page.eval_on_selector_all("[aria-label]", "all => all.map(one => one.ariaLabel)")
    assert not {"Copy to clipboard", "Open", "Increment", "Collapse sidebar"} & set(labels)
    assert visitor.query["language"] == "nl"
    visitor.take_screenshot("dutch")
    visitor.page.locator(".st-key-home button").click()
    visitor.page.wait_for_selector(".st-key-ask_1")
    visitor.take_screenshot("dutch_questions")


@pytest.mark.slow
def test_the_page_works_with_the_keyboard_alone(visitor):
    visitor.open()
    visitor.page.wait_for_selector(".st-key-ask_9 button")
    for _ in range(40):
        visitor.page.keyboard.press("Tab")
        if visitor.page.evaluate("!!document.activeElement.closest('.st-key-ask_9')"):
            break
    width = visitor.page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert float(width.removesuffix("px")) >= 2, "the focus can be seen"
    visitor.page.keyboard.press("Enter")
    visitor.wait_for_answer()
    assert visitor.query["question"] == "9"


@pytest.mark.browser
@pytest.mark.slow
def test_todays_practice_against_itself_is_exactly_the_same(visitor):
    visitor.open(PolicySelection(**SMALL)).wait_for_answer()
    assert visitor.page.locator(".card .change").all_inner_texts() == [EN("common.change.exactly").capitalize()] * 2
    visitor.take_screenshot("nothing_changed")


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(
    "query",
    [
        {"v": "1", "persons": "/etc/passwd"},
        {"v": "1", "availability": "../../../etc/passwd"},
        {"v": "1", "numbers": "firm.persons:1"},
        {"v": "1", "employees": "100000000"},
        {"v": "1", "social": "<img src=x onerror=alert(1)>"},
        {"v": "9"},
    ],
)
def test_a_forged_link_shows_an_error_and_the_ten_questions(visitor, query):
    visitor.page.goto(f"{visitor.address}?{urlencode(query)}")
    visitor.page.wait_for_selector("[data-testid=stAlert]")
    visitor.page.wait_for_selector(".st-key-ask_1")
    text = visitor.page.locator("[data-testid=stAlert]").inner_text()
    assert "root:" not in text
    assert visitor.page.locator("[data-testid=stAlert] img").count() == 0


@pytest.mark.slow
def test_an_answer_is_updated_with_more_runs(visitor):
    visitor.open(replace(QUIET, seed=9, employees=500)).wait_for_answer()
    first = visitor.page.locator("[data-testid=stMain]").inner_text()
    assert f"of {FIRST_STAGE} runs" in first
    visitor.wait_for_all_runs()
    assert f"of {MOST} runs" in visitor.page.locator(".card .change").first.inner_text()
    visitor.take_screenshot("complete")


@pytest.mark.slow
def test_downloads_equal_the_results_of_the_command_line(visitor, tmp_path):
    visitor.open(QUIET).wait_for_answer()
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("button", name=EN("explore.take.data")).click()
    archive = zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes()))
    about = json.loads(archive.read("about.json"))
    words = shlex.split(about["command"])[2:]
    _, tables = compare(plan_builder.build_plans(composition.compose(*words), words), quiet=True)
    for name in ("effects", "counts", "gains", "cascade"):
        table = pd.read_csv(archive.open(f"{name}.csv"))
        pd.testing.assert_frame_equal(table, pd.read_csv(io.StringIO(tables[name].to_csv(index=False))))
    for name, holds in (("figures", b"PK"), ("report", b"<!")):
        with visitor.page.expect_download() as download:
            visitor.page.get_by_role("button", name=EN(f"explore.take.{name}")).click()
        assert Path(download.value.path()).read_bytes().lstrip()[:2] == holds


@pytest.mark.slow
def test_the_last_change_can_be_replayed(visitor):
    visitor.open(PolicySelection(**SMALL)).wait_for_answer()
    visitor.choose(EN("common.family.availability"), option_of("availability", "quiet_evenings").marked(EN))
    visitor.page.wait_for_function("document.querySelector('h1').innerText.startsWith('Quiet')")
    visitor.wait_for_answer().page.get_by_role("button", name=EN("explore.take.replay")).click()
    visitor.wait_for_text("Before: Today's practice")
    visitor.page.wait_for_function('!document.body.innerText.includes("Before: Today\'s practice")')


PERSONS = persons().decode()


@pytest.mark.browser
@pytest.mark.slow
def test_an_uploaded_file_is_checked_and_is_not_in_the_link(visitor):
    visitor.open(QUIET).wait_for_answer()
    visitor.page.get_by_text(EN("explore.panel.organisation"), exact=True).click()
    upload = visitor.page.locator("[data-testid=stFileUploaderDropzone] input, input[type=file]").first
    file = {"name": "persons.csv", "mimeType": "text/csv"}
    refused = re.sub("(manager|employee)\n", "\\1,a@b\n", PERSONS.replace("role\n", "role,email\n", 1))
    upload.set_input_files({**file, "buffer": refused.encode()})
    visitor.page.wait_for_selector("section [data-testid=stAlert], [data-testid=stSidebar] [data-testid=stAlert]")
    upload.set_input_files({**file, "buffer": PERSONS.encode()})
    read = EN("explore.panel.uploaded", people=30)
    visitor.wait_for_text(read).wait_for_answer()
    assert "persons" not in visitor.page.url
    assert "/tmp/" not in visitor.page.content()
    visitor.page.get_by_role("button", name=EN("explore.panel.remove")).click()
    visitor.page.wait_for_function("text => !document.body.innerText.includes(text)", arg=read)


@pytest.mark.slow
def test_twenty_visitors_at_once_get_their_own_answers(browser, address):
    options = [(name, one) for name in FIRST for one in family(name) if not one.is_today][:20]
    guests = [Visitor(browser, address, PHONE) for _ in options]
    start = time.monotonic()
    for guest, (name, option) in zip(guests, options, strict=True):
        guest.open(PolicySelection(levers={name: option.name}, **SMALL))
    for guest, (_, option) in zip(guests, options, strict=True):
        guest.wait_for_answer()
        assert option.name in guest.page.url
        assert option.name in guest.page.locator("[data-testid=stCode]").last.inner_text()
    print(f"twenty first answers after {time.monotonic() - start:.0f} s")
    for guest in guests:
        guest.leave()
