"""Simulated panel: its members, its files, the lags that it recovers, and its drop-out."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf

from sim.__main__ import main
from sim.config import default_settings, plan_builder
from sim.data import sources
from sim.engine.plan import BASELINE, simulate_burn_in
from sim.errors import UserError
from sim.levers.scenario import Introduction, Scenario
from sim.reporting.templates import render
from sim.studies.panel import codebook, literature, results, study, tables
from sim.studies.panel import cross_lagged as lags
from sim.studies.panel.data_collection import EXHAUSTION, Panel, PanelRandom, simulate_panel
from sim.studies.panel.results import Settings
from sim.survey.interview import Interview, scales
from sim.survey.survey import Survey

WEEKS = (0, 4, 9)
MOMENTS = Scenario("social_moments", "policy", (Introduction("social_moments"),))


@pytest.fixture(scope="module")
def plan(small_plan):
    """About a hundred people in two worlds, many of whom leave."""
    busy = {"comings_and_goings": {"leaving": 0.2, "leaving_when_flexible": 1.5}, "interview": {"stop": 0.2}}
    return replace(small_plan, scenarios=(BASELINE, MOMENTS), parameters=busy, weeks=10, burn_in=1, engine="reference")


@pytest.fixture(scope="module")
def panel(plan) -> Panel:
    return simulate_panel(plan, WEEKS, invited=80)


@pytest.fixture(scope="module")
def long(panel, plan) -> pd.DataFrame:
    return tables.long(panel, plan)


# -- data collection -----------------------------------------------------------------------------------------------


def test_the_same_members_are_in_every_world_with_the_same_answers_before_the_policy(panel):
    assert 0 < len(panel.place) <= 80
    assert panel.answers[:, 0].all()
    for name in ("exhaustion", "telepressure", "known"):
        np.testing.assert_array_equal(panel.responses[name][0, 0], panel.responses[name][1, 0])


def test_members_who_stopped_or_left_do_not_return(panel):
    for gone in (~panel.answers, ~panel.with_firm):
        assert (gone[:, 1:] >= gone[:, :-1]).all()
    assert (panel.with_firm & ~panel.answers).any()
    assert not (panel.answers & ~panel.with_firm).any()


def test_a_wave_is_the_same_whatever_other_waves_there_are(plan, panel):
    fewer = simulate_panel(plan, (0, 4), invited=80)
    for name, values in panel.at((0, 4)).responses.items():
        np.testing.assert_array_equal(fewer.responses[name], values)


def test_with_firm_ends_when_a_new_person_takes_the_place(panel):
    """A disposition is lasting, so that another one is another person's."""
    same = panel.states["negative_affect"] == panel.states["negative_affect"][:, :1]
    np.testing.assert_array_equal(panel.with_firm, same)
    assert not panel.with_firm.all()


def test_the_exhausted_and_the_isolated_stop_more_often():
    own, some = Interview(), np.array([-1.0, 0.0, 1.0])
    assert own.stops(np.zeros(1), np.zeros(1))[0] == pytest.approx(own.stop)
    assert (np.diff(own.stops(some, np.zeros(3))) > 0).all()
    assert (np.diff(own.stops(np.zeros(3), some)) > 0).all()


def test_answers_on_exhaustion_have_the_noise_of_the_instrument_and_share_a_state_of_some_days(plan):
    survey = Survey(state_share=0.5, state_days=20.0)
    draws = PanelRandom(simulate_burn_in(replace(plan, burn_in=0)), survey)
    draws._person = np.arange(40_000, dtype=np.uint32) * np.uint32(2654435761)
    draws._state = draws.normal("any")
    first = draws.normal(f"answers {EXHAUSTION}")
    draws.advance(1)
    shared = np.corrcoef(first, draws.normal(f"answers {EXHAUSTION}"))[0, 1]
    assert first.std() == pytest.approx(1, abs=0.02)
    assert shared == pytest.approx(0.5**2 * math.exp(-7 / 20) / survey.noise() ** 2, abs=0.02)
    assert abs(np.corrcoef(draws.normal("answers telepressure"), first)[0, 1]) < 0.02


