"""The virtual panel: who is in it, what its files say, what the lags recover, and what drop-out is told to do."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf

from sim.__main__ import main
from sim.config import composition
from sim.data import sources
from sim.engine.plan import BASELINE
from sim.errors import UserError
from sim.levers.scenario import Introduction, Scenario
from sim.studies.panel import codebook, published, results, study, syntax, tables
from sim.studies.panel import cross_lagged as lags
from sim.studies.panel.data_collection import EXHAUSTION, Panel, followed
from sim.studies.panel.results import Asked
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
    return followed(plan, WEEKS, invited=80)


@pytest.fixture(scope="module")
def long(panel, plan) -> pd.DataFrame:
    return tables.long(panel, plan)


# -- fieldwork -------------------------------------------------------------------------------------------------------


def test_the_same_members_are_in_every_world_and_alike_before_the_policy(panel):
    assert 0 < len(panel.place) <= 80
    assert panel.answers[:, 0].all()
    for name in ("exhaustion", "telepressure", "known"):
        np.testing.assert_array_equal(panel.said[name][0, 0], panel.said[name][1, 0])


def test_whoever_stopped_or_left_never_comes_back(panel):
    for gone in (~panel.answers, ~panel.stays):
        assert (gone[:, 1:] >= gone[:, :-1]).all()
    assert (panel.stays & ~panel.answers).any()
    assert not (panel.answers & ~panel.stays).any()


def test_a_wave_is_the_same_whatever_other_waves_there_are(plan, panel):
    fewer = followed(plan, (0, 4), invited=80)
    for name, values in panel.at((0, 4)).said.items():
        np.testing.assert_array_equal(fewer.said[name], values)


def test_with_the_firm_means_that_nobody_new_has_taken_the_place(panel):
    """A disposition is lasting, so that another one is another person's."""
    same = panel.true["negative_affect"] == panel.true["negative_affect"][:, :1]
    np.testing.assert_array_equal(panel.stays, same)
    assert not panel.stays.all()


def test_the_exhausted_and_the_isolated_stop_sooner_and_an_average_person_as_often_as_stated():
    own, some = Interview(), np.array([-1.0, 0.0, 1.0])
    assert own.stops(np.zeros(1), np.zeros(1))[0] == pytest.approx(own.stop)
    assert (np.diff(own.stops(some, np.zeros(3))) > 0).all()
    assert (np.diff(own.stops(np.zeros(3), some)) > 0).all()


def test_answers_on_exhaustion_hold_the_noise_of_the_instrument_and_share_a_state_of_some_days(plan):
    from sim.engine.plan import simulate_burn_in
    from sim.studies.panel.data_collection import Luck

    survey = Survey(state_share=0.5, state_days=20.0)
    luck = Luck(simulate_burn_in(replace(plan, burn_in=0)), survey)
    luck._person = np.arange(40_000, dtype=np.uint32) * np.uint32(2654435761)
    luck._state = luck.normal("any")
    first = luck.normal(f"answers {EXHAUSTION}")
    luck.goes_on(1)
    shared = np.corrcoef(first, luck.normal(f"answers {EXHAUSTION}"))[0, 1]
    assert first.std() == pytest.approx(1, abs=0.02)
    assert shared == pytest.approx(0.5**2 * math.exp(-7 / 20) / survey.noise() ** 2, abs=0.02)
    assert abs(np.corrcoef(luck.normal("answers telepressure"), first)[0, 1]) < 0.02


# -- files -----------------------------------------------------------------------------------------------------------


def test_the_long_file_has_a_row_for_each_world_person_and_wave(long, panel):
    assert len(long) == 2 * len(WEEKS) * len(panel.place)
    assert not long.duplicated(["world", "person", "wave"]).any()
    assert not long.isna().any().any()


def test_gaps_say_why(long):
    for status, code in ((2, codebook.HAS_STOPPED), (3, codebook.HAS_LEFT)):
        assert (long.loc[long["status"] == status, "exhaustion"] == code).all()
    answered = long[long["status"] == 1]
    assert answered["exhaustion"].between(1, 5).all()
    assert (answered.loc[answered["is_manager"] == 0, "leading_difficulty"] == codebook.NOT_ASKED).all()
    assert answered.loc[answered["is_manager"] == 1, "leading_difficulty"].between(1, 5).all()


def test_what_stands_as_fixed_does_not_change(long, plan):
    fixed = [own.name for own in codebook.asked(plan) if not own.each_wave]
    assert (long.groupby(["world", "person"])[fixed].nunique() == 1).all().all()


def test_wide_and_long_say_the_same(long, plan):
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


def test_names_and_labels_are_such_as_r_spss_and_stata_take(plan):
    reserved = {*"all and by eq ge gt le lt ne not or to with if in else for while repeat function next break".split(),
                *"using byte int long float double".split()}  # fmt: skip
    book = codebook.table(plan, [0, *range(4, 96, 4)])
    for name in book["variable"]:
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,31}", name) and not name.endswith("_") and name not in reserved, name
    assert (book["label"].str.len() <= codebook.LONGEST_LABEL).all()
    assert not book["label"].str.contains("[\"'`]").any()
    assert set(scales()) <= set(book["variable"])


