"""The report: one page without other files, its content in both languages, and its errors."""

import json
import re
from collections import defaultdict
from datetime import date, timedelta
from html.parser import HTMLParser
from itertools import pairwise

import pytest

pd = pytest.importorskip("pandas")
for package in ("altair", "vl_convert", "jinja2"):
    pytest.importorskip(package)

from sim.errors import UserError  # noqa: E402
from sim.outcomes.definitions import MAIN_OUTCOMES  # noqa: E402
from sim.plotting import charts as pictures  # noqa: E402
from sim.reporting import phrases  # noqa: E402
from sim.reporting.changes import PHRASES  # noqa: E402
from sim.views.report import command, figures, folder, main, sources  # noqa: E402
from sim.views.report.page import page  # noqa: E402
from sim.views.report.sections import Sections  # noqa: E402
from sim.words import LANGUAGES, Words, texts  # noqa: E402

BURN_OUT, ISOLATION = MAIN_OUTCOMES
UNITS = {BURN_OUT: "per 1,000 employees", ISOLATION: "SD", "exhaustion": "SD"}
KINDS = dict.fromkeys(("full_ergonomics", "weekly_social_moments", "no_need_to_answer"), "policy")
KINDS["always_on"] = "counterfactual"
INTRODUCED = {
    "full_ergonomics": ["chair_and_desk", "move_in_breaks"],
    "weekly_social_moments": ["social_moments"],
    "no_need_to_answer": ["no_need_to_answer"],
}
CHANGES = {
    "full_ergonomics": {BURN_OUT: (-2.0, -6.0, 2.0), ISOLATION: (0.0, -0.004, 0.003)},
    "weekly_social_moments": {BURN_OUT: (-5.2, -8.1, -2.3), ISOLATION: (-0.08, -0.12, -0.04)},
    "no_need_to_answer": {BURN_OUT: (0.0, 0.0, 0.0), ISOLATION: (0.0, 0.0, 0.0)},
    "always_on": {BURN_OUT: (42.0, 39.0, 44.0), ISOLATION: (0.02, 0.01, 0.03)},
}
EMPTY = "<svg xmlns='http://www.w3.org/2000/svg'/>"
STAGES = {"employer": ("claimed", "implemented", "communicated"), "non_manager": ("known", "used", "used_well")}


def tables(interval="chance", replicates=100):
    """Return the tables of a comparison of four scenarios, three groups, two measures and 26 weeks."""
    of_runs = {"interval": interval, "replicates": replicates}
    effects, counts, weeks, gains, cascade = [], [], [], [], []
    for scenario, kind in KINDS.items():
        own = {"scenario": scenario, "kind": kind}
        for outcome, (difference, low, high) in CHANGES[scenario].items():
            row = {**own, "outcome": outcome, "unit": UNITS[outcome], "baseline": 168.0, **of_runs}
            row |= {"difference": difference, "low": low, "high": high}
            effects += [{**row, "group": group} for group in ("everybody", "users", "women")]
            runs = {"lower": 83, "little": 12, "higher": 5} if difference else {"lower": 0, "little": 100, "higher": 0}
            counts.append({**own, **runs, "outcome": outcome, "unit": UNITS[outcome], "group": "everybody",
                           "margin": 0.5, "replicates": replicates})  # fmt: skip
            weeks += [
                {**own, **of_runs, "outcome": outcome, "unit": UNITS[outcome], "group": "everybody", "week": week,
                 "date": pd.Timestamp(date(2022, 9, 5) + timedelta(weeks=week)), "mean": 168.0, "low": 1.0, "high": 2.0,
                 "difference": difference * week / 26, "difference_low": low * week / 26,
                 "difference_high": high * week / 26}
                for week in range(27)
            ]  # fmt: skip
        for outcome in ("exhaustion", ISOLATION):
            gains += [
                {**own, "outcome": outcome, "group": group, "gained": 0.1, "unchanged": 0.7, "worse": worse,
                 "margin": 0.05, "unit": "SD", "replicates": replicates, "people": people}
                for group, worse, people in (("everybody", 0.02, 300), ("women", 0.2, 100), ("newcomers", 0.3, 9))
            ]  # fmt: skip
    for scenario in ("baseline", *KINDS):
        for measure in ("social_moments", "chair_and_desk"):
            cascade += [
                {"scenario": scenario, "measure": measure, "role": role, "stage": stage, "share": 0.6 - 0.1 * place,
                 "study_share": 0.6 if stage in ("claimed", "known") else float("nan"), "low": 0.0, "high": 1.0,
                 **of_runs}
                for role, stages in STAGES.items()
                for place, stage in enumerate(stages)
            ]  # fmt: skip
    frames = {"effects": effects, "counts": counts, "trajectories": weeks, "gains": gains, "cascade": cascade}
    return {name: pd.DataFrame(rows) for name, rows in frames.items()}