# -- files -----------------------------------------------------------------------------------------------------------


def test_the_long_file_has_a_row_for_each_world_person_and_wave(long, panel):
    assert len(long) == 2 * len(WEEKS) * len(panel.place)
    assert not long.duplicated(["world", "person", "wave"]).any()
    assert not long.isna().any().any()


def test_missing_values_have_codes_by_reason(long):
    for status, code in ((2, codebook.HAS_STOPPED), (3, codebook.HAS_LEFT)):
        assert (long.loc[long["status"] == status, "exhaustion"] == code).all()
    answered = long[long["status"] == 1]
    assert answered["exhaustion"].between(1, 5).all()
    assert (answered.loc[answered["is_manager"] == 0, "leading_difficulty"] == codebook.NOT_ASKED).all()
    assert answered.loc[answered["is_manager"] == 1, "leading_difficulty"].between(1, 5).all()


def test_fixed_variables_do_not_change(long, plan):
    fixed = [own.name for own in codebook.questions(plan) if not own.each_wave]
    assert (long.groupby(["world", "person"])[fixed].nunique() == 1).all().all()


def test_wide_and_long_files_agree(long, plan):
    wide = tables.wide(long, plan)
    second = long[long["wave"] == 2].sort_values(["world", "person"])
    np.testing.assert_array_equal(wide.sort_values(["world", "person"])["telepressure_w2"], second["telepressure"])
    assert len(wide) == len(second)


def test_the_codebook_names_exactly_the_columns_of_every_file(long, panel, plan):
    book = codebook.table(plan, WEEKS)
    files = {"panel.csv": long, "panel_wide.csv": tables.wide(long, plan), "truth.csv": tables.truth(panel, plan)}
    for file, table in files.items():
        assert list(book.loc[book["file"] == file, "variable"]) == list(table.columns), file


def test_every_value_in_the_files_is_one_that_the_codebook_allows(long, panel, plan):
    whole = {"panel": (long, codebook.of_panel(plan, WEEKS)),
             "truth": (tables.truth(panel, plan), [*codebook.keys(plan), *codebook.truth(plan)])}  # fmt: skip
    for table, variables in whole.values():
        for own in variables:
            values = table.loc[~table[own.name].isin(own.missing), own.name]
            if own.values:
                assert set(values) <= set(own.values), own.name
            if own.low is not None:
                assert values.between(own.low, own.high).all(), own.name


def test_r_spss_and_stata_accept_names_and_labels(plan):
    reserved = {*"all and by eq ge gt le lt ne not or to with if in else for while repeat function next break".split(),
                *"using byte int long float double".split()}  # fmt: skip
    book = codebook.table(plan, [0, *range(4, 96, 4)])
    for name in book["variable"]:
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,31}", name) and not name.endswith("_") and name not in reserved, name
    assert (book["label"].str.len() <= codebook.LONGEST_LABEL).all()
    assert not book["label"].str.contains("[\"'`]").any()
    assert set(scales()) <= set(book["variable"])


def test_the_truth_includes_those_who_stopped_and_nobody_who_left(panel, plan):
    truth = tables.truth(panel, plan)
    assert (truth.loc[truth["status"] == 2, "true_exhaustion"] != codebook.HAS_LEFT).all()
    assert (truth.loc[truth["status"] == 3, "true_exhaustion"] == codebook.HAS_LEFT).all()
    first = truth[(truth["wave"] == 1) & (truth["world"] == 0)]
    np.testing.assert_allclose(first["true_exhaustion"], panel.states["exhaustion"][0, 0], atol=1e-4)