def test_the_truth_is_known_of_those_who_stopped_and_of_nobody_who_left(panel, plan):
    truth = tables.truth(panel, plan)
    assert (truth.loc[truth["status"] == 2, "true_exhaustion"] != codebook.HAS_LEFT).all()
    assert (truth.loc[truth["status"] == 3, "true_exhaustion"] == codebook.HAS_LEFT).all()
    first = truth[(truth["wave"] == 1) & (truth["world"] == 0)]
    np.testing.assert_allclose(first["true_exhaustion"], panel.true["exhaustion"][0, 0], atol=1e-4)


def test_the_syntax_of_every_program_reads_every_column_and_its_gaps(long, plan):
    variables = codebook.of_panel(plan, WEEKS)
    files = syntax.files(variables)
    assert [
        line.split()[0] for line in files["read_panel.sps"].splitlines() if line.startswith("  ") and " F12." in line
    ] == list(long.columns)
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
def lived_by_a_process(people: int) -> tuple[np.ndarray, np.ndarray]:
    """x and y of a process with lasting differences between people, lived wave by wave; (wave, person)."""
    luck = np.random.default_rng(7)
    between, within, effects = lags._parts(FACTORS)
    new = within - effects @ within @ effects.T
    lasting = np.linalg.cholesky(between) @ luck.standard_normal((2, people))
    now = np.linalg.cholesky(within) @ luck.standard_normal((2, people))
    waves = []
    for _ in range(4):
        waves.append(lasting + now)
        now = effects @ now + np.linalg.cholesky(new) @ luck.standard_normal((2, people))
    return np.array(waves)[:, 0], np.array(waves)[:, 1]


def test_the_random_intercept_model_recovers_effects_within_people():
    _, within, effects = lags._parts(FACTORS)
    ratio = math.sqrt(within[0, 0] / within[1, 1])
    found = lags.within_people(*lived_by_a_process(100_000))
    assert (found.x_to_y, found.y_to_x) == (
        pytest.approx(effects[1, 0] * ratio, abs=0.01), pytest.approx(effects[0, 1] / ratio, abs=0.01),
    )  # fmt: skip


def test_the_covariance_of_the_model_is_that_of_the_process():
    x, y = lived_by_a_process(100_000)
    seen = np.cov(np.stack([x, y], axis=1).reshape(8, -1))
    np.testing.assert_allclose(lags.covariance(FACTORS, 4), seen, atol=0.015)


def test_cross_lags_are_the_slopes_of_standardised_regressions():
    x, y = lived_by_a_process(2_000)
    found = lags.cross_lagged(3 * x[:2] + 1, y[:2])
    standard = [(one - one.mean()) / one.std() for one in (x[0], y[0], y[1])]
    r = np.corrcoef(standard)
    assert found.x_to_y == pytest.approx((r[0, 2] - r[0, 1] * r[1, 2]) / (1 - r[0, 1] ** 2))


def test_lasting_differences_alone_make_a_cross_lag_where_scores_hold_error_but_none_within_people():
    luck = np.random.default_rng(9)
    shared = luck.standard_normal(60_000)
    x, y = (shared + 0.7 * luck.standard_normal((4, 60_000)) for _ in range(2))
    assert lags.cross_lagged(x[:2], y[:2]).x_to_y > 0.3
    assert abs(lags.within_people(x, y).x_to_y) < 0.02


def test_too_few_people_give_no_lag():
    x = np.random.default_rng(1).standard_normal((4, lags.FEWEST - 1))
    assert math.isnan(lags.cross_lagged(x[:2], x[:2]).x_to_y) and math.isnan(lags.within_people(x, x).y_to_x)


def test_published_effects_cite_rows_of_the_evidence_and_lie_within_their_ranges():
    for own in published.LAGS:
        assert set(own.sources.split()) <= sources()
        assert math.isnan(own.size) or own.low < own.size < own.high
    for pair, (process, switch) in published.CUTS.items():
        assert composition.mechanism_types()[process].parameter_metadata()[switch].is_switch, pair


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


def test_drop_out_is_told_against_all_who_are_there(panel):
    rows = {(row["figure"], row["about"], row["wave"]): row["value"] for row in results.drop_out(panel, (0, 1, 2))}
    assert sum(rows[figure, "", 3] for figure in ("answer", "stopped", "left")) == pytest.approx(1)
    assert rows["bias", EXHAUSTION, 3] == pytest.approx(
        rows["answering", EXHAUSTION, 3] - rows["everybody", EXHAUSTION, 3]
    )
    assert rows["true change", EXHAUSTION, 1] == 0