def about(holds="chance", replicates=100):
    return {
        "version": "0.3.0", "git_revision": "606715a58157c2cc660c398710a5fe69b58f2c05", "python": "3.11.7",
        "asked": ["replicates=100", "scenarios=[baseline,always_on]"], "written": "2026-11-21T20:48:13+00:00",
        "seed": 1, "weeks": 27, "start": "2022-09-05", "replicates": replicates, "people": 300, "parameters": 374,
        "assumed": 258, "holds": holds, "introduced": INTRODUCED,
        "scenarios": {"baseline": "Everything stays as in 2022.", **dict.fromkeys(KINDS, "The text of its file.")},
    }  # fmt: skip


def comparison(holds="chance", replicates=100, **changed):
    return folder.Comparison(None, about(holds, replicates), {**tables(holds, replicates), **changed})


class Parts(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.text = [], ""
        self._skipped = ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self._skipped = tag if tag == "style" else ""

    def handle_data(self, data):
        self.text += "" if self._skipped else f"{data} "

    def handle_endtag(self, tag):
        self._skipped = ""

    def of(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def described(draw, caption):
    """Return a figure with its description only: drawing takes seconds."""
    return figures.Figure(EMPTY, EMPTY, draw(figures.WIDE).to_dict(validate=False)["description"], caption)


def captioned(_draw, caption):
    """Return a figure with its caption as description: even describing all figures takes a second or two."""
    return figures.Figure(EMPTY, EMPTY, caption, caption)


def page_with(language, figure):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "figure", figure)
        return page(comparison("draws"), Words(language))


@pytest.fixture(scope="module")
def written():
    """Return the report in both languages, with captions for figures."""
    return {language: page_with(language, captioned) for language in LANGUAGES}


@pytest.fixture(params=LANGUAGES)
def report(request, written):
    return Parts(written[request.param])


@pytest.fixture
def undrawn(monkeypatch):
    monkeypatch.setattr("sim.views.report.page.all_figures", lambda *_: {})


def section(html, name):
    return html.partition(f'<section id="{name}"')[2].partition("</section>")[0]


# -- one page that needs nothing else ---------------------------------------------------------------------------------


def test_the_page_loads_nothing_and_runs_nothing(report):
    assert not report.of("script") and not report.of("link") and not report.of("iframe")
    loaded = [value for _, of in report.elements for name, value in of.items() if name in ("src", "srcset", "data")]
    assert loaded and all(value.startswith("data:image/svg+xml;base64,") for value in loaded)
    assert not [name for _, of in report.elements for name in of if name.startswith("on")]


def test_tables_are_tables_with_captions_and_heads_of_rows_and_columns(report):
    heads = report.of("th")
    assert len(report.of("table")) == len(report.of("caption")) > 8
    assert {head["scope"] for head in heads} == {"col", "row"}


@pytest.mark.parametrize("language", ["en", pytest.param("nl", marks=pytest.mark.slow)])
def test_every_figure_has_a_description(language):
    html = page_with(language, described)
    images = Parts(html).of("img")
    assert len(images) == 2 * 6
    assert all(len(image["alt"].split()) > 20 for image in images)
    assert not (english_in(html) if language == "nl" else [])


def test_headings_skip_no_level(report):
    levels = [int(tag[1]) for tag, _ in report.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_every_link_within_the_page_has_a_target(report):
    ids = {of.get("id") for _, of in report.elements}
    within = [of["href"][1:] for of in report.of("a") if of["href"].startswith("#")]
    assert within and set(within) <= ids


def test_the_same_folder_gives_the_same_page(undrawn):
    assert page(comparison(), Words("nl")) == page(comparison(), Words("nl"))


def test_a_name_from_outside_cannot_become_part_of_the_page(undrawn):
    hostile = '<script>alert("x")</script>'
    changed = comparison()
    for table in changed.tables.values():
        table["scenario"] = table["scenario"].replace("weekly_social_moments", hostile)
    html = page(changed, Words(), hostile)
    assert "<script" not in html and "&lt;script" in html.lower()


# -- complete in both languages ---------------------------------------------------------------------------------------


def english_in(html):
    """Return the English texts in a page, in its text or in the descriptions of its figures."""
    shown = Parts(html)
    dutch = shown.text + " ".join(image["alt"] for image in shown.of("img"))
    english = {
        text
        for key, text in texts("en").items()
        if key.startswith(("common.", "report.")) and "{" not in text and len(text) > 14 and texts("nl")[key] != text
    }
    return [text for text in english if text in dutch]


def test_the_dutch_page_has_no_english_text(written):
    assert english_in(written["nl"]) == []
    assert len(english_in(written["en"])) > 50


def test_both_languages_have_the_same_parts(written):
    english, dutch = (Parts(written[language]) for language in LANGUAGES)
    assert [tag for tag, _ in english.elements] == [tag for tag, _ in dutch.elements]


def test_the_page_states_its_language(written):
    assert [Parts(html).of("html")[0]["lang"] for html in written.values()] == list(written)


def test_english_phrases_of_changes_are_those_of_the_summary():
    assert Words("en").each("common.change") == PHRASES


def test_changes_are_written_in_dutch():
    effect = {"difference": -0.08, "low": -0.12, "high": -0.04, "unit": "SD"}
    assert phrases.change(effect, Words("nl")) == "iets lager: 0,08 SD (0,04 tot 0,12)"
    effect = {"difference": -2.0, "low": -6.0, "high": 2.0, "unit": "per 1,000 employees"}
    assert phrases.change(effect, Words("nl")).endswith("(6 minder tot 2 meer)")


# -- results and uncertainty ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_policy_without_effect_equals_todays_practice_exactly(undrawn, language):
    html = Parts(page(comparison(), Words(language), "no_need_to_answer")).text
    assert Words(language)("common.change.exactly") in html.partition("In 100")[0]


@pytest.mark.parametrize(("interval", "other"), [("draws", "chance"), ("chance", "draws")])
def test_the_kind_of_interval_is_described(undrawn, interval, other):
    text = Parts(page(comparison(interval), Words())).text
    starts = {
        kind: texts("en")[f"common.dots.runs.{kind}"].format_map(defaultdict(str, runs=100)).partition(":")[0]
        for kind in (interval, other)
    }
    assert starts[interval] in text and starts[other] not in text
    assert Words()(f"common.dots.not_the_chance.{interval}") in text


def test_one_run_has_no_intervals_or_counts(undrawn):
    one = comparison("chance", 1)
    one.tables["effects"][["low", "high"]] = float("nan")
    one.tables["trajectories"][["difference_low", "difference_high"]] = float("nan")
    text = Parts(page(one, Words())).text
    assert Words()("report.short.one_run") in text
    assert "not distinguishable" not in text.lower()


def test_a_dot_is_a_run_up_to_a_hundred_dots():
    counted = {"outcome": BURN_OUT, "unit": "per 1,000 employees", "scenario": "always_on"}
    assert phrases.dots_of({"lower": 3, "little": 1, "higher": 0}) == (3, 1, 0)
    many = {"lower": 333, "little": 333, "higher": 334}
    assert sum(phrases.dots_of(many)) == 100 and max(phrases.dots_of(many)) == 34
    svg = pictures.dots({**counted, "lower": 83, "little": 12, "higher": 5}, Words())
    assert (svg.count("#0173b2"), svg.count("stroke="), svg.count("<polygon")) == (83, 12, 5)


def test_what_if_scenarios_are_apart_from_policies(written):
    name = Words()("common.scenario.always_on")
    for part in ("short", "question", "effects", "trajectories", "frontier", "groups"):
        assert name not in section(written["en"], part), part
    assert name in section(written["en"], "worlds")


def test_policies_are_ordered_from_the_source_to_several_levels(written):
    rows = re.findall(r'<tr><th scope="row">([^<.§]*)', section(written["en"], "question"))
    order = ("no_need_to_answer", "weekly_social_moments", "full_ergonomics")
    assert [row.strip() for row in rows] == [Words()(f"common.scenario.{one}") for one in order]


def test_a_legal_duty_is_marked_and_remains_a_duty(written):
    for language, html in written.items():
        assert re.search(r'<th scope="row">[^<]+ §</th>', section(html, "effects"))
        assert Words(language)("common.duty.stays") in section(html, "effects")


def test_small_groups_are_hidden(written):
    shown = section(written["en"], "groups")
    assert "Women" in shown and "Newcomers" not in shown


def test_groups_that_are_worse_off_are_named(written):
    women, exhaustion = Words()("common.group.women"), Words()("common.outcome_short.exhaustion")
    text = Words()("report.groups.losing_one", group=women, outcome=exhaustion, worse=200, gained=100)
    assert text in section(written["en"], "groups")


@pytest.mark.parametrize("language", ["nl", pytest.param("en", marks=pytest.mark.slow)])
def test_charts_never_say_burn_out_without_complaints(language):
    words, frames = Words(language), tables()
    charts = [
        pictures.effects(frames["effects"], words, 343),
        pictures.trajectories(frames["trajectories"], words),
        pictures.frontier(frames["effects"], words),
    ]
    text = json.dumps([chart.to_dict(validate=False) for chart in charts], ensure_ascii=False)
    text = text.replace("burn_out_complaints", "")
    names = re.findall(r"burn-out[\s\-]?\w*", text, re.IGNORECASE)
    assert names and all(re.fullmatch("burn-out( complaints|klachten)", one, re.IGNORECASE) for one in names)


def test_the_losses_of_the_cascade_are_those_of_its_steps():
    from sim.plotting.charts.cascade import largest_leak, steps

    frames = tables()
    stages = steps(frames["cascade"])
    assert stages["share"].round(3).tolist() == [0.6, 0.5, 0.4, 0.6, 0.5, 0.4]
    assert stages["lost"].fillna(0).round(3).tolist() == [0, 0.1, 0.1, 0, 0.1, 0.1]
    assert stages["more"].fillna(0).round(3).tolist() == [0, 0, 0, 0.2, 0, 0]
    assert largest_leak(stages)["lost"] == pytest.approx(0.1)
    text = json.dumps(pictures.cascade(frames["cascade"], Words()).to_dict(validate=False), ensure_ascii=False)
    more, leak = Words()("common.picture.more_words"), Words()("common.leak.used")
    assert f"600   (+200  {more})" in text and f"500   (−100  {leak})" in text


def test_pathways_and_their_interaction_make_the_whole():
    parts = {
        "evenings": (-3.0, -4, -1),
        "first weeks": (1.0, -1, 2),
        "together": (-2.0, -3, -1),
        "whole": (-4.0, -5, -1),
    }
    rows = [
        {"outcome": BURN_OUT, "unit": UNITS[BURN_OUT], "pathway": one, "part": part, "low": low, "high": high}
        for one, (part, low, high) in parts.items()
    ]
    chart = pictures.pathways(pd.DataFrame(rows), Words(), "right_to_disconnect", 343).to_dict(validate=False)
    rest, whole = Words()("common.picture.rest"), Words()("common.picture.whole")
    assert f"{rest} −2.0 −3.0 −1.0; {whole} −4.0 −5.0 −1.0" in chart["description"]
    steps = next(rows for rows in chart["datasets"].values() if len(rows) == 4)
    assert [(row["start"], row["end"]) for row in steps] == [(0, -3), (-3, -2), (-2, -4), (0, -4)]
    assert [(row["from"], row["to"]) for row in steps] == [(-4, -1), (-4, -1), (-5, -3), (-5, -1)]
    assert len({row["colour"] for row in steps}) == 3, "a step whose interval includes zero is grey"


# -- evidence ---------------------------------------------------------------------------------------------------------


def test_commands_can_be_pasted(written):
    assert sources.commands(about()) == ["hybridwork scenarios replicates=100 'scenarios=[baseline,always_on]'"]
    assert "hybridwork report FOLDER language=nl policy=no_need_to_answer" in written["nl"]


def test_policies_simulated_separately_have_a_command_each(undrawn):
    separate = comparison()
    separate.about["commands"] = ["hybridwork run scenario=always_on", "hybridwork run social=buddies"]
    html = section(page(separate, Words()), "again")
    assert all(command in html for command in separate.about["commands"])
    assert "FOLDER" not in html and "config.yaml" not in html


def test_grades_are_shown_only_for_the_version_that_made_the_comparison():
    assert sources.grades({"parameters": 3, "assumed": 1}) == {}


def test_references_are_those_of_the_measures_shown():
    shown = sources.behind_measures([["social_moments"], ["no_need_to_answer"]])
    all_of_them = sources.behind_measures([["social_moments"], ["no_need_to_answer"], ["sit_stand_desk"]])
    assert shown and len(shown) < len(all_of_them)


# -- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def written_folder(tmp_path):
    """Return a folder as `hybridwork scenarios` writes it."""
    for name, table in tables().items():
        table.to_parquet(tmp_path / f"{name}.parquet")
    (tmp_path / "about.json").write_text(json.dumps(about()))
    return tmp_path


def _without(name):
    return lambda written_folder: (written_folder / name).unlink()


def _write(name, text):
    return lambda written_folder: (written_folder / name).write_text(text)


@pytest.mark.parametrize(("spoil", "text"), [
    (_without("effects.parquet"), "No comparison of scenarios"),
    (_without("counts.parquet"), "lacks counts.parquet, which versions before"),
    (_without("about.json"), "about.json cannot be read"),
    (_write("about.json", "{"), "about.json cannot be read"),
    (_write("about.json", "[]"), "has no facts"),
    (_write("about.json", '{"version": "0.1.0"}'), "was written by another version (0.1.0)"),
    (_write("effects.parquet", "no table"), "effects.parquet cannot be read"),
    (_write("about.json", json.dumps(about() | {"scenarios": {"baseline": ""}})), "today's practice only"),
])  # fmt: skip
def test_an_invalid_folder_is_an_error_in_one_line(written_folder, spoil, text):
    spoil(written_folder)
    with pytest.raises(UserError) as error:
        folder.read(written_folder)
    assert text in str(error.value) and "\n" not in str(error.value)
    assert re.search(r"(Run|Use) .*\.$", str(error.value))


def test_a_folder_of_comparisons_is_an_error_that_names_the_last(tmp_path):
    for name in ("2026-11-20", "2026-11-21"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "effects.parquet").touch()
    with pytest.raises(UserError, match=r"has 2 comparisons. Use one of them, as in .*2026-11-21"):
        folder.read(tmp_path)


@pytest.mark.parametrize(("words", "text"), [
    ([], "one folder"),
    (["a", "b"], "one folder"),
    (["a", "taal=nl"], "Unknown setting: taal"),
    (["a", "pdf=yes"], "true or false"),
    (["a", "language=fr"], "Unknown language: fr"),
    (["nowhere"], "No folder nowhere"),
])  # fmt: skip
def test_an_invalid_setting_is_an_error(words, text):
    with pytest.raises(UserError, match=text):
        main(words)


def test_without_its_packages_the_main_job_continues_and_names_them(written_folder, monkeypatch, capsys):
    monkeypatch.setattr("sim.views.settings.find_spec", lambda name: None if name == "altair" else object())
    command.beside(written_folder, "en")
    assert capsys.readouterr().err == 'No report.html. Missing package: altair. Use pip install "hybridwork[report]".\n'
    assert not (written_folder / "report.html").exists()


@pytest.mark.parametrize(("replicates", "key"), [(100, "all_caption"), (250, "all_caption_scaled")])
def test_the_caption_of_the_dots_states_whether_they_are_percentages(replicates, key):
    caption = Sections(comparison(replicates=replicates), Words()).dots_caption
    assert caption == Words()(f"report.short.{key}", runs=replicates)


@pytest.mark.parametrize("name", ["desks", "always_on"])
def test_only_a_policy_can_be_in_the_summary(undrawn, name):
    with pytest.raises(UserError, match=f"Unknown policy: {name}. Use one of full_ergonomics"):
        page(comparison(), Words(), name)


# -- drawn ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_page_is_small_and_the_same_when_drawn_again(written_folder):
    assert main([str(written_folder), "language=nl"]) == 0
    first = (written_folder / "report_nl.html").read_bytes()
    command.write(written_folder, "nl")
    assert (written_folder / "report_nl.html").read_bytes() == first
    assert len(first) < 3_000_000
    pictures_held = re.findall(rb'<img class="\w+" src="([^"]*)"', first)
    assert len(pictures_held) == 12 and min(map(len, pictures_held)) > 5_000


@pytest.mark.slow
def test_the_page_prints_where_a_browser_is_present(written_folder):
    from sim.views.report.pdf import browser

    if browser() is None:
        pytest.skip("no browser")
    command.write(written_folder, pdf="true")
    assert (written_folder / "report.pdf").read_bytes().startswith(b"%PDF")
