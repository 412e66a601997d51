"""The pattern table: criteria on made-up numbers, rivals that should fail, scores, the page, and a fresh run."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from sim.config import composition, plan_builder
from sim.config.settings import read_settings
from sim.data import rows
from sim.engine.plan import BASELINE, Plan
from sim.errors import UserError
from sim.outcomes.patterns import CELLS, LABELS, USES, patterns
from sim.plotting.figures import patterns as figure
from sim.plotting.figures import structure as figure_of_structure
from sim.reporting.templates import render
from sim.runs.worker_pool import map_ordered, process_pool
from sim.studies.inspection.findings import relations_of
from sim.studies.patterns import linear, rivals, study, tables
from sim.studies.patterns.criteria import EVALUATED, Criterion, correlation, criteria, reported_share
from sim.studies.patterns.linear import LinearModel
from sim.studies.patterns.scoring import MODEL, PatternTable, evaluate_criterion, interval, verdicts
from sim.studies.structure import tables as tables_of_structure
from sim.studies.structure import worlds as structure
from sim.studies.structure.study import Settings, StructureStudy
from sim.world.firm import FirmOptions

DOCS = Path(__file__).resolve().parent.parent / "docs" / "patterns.json"
EXPLANATIONS = {pattern.name: pattern.explanation for pattern in patterns()}
NOTHING_FOUND = {name for name, cells in CELLS.items() if not cells.sign}
"""Relations that were looked for and not found."""


@pytest.fixture(scope="module")
def plan(measures) -> Plan:
    return Plan(measures, seed=5)


@pytest.fixture(scope="module")
def of_nothing(plan) -> dict[str, float]:
    return rivals.zero_effects(plan, visits=2)


# -- bounds ------------------------------------------------------------------------------------------------------------


def test_a_criterion_is_met_if_the_mean_over_worlds_lies_within_its_bounds():
    part = Criterion("x", "x", 0.05)
    assert evaluate_criterion(part, [{"x": 0.0}, {"x": 0.2}]).met
    assert not evaluate_criterion(part, [{"x": 0.0}, {"x": 0.08}]).met
    assert evaluate_criterion(Criterion("x", "x", -0.1, 0.1), [{"x": -0.1}, {"x": -0.1}]).met


def test_a_criterion_without_a_statistic_is_not_met():
    assert not evaluate_criterion(Criterion("", "loneliness"), [{"x": 1.0}, {"x": 1.0}]).met
    assert not evaluate_criterion(Criterion("y", "y", -9.0, 9.0), [{"x": 1.0}, {"y": 0.0}]).met


def test_the_interval_of_a_mean_is_from_students_t():
    # of 3 worlds with SD 1, t of two degrees of freedom is 4.3027 (any table): 4.3027 / sqrt(3) = 2.484
    assert interval(np.array([0.0, 1.0, 2.0])) == pytest.approx((1.0, 1 - 2.484, 1 + 2.484), abs=1e-3)


def test_a_pattern_is_met_only_if_all_criteria_are_and_shows_the_worst():
    parts = {"u": (Criterion("left", "left", 0.05), Criterion("right", "right", 0.05))}
    one_sided = verdicts(parts, [{"left": 0.3, "right": -0.2}] * 2)["u"]
    assert not one_sided.met and one_sided.decisive.criterion.words == "right"
    assert verdicts(parts, [{"left": 0.3, "right": 0.06}] * 2)["u"].met


def test_every_evaluated_pattern_has_criteria_and_a_label():
    bounds = criteria()
    assert set(bounds) == {name for name, use in USES.items() if use in EVALUATED}
    assert all(bounds.values())
    assert set(bounds) <= set(LABELS)


def test_a_conflict_that_only_falls_with_home_is_no_inverted_u():
    balance = {"hybrid_balance": criteria()["hybrid_balance"]}
    falls, u = ({"conflict on_site": 0.3, "conflict at_home": home} for home in (-0.3, 0.2))
    assert not verdicts(balance, [falls] * 2)["hybrid_balance"].met
    assert verdicts(balance, [u] * 2)["hybrid_balance"].met


def test_an_equivalence_that_no_study_reports_is_still_not_met_where_the_truth_is_not_small():
    parts = {"living_alone_isolation": criteria()["living_alone_isolation"]}
    truth = {correlation(*relation): 0.0 for relation in relations_of("living_alone_isolation")}
    quiet = {reported_share("living_alone_isolation"): 1.0, **truth}
    loud = quiet | {correlation(*relations_of("living_alone_isolation")[0]): 0.14}
    assert verdicts(parts, [quiet] * 2)["living_alone_isolation"].met
    assert not verdicts(parts, [loud] * 2)["living_alone_isolation"].met


# -- rivals ------------------------------------------------------------------------------------------------------------


def test_a_rival_with_zero_effects_meets_nothing_but_nulls(of_nothing):
    met = {name for name, verdict in verdicts(criteria(), [of_nothing] * 2).items() if verdict.met}
    assert met <= NOTHING_FOUND | {"home_behaviour", "pressure_stable"}
    assert {"home_behaviour", "pressure_stable"} <= met


def test_a_rival_with_zero_effects_has_no_relation_at_all(of_nothing):
    assert {value for name, value in of_nothing.items() if name.startswith("r ")} == {0.0}


def test_expected_signs_are_small_effects_of_the_sign_that_was_found_where_something_was(plan):
    made = LinearModel(rivals._expected(), plan.measures)
    for name in ("known_social_isolation", "known_times_conflict", "home_share_kans_manager", "role_neck"):
        for relation in CELLS[name].each:
            assert made.correlation(*relation) == pytest.approx(CELLS[name].sign * rivals.SMALL_EFFECT, abs=0.001)


def test_answers_follow_their_slopes(plan, monkeypatch):
    monkeypatch.setattr(linear, "RESPONDENTS", (6000, 6000))
    made = LinearModel(rivals.PUBLISHED, plan.measures)
    said = made.answers(np.random.default_rng(1)).responses
    for x, y in (("detachment", "exhaustion"), ("psychological_load", "exhaustion"), ("known.breaks", "exhaustion"),
                 ("share_at_home", "exhaustion"), ("exhaustion", "kans_complaint")):  # fmt: skip
        assert np.corrcoef(said[x], said[y])[0, 1] == pytest.approx(made.correlation("all", x, y), abs=0.03)


def test_a_slope_on_leading_shifts_a_role_and_no_relation_within_it(plan, monkeypatch):
    monkeypatch.setattr(linear, "RESPONDENTS", (6000, 6000))
    made = LinearModel({"kans_complaint": {"is_manager": -0.3}}, plan.measures)
    answers = made.answers(np.random.default_rng(1))
    r = np.corrcoef(answers.is_manager, answers.responses["kans_complaint"])[0, 1]
    assert r == pytest.approx(made.correlation("all", "is_manager", "kans_complaint"), abs=0.03)
    assert r < -0.2


def test_published_slopes_cite_rows_of_the_data():
    assert set(rivals.SOURCES) <= {row["id"] for row in rows("effects")}


# -- scores ------------------------------------------------------------------------------------------------------------

FIVE = ("hybrid_balance", "hybrid_start", "role_neck", "onsite_end2021", "pressure_stable")
"""Two strong ones, two of use test, and an equivalence."""


def table(
    model: list[tuple[str, ...]], rival: list[tuple[str, ...]], in_mind=frozenset(), groups: int = 2
) -> PatternTable:
    """Return a table of five patterns with one criterion each, and those met in each world of model and rival."""
    bounds = {name: (Criterion(name, name, 0.5),) for name in FIVE}

    def worlds(held: list[tuple[str, ...]]) -> list[dict[str, float]]:
        return [{name: float(name in own) for name in FIVE} for own in held]

    return PatternTable(bounds, {MODEL: worlds(model), "rival": worlds(rival)}, in_mind, groups)


def test_patterns_that_no_rival_fails_do_not_discriminate():
    own = table([FIVE[:3]] * 4, [("hybrid_start",)] * 4)
    assert own.of_kind("discriminating") == ("hybrid_balance", "role_neck", "onsite_end2021")
    assert (own.score(MODEL, "strong_and_test").met, own.score(MODEL, "strong_and_test").of) == (3, 4)
    assert (own.score(MODEL, "discriminating").met, own.score(MODEL, "discriminating").of) == (2, 3)
    assert own.lead("rival", "discriminating").met == 2


def test_patterns_in_mind_are_counted_separately():
    own = table([FIVE] * 4, [()] * 4, in_mind=frozenset({"hybrid_balance"}))
    assert own.of_kind("in_mind") == ("hybrid_balance",)
    assert own.of_kind("not_in_mind") == FIVE[1:4]
    assert own.of_kind("equivalence") == ("pressure_stable",)


def test_groups_of_worlds_show_how_much_a_score_depends_on_worlds():
    own = table([FIVE, FIVE, (), ()], [()] * 4)
    score = own.score(MODEL, "strong_and_test")
    assert score.groups == (4, 0) and score.met == 4
    assert own.agreement_of_groups("hybrid_balance") == 0.5
    assert own.lead("rival", "strong_and_test").groups == (4, 0)


# -- the page ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made_up(of_nothing, plan) -> study.Results:
    """Return the whole table with made-up numbers, of which only some meet their criteria."""
    good = of_nothing | {"conflict on_site": 0.3, "conflict at_home": 0.2}
    others = {who: [of_nothing] * 4 for who in rivals.MODELS if who != MODEL}
    own = PatternTable(criteria(), {MODEL: [good] * 4, **others}, frozenset({"hybrid_balance"}), 2)
    return study.Results(plan, 4, 2, own, tables.frames(own))


def test_the_page_lists_first_what_fails_and_why(made_up, tmp_path):
    facts = study.PatternStudy().facts(made_up)
    row = next(row for row in facts["patterns"] if row["pattern"] == "hybrid_start")
    assert not row["met"] and row["label"] == LABELS["hybrid_start"] and "nothing" in row["failing_rivals"]
    text = render("sim.studies.patterns", facts | {"seed": 5, "version": "0"})
    failing, met = text.index("## Patterns that the model fails"), text.index("## Patterns that the model meets")
    assert failing < text.index("`hybrid_start`") < met < text.index("`hybrid_balance`")
    assert failing < text.index(EXPLANATIONS["role_neck"]) < met
    assert "nan" not in text.split() and "None" not in text


def test_facts_are_valid_json(made_up):
    facts = json.loads(json.dumps(study.PatternStudy().facts(made_up), allow_nan=False))
    assert facts["scores"]["model"]["strong_and_test"]["of"] == 27


def test_the_figure_marks_every_pattern_met_and_reports_missing_columns(made_up):
    frame = made_up.frames["rows"]
    who = {name: one.label for name, one in rivals.MODELS.items()}
    drawn = figure.draw(frame, who, LABELS, "seed 1")
    coloured = sum(int((axes.collections[0].get_array() > 0).sum()) for axes in drawn.axes)
    assert coloured == frame.loc[frame["use"] != "sanity", list(who)].to_numpy().sum()
    with pytest.raises(UserError, match="use"):
        figure.draw(frame.drop(columns="use"), who, LABELS)


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    """Return the facts of the page in the documentation."""
    if not DOCS.is_file():
        pytest.skip("docs/patterns.json is written by hybridwork patterns patterns.docs=docs")
    return json.loads(DOCS.read_text(encoding="utf-8"))


def test_the_published_page_explains_every_pattern_that_fails(published):
    assert [row["pattern"] for row in published["patterns"] if not row["met"] and not row["explanation"]] == []


def test_invalid_settings_raise_an_error():
    with pytest.raises(UserError, match=r"Invalid value for patterns.visits: 0. Use 1 to 100."):
        read_settings("patterns", study.Settings, {"visits": 0, "groups": 5, "docs": None})
    cfg = composition.compose("study=patterns", "replicates=10")
    with pytest.raises(UserError, match=r"Invalid value for replicates: 10. Use 12 or more"):
        study.PatternStudy().plans(cfg, study.Settings(visits=5, groups=6, docs=None))


# -- structure ---------------------------------------------------------------------------------------------------------


def test_changing_a_switch_twice_restores_it(plan):
    found = structure.switches(plan)
    spiral = next(one for one in found if one.full_name == "workload.spiral")
    assert spiral.on and len(found) > 20
    off = structure.with_change(plan, spiral)
    assert off.parameters == {"workload": {"spiral": 0.0}}
    again = structure.with_change(off, next(one for one in structure.switches(off) if one.name == "spiral"))
    assert again.parameters == {"workload": {"spiral": 1.0}}
    assert structure.with_change(plan, None) == plan


BOUND = {"role_neck": (Criterion("x", "x", 0.5),)}
LEVELS = {f"{kind} {outcome}": 1.0 for kind in ("level", "effect") for outcome in structure.OUTCOMES}


def worlds_of(default: list[float], cut: list[float]) -> dict[str, list[dict[str, float]]]:
    values = {structure.DEFAULT: default, "workload.spiral": cut}
    return {name: [{"x": x, **LEVELS} for x in own] for name, own in values.items()}


@pytest.mark.parametrize(
    ("default", "cut", "change", "clear"),
    [
        ([0.6, 0.8, 0.7], [0.3, 0.5, 0.41], "breaks", True),
        ([0.6, 0.5, 0.45], [0.3, 0.6, 0.5], "breaks", False),
        ([0.1, 0.2], [0.7, 0.8], "mends", True),
    ],
)
def test_a_changed_verdict_is_clear_only_if_the_paired_interval_excludes_zero(default, cut, change, clear):
    (row,) = tables_of_structure.changed_verdicts(BOUND, worlds_of(default, cut)).to_dict("records")
    assert (row["change"], row["clear"]) == (change, clear)
    assert tables_of_structure.changed_verdicts(BOUND, worlds_of([0.6, 0.7], [0.6, 0.9])).empty


def test_the_figure_marks_every_changed_pattern():
    own = worlds_of([0.6, 0.8, 0.7], [0.3, 0.5, 0.41])
    switch = structure.Switch("workload", "spiral", "loss spiral", True)
    effects = tables_of_structure.effects(BOUND, own, (switch,))
    assert effects.loc[1, "changed_to"] == "off" and list(effects["met"]) == [1, 0]
    for worlds in (own, worlds_of([0.6, 0.7], [0.6, 0.9])):
        verdict = tables_of_structure.changed_verdicts(BOUND, worlds)
        drawn = figure_of_structure.draw(verdict, effects, LABELS)
        assert sum(len(marks.get_offsets()) for marks in drawn.axes[0].collections) == len(verdict)
    with pytest.raises(UserError, match="no switch"):
        figure_of_structure.draw(pd.DataFrame(columns=["switch", "pattern", "use", "change", "clear"]), effects[:1], {})


@pytest.mark.slow
def test_a_structure_without_a_policy_is_refused():
    cfg = composition.compose("study=structure", "scenarios=[baseline]")
    with pytest.raises(UserError, match="Missing scenario to compare"):
        StructureStudy().plans(cfg, Settings(visits=1, docs=None))


# -- fresh runs --------------------------------------------------------------------------------------------------------

FRESH = 8
FIRST = 1000
"""First replicate with people and random numbers that the page does not cover."""
ALWAYS = {
    "availability_telepressure", "telepressure_detachment", "detachment_exhaustion", "ict_after_hours_detachment",
    "long_days_detachment", "detail_question", "role_room", "manager_office_days", "remote_leading_conflict",
    "remote_leading_telepressure", "remote_leading_detachment",
}  # fmt: skip
"""Signs that the equations themselves give; beside them every equivalence must hold."""
STATISTICS = {part.statistic for parts in criteria().values() for part in parts if part.statistic}


@pytest.fixture(scope="module")
def fresh() -> list[dict[str, float]]:
    first = plan_builder.plan("firm=study_full", "firm.sample=17", "scenarios=[baseline]", "seed=3")
    worlds = [(MODEL, replace(first, replicate=FIRST + number)) for number in range(FRESH)]
    return map_ordered(partial(study.simulate, visits=5), worlds, process_pool(2), "fresh")


@pytest.mark.slow
def test_a_world_has_every_statistic_of_the_criteria(fresh):
    assert STATISTICS <= fresh[0].keys()


@pytest.mark.slow
def test_equivalences_and_signs_in_equations_hold(fresh):
    found = verdicts(criteria(), fresh)
    must = ALWAYS | {name for name in found if USES[name] == "equivalence"}
    assert [name for name in sorted(must) if not found[name].met] == []


@pytest.mark.slow
def test_the_published_numbers_agree_with_a_fresh_run(fresh, published):
    """Check agreement within four standard errors, of shares of studies within at least 0.1, and of the verdicts."""
    worlds, now, off = published["worlds"], verdicts(criteria(), fresh), []
    rows = [row for row in published["patterns"] if row["use"] != "sanity"]
    for row in (row for row in rows if row["mean"] is not None):
        spread = (row["high"] - row["low"]) / 2 / t.ppf(0.975, worlds - 1) * np.sqrt(worlds)
        least = 0.1 if "studies" in row["decides"] else 0.002
        tolerance = max(4 * spread * np.sqrt(1 / worlds + 1 / FRESH), least)
        own = next(one for one in now[row["pattern"]].results if one.criterion.words == row["decides"])
        near = min(abs(row["mean"] - bound) for bound in (own.criterion.low, own.criterion.high)) < tolerance
        if abs(own.mean - row["mean"]) > tolerance or not (near or own.met == row["met"] or not row["met"]):
            off.append(f"{row['pattern']}: {row['mean']} published, {own.mean:.3f} now, tolerance {tolerance:.3f}")
    assert len(rows) == sum(use in EVALUATED and use != "sanity" for use in USES.values())
    assert off == []


@pytest.mark.slow
@pytest.mark.parametrize("name", [MODEL, "no_network", "no_cascade"])
def test_every_simulated_model_gives_all_statistics(name, measures):
    small = Plan(measures, (BASELINE,), FirmOptions(kind="study", establishments=40, sample=17), burn_in=52)
    found = rivals.MODELS[name].statistics(small, 2)
    assert STATISTICS <= found.keys()
    if name == "no_network":
        assert abs(found["return bond_with_team"]) < 0.01, "without ties no bond comes back"
    if name == "no_cascade":
        assert found["fall non_manager breaks"] == pytest.approx(0.0, abs=0.1), "what is claimed is known"