def test_the_syntax_of_every_program_reads_every_column_and_its_gaps(long, plan):
    variables = codebook.of_panel(plan, WEEKS)
    files = codebook.syntax(variables)
    lines = [line.split()[0] for line in files["read_panel.sps"].splitlines() if re.match(r"  \w+ F12\.", line)]
    assert lines == list(long.columns)
    assert "SET DECIMAL=DOT." in files["read_panel.sps"]
    for own in variables:
        assert f"panel${own.name}" in files["read_panel.R"]
        assert f"label variable {own.name} " in files["read_panel.do"]
        for code in own.missing:
            assert re.search(rf"MISSING VALUES {own.name} \(.*{code}.*\)\.", files["read_panel.sps"]), own.name
            assert re.search(rf"mvdecode {own.name}, mv\(.*{code}=", files["read_panel.do"]), own.name
    assert all("synthetic" in text for text in files.values())


# -- lags ------------------------------------------------------------------------------------------------------------

FACTORS = np.array([0.7, 0.3, 0.6, 0.6, 0.1, 0.5, 0.4, 0.1, 0.2, 0.3])


@cache
def simulate_process(people: int) -> tuple[np.ndarray, np.ndarray]:
    """Simulate x and y (wave, person) of a process with lasting differences between people, wave by wave."""
    random = np.random.default_rng(7)
    between, within, effects = lags._parts(FACTORS)
    new = within - effects @ within @ effects.T
    lasting = np.linalg.cholesky(between) @ random.standard_normal((2, people))
    now = np.linalg.cholesky(within) @ random.standard_normal((2, people))
    waves = []
    for _ in range(4):
        waves.append(lasting + now)
        now = effects @ now + np.linalg.cholesky(new) @ random.standard_normal((2, people))
    return np.array(waves)[:, 0], np.array(waves)[:, 1]


def test_the_random_intercept_model_recovers_effects_within_people():
    _, within, effects = lags._parts(FACTORS)
    ratio = math.sqrt(within[0, 0] / within[1, 1])
    found = lags.within_people(*simulate_process(100_000))
    assert (found.x_to_y, found.y_to_x) == pytest.approx((effects[1, 0] * ratio, effects[0, 1] / ratio), abs=0.01)


def test_the_covariance_of_the_model_is_that_of_the_process():
    x, y = simulate_process(100_000)
    seen = np.cov(np.stack([x, y], axis=1).reshape(8, -1))
    np.testing.assert_allclose(lags.covariance(FACTORS, 4), seen, atol=0.015)


def test_cross_lags_are_the_slopes_of_standardised_regressions():
    x, y = simulate_process(2_000)
    found = lags.cross_lagged(3 * x[:2] + 1, y[:2])
    standard = [(one - one.mean()) / one.std() for one in (x[0], y[0], y[1])]
    r = np.corrcoef(standard)
    assert found.x_to_y == pytest.approx((r[0, 2] - r[0, 1] * r[1, 2]) / (1 - r[0, 1] ** 2))


def test_lasting_differences_and_errors_alone_give_a_cross_lag_but_no_effect_within_people():
    random = np.random.default_rng(9)
    shared = random.standard_normal(60_000)
    x, y = (shared + 0.7 * random.standard_normal((4, 60_000)) for _ in range(2))
    assert lags.cross_lagged(x[:2], y[:2]).x_to_y > 0.3
    assert abs(lags.within_people(x, y).x_to_y) < 0.02


def test_too_few_people_give_no_lag():
    x = np.random.default_rng(1).standard_normal((4, lags.MIN_PEOPLE - 1))
    assert math.isnan(lags.cross_lagged(x[:2], x[:2]).x_to_y) and math.isnan(lags.within_people(x, x).y_to_x)


def test_published_effects_cite_rows_of_the_evidence_and_lie_within_their_ranges():
    for own in literature.LAGS:
        assert set(own.sources.split()) <= sources()
        assert math.isnan(own.size) or own.low < own.size < own.high
    for pair, (process, switch) in literature.CUTS.items():
        assert default_settings.mechanism_types()[process].parameter_metadata()[switch].is_switch, pair