def test_months_become_the_nearest_weeks():
    assert [results.weeks_of(months) for months in (0, 1, 3, 6, 9, 12)] == [0, 4, 13, 26, 39, 52]
    assert Asked([0, 6], 10, [3], None).looks == [0, 3, 13, 26, 39, 52]


# -- the command -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"waves": [3, 6]}, "begins with 0"),
        ({"waves": [0]}, "2 to 24 are right"),
        ({"waves": [0, 6, 3]}, "ascending order"),
        ({"waves": [0, 0.5]}, "one month apart"),
        ({"waves": [0, 300]}, "at most 240"),
        ({"waves": "many"}, "a list such as"),
        ({"spacings": []}, "is empty"),
        ({"spacings": [0]}, "one month apart"),
        ({"invited": 0}, "above 0"),
        ({"guests": 3}, "there are waves"),
    ],
)
def test_what_a_panel_cannot_be_is_told(changed, told):
    given = {"waves": [0, 3], "invited": 10, "spacings": [3], "page": None, **changed}
    with pytest.raises(UserError, match=told):
        study.asked_of(OmegaConf.create({"panel": given}))


def test_a_mistake_is_told_in_one_line_and_nothing_is_left(tmp_path, capsys):
    assert main(["panel", "weeks=20", f"output={tmp_path}"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "leave weeks out" in line and not list(tmp_path.iterdir())


def test_more_guests_than_people_are_a_mistake_told(plan):
    with pytest.raises(UserError, match="people can work at home"):
        followed(plan, (0,), invited=10_000)


def test_no_person_of_a_real_organisation_gets_a_row():
    with pytest.raises(UserError, match="places of a real organisation"):
        study.plan_of(OmegaConf.create({"firm": {"kind": "own"}}), Asked([0, 3], 10, [3], None))


def test_a_page_gets_its_results_between_its_marks_and_keeps_the_rest(tmp_path):
    page, figure = tmp_path / "docs" / "panel.md", tmp_path / "panel.png"
    page.parent.mkdir()
    figure.write_bytes(b"drawn")
    (page.parent / "figures").mkdir()
    page.write_text(f"# Title\n\nWords.\n\n{study.BEGIN}\n\nold\n\n{study.END}\n", encoding="utf-8")
    study.Page.read(page).write("# What a panel would find\n\nnew\n", figure)
    text = page.read_text(encoding="utf-8")
    assert text == f"# Title\n\nWords.\n\n{study.BEGIN}\n\nnew\n\n{study.END}\n"
    assert (page.parent / "figures" / "panel.png").read_bytes() == b"drawn"
    page.write_text("no marks", encoding="utf-8")
    with pytest.raises(UserError, match="lacks the marks"):
        study.Page.read(page)


@pytest.mark.slow
def test_the_command_writes_all_its_files_and_twice_the_same(tmp_path, capsys):
    words = [
        "panel",
        "firm.establishments=24",
        "firm.sample=17",
        "burn_in=8",
        "replicates=2",
        "workers=1",
        "panel.invited=200",
    ]
    words += ["panel.waves=[0,1,2]", "panel.spacings=[3]", "scenario=weekly_social_moments", f"output={tmp_path}"]
    folders = []
    for _ in range(2):
        assert main(words) == 0
        folders.append(tmp_path / "panel" / capsys.readouterr().out.splitlines()[-1].split("/")[-1])
    names = ["panel.csv", "panel_wide.csv", "truth.csv", "codebook.csv", "codebook.md", "read_panel.R", "trial.csv",
             "read_panel.sps", "read_panel.do", "lags.parquet", "lags.csv", "orderings.csv", "retests.csv",
             "drop_out.csv", "summary.md", "figures/panel.png"]  # fmt: skip
    for name in names:
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes(), name
    page = (folders[0] / "summary.md").read_text(encoding="utf-8")
    assert "synthetic" in page and "embarrasses" in page and "nan" not in page and "The policy in the panel" in page


@pytest.mark.slow
def test_drop_out_makes_the_panel_look_less_exhausted_and_no_dependence_makes_no_bias():
    """At the size of the default panel over ten worlds, after a year."""
    overrides = ("firm=study_full", "firm.sample=17", "scenarios=[baseline]", "weeks=53")
    base = composition.plan(*overrides, "interview.exhausted_stop=0.6")
    fair = composition.plan(*overrides, "interview.exhausted_stop=0", "interview.isolated_stop=0")

    def bias(plan) -> float:
        missed = []
        for replicate in range(10):
            own = followed(replace(plan, replicate=replicate), (0, 13, 26, 52), 1250)
            stays, answers = own.stays[0, 3], own.answers[0, 3]
            missed.append(own.true[EXHAUSTION][0, 3][answers].mean() - own.true[EXHAUSTION][0, 3][stays].mean())
        return float(np.mean(missed))

    # a standard error of the mean difference is about 0.008
    assert bias(base) < -0.1 and abs(bias(fair)) < 0.03