# -- results ---------------------------------------------------------------------------------------------------------


def test_intervals_over_worlds_are_students_and_those_of_studies_wider():
    rows = [{"figure": "a", "value": value, "replicate": number} for number, value in enumerate((1.0, 2.0, 3.0))]
    (found,) = results.over_worlds(rows).to_dict("records")
    # Student's quantile of 2 degrees of freedom is 4.3027 (any table); the SD is 1
    assert (found["mean"], found["worlds"]) == (2.0, 3)
    assert found["high"] - 2 == pytest.approx(4.3027 / math.sqrt(3), abs=1e-4)
    assert (found["study_low"], found["study_high"]) == (pytest.approx(0.355), pytest.approx(3.645))


def test_one_world_has_no_interval():
    assert math.isnan(results.over_worlds([{"figure": "a", "value": 1.0}])["low"].iloc[0])


def test_drop_out_compares_with_all_home_workers(panel):
    rows = {(row["figure"], row["about"], row["wave"]): row["value"] for row in results.drop_out(panel, (0, 1, 2))}
    assert sum(rows[figure, "", 3] for figure in ("answer", "stopped", "left")) == pytest.approx(1)
    answering, everybody = (rows[figure, EXHAUSTION, 3] for figure in ("answering", "everybody"))
    assert rows["bias", EXHAUSTION, 3] == pytest.approx(answering - everybody)
    assert rows["true change", EXHAUSTION, 1] == 0


def test_months_become_the_nearest_weeks():
    assert [results.weeks_of(months) for months in (0, 1, 3, 6, 9, 12)] == [0, 4, 13, 26, 39, 52]
    assert settings(waves=[0, 6]).occasions == [0, 3, 13, 26, 39, 52]


# -- the command -----------------------------------------------------------------------------------------------------


def settings(**changed) -> Settings:
    given = {"waves": [0, 3], "invited": 10, "spacings": [3], "page": None, **changed}
    return study.PanelStudy().settings(OmegaConf.create({"panel": given}))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"waves": [3, 6]}, r"waves: \[3, 6\]. Use 0 and up to 23 later months"),
        ({"waves": [0]}, "up to 23 later months"),
        ({"waves": [0, 6, 3]}, "ascending"),
        ({"waves": [0, 0.5]}, "ascending"),
        ({"waves": [0, 300]}, "to 240"),
        ({"waves": "many"}, "Use a list"),
        ({"spacings": []}, r"spacings: \[\]. Use months from 1"),
        ({"spacings": [0]}, "Use months from 1 to 240"),
        ({"invited": 0}, "Use 1 or more"),
        ({"guests": 3}, "Unknown setting: panel.guests"),
    ],
)
def test_invalid_settings_are_refused(changed, message):
    with pytest.raises(UserError, match=message):
        settings(**changed)


def test_an_error_is_one_line_and_leaves_no_folder(tmp_path, capsys):
    assert main(["panel", "weeks=20", f"output={tmp_path}"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "leave weeks out" in line and not list(tmp_path.iterdir())


def test_more_invitations_than_home_workers_are_refused(plan):
    with pytest.raises(UserError, match="the number of home workers"):
        simulate_panel(plan, (0,), invited=10_000)


def test_a_real_organisation_is_refused():
    with pytest.raises(UserError, match="for a real organisation"):
        study.PanelStudy().plans(OmegaConf.create({"firm": {"kind": "own"}}), settings())


def test_a_page_gets_its_results_between_its_marks_and_keeps_the_rest(tmp_path):
    page, folder = tmp_path / "docs" / "panel.md", tmp_path / "study"
    (page.parent / "figures").mkdir(parents=True)
    (folder / "figures").mkdir(parents=True)
    (folder / "figures" / "panel.png").write_bytes(b"drawn")
    (folder / "summary.md").write_text("# Results\n\nnew\n", encoding="utf-8")
    page.write_text(f"# Title\n\nWords.\n\n{study.BEGIN}\n\nold\n\n{study.END}\n", encoding="utf-8")
    study.update_page(page, folder)
    text = page.read_text(encoding="utf-8")
    assert text == f"# Title\n\nWords.\n\n{study.BEGIN}\n\nnew\n\n{study.END}\n"
    assert (page.parent / "figures" / "panel.png").read_bytes() == b"drawn"
    page.write_text("no marks", encoding="utf-8")
    with pytest.raises(UserError, match="Missing marks"):
        study.update_page(page, folder)


def test_a_panel_with_too_few_members_for_lags_has_a_page(panel, plan):
    own = settings(waves=[0, 1], spacings=[1], invited=8)
    worlds = [results.of_world(replace(plan, replicate=number), own) for number in range(2)]
    study_results = study.Results(plan, panel, own, 2, results.tables(worlds), results.trial(panel, plan))
    values = study.PanelStudy().facts(study_results)
    assert values["worlds"] == 2 and values["load_exhaustion"]["mean"] is None and values["published"] == 0
    page = render("sim.studies.panel", {"seed": 1, "version": "1", **values})
    assert "Too few members" in page and "nan" not in page and "Effect of the policy" in page
    assert study.PanelStudy().headline(values).startswith("Too few members")


@pytest.mark.slow
def test_the_command_writes_all_its_files_and_twice_the_same(tmp_path, capsys):
    words = "panel firm.establishments=24 firm.sample=17 burn_in=8 replicates=2 workers=1 panel.invited=200".split()
    words += ["panel.waves=[0,1,2]", "panel.spacings=[3]", "scenario=weekly_social_moments", f"output={tmp_path}"]
    folders = []
    for _ in range(2):
        assert main(words) == 0
        folders.append(tmp_path / "panel" / capsys.readouterr().out.splitlines()[-1].split("/")[-1])
    tables = ("panel", "panel_wide", "truth", "codebook", "trial", "lags", "orderings", "retests", "drop_out")
    for name in (*(f"{table}.csv" for table in tables), "codebook.md", "read_panel.R", "read_panel.sps",
                 "read_panel.do", "lags.parquet", "summary.md", "results.json", "figures/panel.png"):  # fmt: skip
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes(), name
    page = (folders[0] / "summary.md").read_text(encoding="utf-8")
    assert "synthetic" in page and "nan" not in page and "Effect of the policy in the panel" in page
    facts = json.loads((folders[0] / "results.json").read_text(encoding="utf-8"))
    assert facts["worlds"] == 2 and facts["published"] == 3 and facts["trial_rows"] and None not in facts["retests"]


@pytest.mark.slow
def test_drop_out_makes_the_panel_look_less_exhausted_and_no_dependence_makes_no_bias():
    """At the size of the default panel over ten worlds, after a year."""
    overrides = ("firm=study_full", "firm.sample=17", "scenarios=[baseline]", "weeks=53")
    base = plan_builder.plan(*overrides, "interview.exhausted_stop=0.6")
    fair = plan_builder.plan(*overrides, "interview.exhausted_stop=0", "interview.isolated_stop=0")

    def bias(plan) -> float:
        def of_world(replicate: int) -> float:
            own = simulate_panel(replace(plan, replicate=replicate), (0, 13, 26, 52), 1250)
            exhaustion = own.states[EXHAUSTION][0, 3]
            return exhaustion[own.answers[0, 3]].mean() - exhaustion[own.with_firm[0, 3]].mean()

        return float(np.mean([of_world(replicate) for replicate in range(10)]))

    # a standard error of the mean difference is about 0.008
    assert bias(base) < -0.1 and abs(bias(fair)) < 0.03
