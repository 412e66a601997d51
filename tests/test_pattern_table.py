"""The pattern table: bounds on made-up numbers, rivals that should fail, scores, the page, a fresh run beside it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf
from scipy.stats import t

from sim.config import composition, plan_builder
from sim.data import rows
from sim.engine.plan import BASELINE, Plan
from sim.errors import UserError
from sim.outcomes.patterns import CELLS, patterns
from sim.plotting.figures import patterns as figure
from sim.plotting.figures import structure as figure_of_structure
from sim.runs.worker_pool import process_pool
from sim.studies.inspection.repeated_surveys import relations_of
from sim.studies.patterns import linear, page, rivals, study, tables
from sim.studies.patterns.criteria import JUDGED, at_least, correlation, criteria, not_in_the_model, reported, within
from sim.studies.patterns.linear import Linear
from sim.studies.patterns.scoring import MODEL, Table, interval, judged, verdicts
from sim.studies.patterns.words import IN_WORDS, WHY
from sim.studies.structure import tables as tables_of_structure
from sim.studies.structure import worlds as structure
from sim.studies.structure.study import Settings, StructureStudy

DOCS = Path(__file__).resolve().parent.parent / "docs" / "patterns.md"
USE = {pattern.name: pattern.use for pattern in patterns()}
NOTHING_FOUND = {name for name, own in CELLS.items() if all(not cells.sign for cells in own)}
"""Relations that were looked for and not found."""


@pytest.fixture(scope="module")
def plan(measures) -> Plan:
    return Plan(measures, seed=5)


@pytest.fixture(scope="module")
def of_nothing(plan) -> dict[str, float]:
    return rivals.nothing(plan, visits=2)


# -- bounds ------------------------------------------------------------------------------------------------------------


def test_a_part_is_met_where_the_mean_over_worlds_lies_within_its_bounds():
    part = at_least("x", 0.05, "x")
    assert judged(part, [{"x": 0.0}, {"x": 0.2}]).met
    assert not judged(part, [{"x": 0.0}, {"x": 0.08}]).met
    assert judged(within("x", 0.1, "x"), [{"x": -0.1}, {"x": -0.1}]).met


def test_what_no_world_speaks_of_is_not_met_however_wide_the_bounds():
    assert not judged(not_in_the_model("loneliness"), [{"x": 1.0}, {"x": 1.0}]).met
    assert not judged(within("y", 9.0, "y"), [{"x": 1.0}, {"y": 0.0}]).met


def test_the_interval_of_a_mean_is_students():
    # of 3 worlds with SD 1, t of two degrees of freedom is 4.3027 (any table): 4.3027 / sqrt(3) = 2.484
    assert interval(np.array([0.0, 1.0, 2.0])) == pytest.approx((1.0, 1 - 2.484, 1 + 2.484), abs=1e-3)


def test_a_pattern_is_met_only_where_all_of_its_parts_are_and_shows_the_one_farthest_beyond():
    parts = {"u": (at_least("left", 0.05, "left"), at_least("right", 0.05, "right"))}
    one_sided = verdicts(parts, [{"left": 0.3, "right": -0.2}] * 2)["u"]
    assert not one_sided.met and one_sided.telling.part.words == "right"
    assert verdicts(parts, [{"left": 0.3, "right": 0.06}] * 2)["u"].met


def test_every_judged_pattern_has_bounds_and_a_name_on_the_page():
    bounds = criteria()
    assert set(bounds) == {name for name, use in USE.items() if use in JUDGED}
    assert all(bounds.values())
    assert set(bounds) <= set(IN_WORDS)


def test_a_conflict_that_only_falls_with_home_is_no_inverted_u():
    balance = {"hybrid_balance": criteria()["hybrid_balance"]}
    falls, u = ({"conflict on_site": 0.3, "conflict at_home": home} for home in (-0.3, 0.2))
    assert not verdicts(balance, [falls] * 2)["hybrid_balance"].met
    assert verdicts(balance, [u] * 2)["hybrid_balance"].met


def test_an_equivalence_that_no_study_reports_is_still_not_met_where_the_truth_is_not_small():
    parts = {"living_alone_isolation": criteria()["living_alone_isolation"]}
    truth = {correlation(*relation): 0.0 for relation in relations_of("living_alone_isolation")}
    quiet = {reported("living_alone_isolation"): 1.0, **truth}
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
    made = Linear(rivals._expected(), plan.measures)
    for name in ("known_social_isolation", "known_times_conflict", "home_share_kans_manager", "role_neck"):
        for cells in CELLS[name]:
            for relation in cells.each:
                assert made.correlation(*relation) == pytest.approx(cells.sign * rivals.SMALL, abs=0.001)


def test_answers_follow_their_slopes(plan, monkeypatch):
    monkeypatch.setattr(linear, "MET", (6000, 6000))
    made = Linear(rivals.PUBLISHED, plan.measures)
    said = made.answers(np.random.default_rng(1)).said
    for x, y in (("detachment", "exhaustion"), ("psychological_load", "exhaustion"), ("known.breaks", "exhaustion"),
                 ("share_at_home", "exhaustion"), ("exhaustion", "kans_complaint")):  # fmt: skip
        assert np.corrcoef(said[x], said[y])[0, 1] == pytest.approx(made.correlation("all", x, y), abs=0.03)


def test_a_slope_on_leading_shifts_a_role_and_no_relation_within_it(plan, monkeypatch):
    monkeypatch.setattr(linear, "MET", (6000, 6000))
    made = Linear({"kans_complaint": {"is_manager": -0.3}}, plan.measures)
    answers = made.answers(np.random.default_rng(1))
    r = np.corrcoef(answers.is_manager, answers.said["kans_complaint"])[0, 1]
    assert r == pytest.approx(made.correlation("all", "is_manager", "kans_complaint"), abs=0.03)
    assert r < -0.2


def test_published_slopes_cite_rows_of_the_data():
    assert set(rivals.SOURCES) <= {row["id"] for row in rows("effects")}


# -- scores ------------------------------------------------------------------------------------------------------------

FIVE = ("hybrid_balance", "hybrid_start", "role_neck", "onsite_end2021", "pressure_stable")
"""Two strong ones, two of use test, and an equivalence."""


def table(model: list[tuple[str, ...]], rival: list[tuple[str, ...]], in_mind=frozenset(), groups: int = 2) -> Table:
    """A table of five patterns of one part each; given is which of them hold in each world of model and rival."""
    bounds = {name: (at_least(name, 0.5, name),) for name in FIVE}

    def worlds(held: list[tuple[str, ...]]) -> list[dict[str, float]]:
        return [{name: float(name in own) for name in FIVE} for own in held]

    return Table(bounds, {MODEL: worlds(model), "rival": worlds(rival)}, in_mind, groups)


def test_what_no_rival_fails_counts_for_nothing():
    own = table([FIVE[:3]] * 4, [("hybrid_start",)] * 4)
    assert own.of_kind("telling") == ("hybrid_balance", "role_neck", "onsite_end2021")
    assert (own.score(MODEL, "counted").met, own.score(MODEL, "counted").of) == (3, 4)
    assert (own.score(MODEL, "telling").met, own.score(MODEL, "telling").of) == (2, 3)
    assert own.lead("rival", "telling").met == 2


def test_what_was_written_in_mind_is_counted_apart():
    own = table([FIVE] * 4, [()] * 4, in_mind=frozenset({"hybrid_balance"}))
    assert own.of_kind("in_mind") == ("hybrid_balance",)
    assert own.of_kind("not_in_mind") == FIVE[1:4]
    assert own.of_kind("equivalence") == ("pressure_stable",)


def test_groups_of_worlds_tell_how_much_a_score_hangs_on_them():
    own = table([FIVE, FIVE, (), ()], [()] * 4)
    score = own.score(MODEL, "counted")
    assert score.groups == (4, 0) and score.met == 4
    assert own.steadiness("hybrid_balance") == 0.5
    assert own.lead("rival", "counted").groups == (4, 0)


# -- the page ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made_up(of_nothing) -> Table:
    """The whole table with numbers of nobody, in which only some patterns hold."""
    good = of_nothing | {"conflict on_site": 0.3, "conflict at_home": 0.2}
    others = {who: [of_nothing] * 4 for who in rivals.RIVALS}
    return Table(criteria(), {MODEL: [good] * 4, **others}, frozenset({"hybrid_balance"}), 2)


def test_the_page_lists_first_what_fails_and_why(made_up, plan):
    text = page.write(made_up, tables.frames(made_up), plan, visits=2)
    failing, met = text.index("## What fails"), text.index("## What is met")
    assert failing < text.index("`hybrid_start`") < met < text.index("`hybrid_balance`")
    assert failing < text.index(WHY["role_neck"]) < met
    assert "$" not in text and "nan" not in text


def test_the_figure_marks_what_everybody_meets_and_names_what_is_missing(made_up):
    frame = tables.frames(made_up)["rows"]
    who = {name: one.label for name, one in rivals.ALL.items()}
    drawn = figure.draw(frame, who, IN_WORDS, "seed 1")
    squares = sum(line.get_marker() == "s" for axes in drawn.axes for line in axes.lines)
    assert squares == frame.loc[frame["use"] != "sanity", list(who)].to_numpy().sum()
    with pytest.raises(UserError, match="use"):
        figure.draw(frame.drop(columns="use"), who, IN_WORDS)


def test_the_page_in_the_documents_gives_a_reason_for_whatever_fails():
    for line in _lines(DOCS, "What fails"):
        assert line[-1] != "–", f"{line[0]} fails for no reason told"


@pytest.mark.parametrize(
    ("visits", "groups", "said"),
    [(5, 6, "at least 2 groups of at least 2 worlds"), (0, 5, "patterns.visits is 0")],
)
def test_settings_that_cannot_be_are_refused_in_a_line(visits, groups, said):
    general = {"title": "", "seed": 1, "replicates": 10, "weeks": 1, "burn_in": 1, "workers": None, "output": "",
               "engine": "auto", "scenarios": []}  # fmt: skip
    cfg = OmegaConf.create({**general, "patterns": {"visits": visits, "groups": groups, "docs": None}})
    with pytest.raises(UserError, match=said):
        study.settings_of(cfg)


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


BOUND = {"role_neck": (at_least("x", 0.5, "x"),)}
LEVELS = {f"{kind} {outcome}": 1.0 for kind in ("level", "effect") for outcome in structure.OUTCOMES}


def worlds_of(default: list[float], cut: list[float]) -> dict[str, list[dict[str, float]]]:
    names = (structure.DEFAULT, "workload.spiral")
    return {
        name: [{"x": x, **LEVELS} for x in own] for name, own in zip(names, (default, cut), strict=True)
    }  # fmt: skip


def test_a_changed_verdict_is_clear_only_if_the_paired_interval_excludes_zero():
    sure = tables_of_structure.changed_verdicts(BOUND, worlds_of([0.6, 0.8, 0.7], [0.3, 0.5, 0.41])).iloc[0]
    assert (sure["change"], sure["clear"]) == ("breaks", True)
    unsure = tables_of_structure.changed_verdicts(BOUND, worlds_of([0.6, 0.5, 0.45], [0.3, 0.6, 0.5])).iloc[0]
    assert (unsure["change"], unsure["clear"]) == ("breaks", False)
    mends = tables_of_structure.changed_verdicts(BOUND, worlds_of([0.1, 0.2], [0.7, 0.8])).iloc[0]
    assert mends["change"] == "mends"
    assert tables_of_structure.changed_verdicts(BOUND, worlds_of([0.6, 0.7], [0.6, 0.9])).empty


def test_the_figure_marks_every_changed_pattern():
    own = worlds_of([0.6, 0.8, 0.7], [0.3, 0.5, 0.41])
    switch = structure.Switch("workload", "spiral", "loss spiral", True)
    effects = tables_of_structure.effects(BOUND, own, (switch,))
    assert effects.loc[1, "changed_to"] == "off" and list(effects["met"]) == [1, 0]
    for worlds in (own, worlds_of([0.6, 0.7], [0.6, 0.9])):
        verdict = tables_of_structure.changed_verdicts(BOUND, worlds)
        drawn = figure_of_structure.draw(verdict, effects, IN_WORDS)
        assert sum(line.get_marker() == "x" for line in drawn.axes[0].lines) == len(verdict)
    with pytest.raises(UserError, match="no switch"):
        figure_of_structure.draw(pd.DataFrame(columns=["switch", "pattern", "use", "change", "clear"]), effects[:1], {})


@pytest.mark.slow
def test_a_structure_without_a_policy_is_refused():
    with pytest.raises(UserError, match="at least one scenario"):
        StructureStudy().plans(
            composition.compose("study=structure", "scenarios=[baseline]"), Settings(visits=1, docs=None)
        )


# -- fresh runs --------------------------------------------------------------------------------------------------------

FRESH = 8
FIRST = 1000
"""People and chance that the page has not seen."""
ALWAYS = {
    "availability_telepressure", "telepressure_detachment", "detachment_exhaustion", "ict_after_hours_detachment",
    "long_days_detachment", "detail_question", "role_room", "manager_office_days", "remote_leading_conflict",
    "remote_leading_telepressure", "remote_leading_detachment",
}  # fmt: skip
"""Signs that the equations themselves give; beside them every equivalence must hold."""


def _lines(path: Path, heading: str) -> list[list[str]]:
    """The cells of a table under a heading, without its head."""
    section = path.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")][2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


@pytest.fixture(scope="module")
def fresh() -> list[dict[str, float]]:
    first = plan_builder.plan("firm=study_full", "firm.sample=17", "scenarios=[baseline]", "seed=3")
    tasks = [study.Task(MODEL, replace(first, replicate=FIRST + number), 5) for number in range(FRESH)]
    return study.lived(study.live, tasks, process_pool(2), "fresh")


@pytest.mark.slow
def test_a_world_yields_every_number_that_a_bound_asks_for(fresh):
    asked = {part.statistic for parts in criteria().values() for part in parts if part.statistic}
    assert asked - fresh[0].keys() == set()


@pytest.mark.slow
def test_equivalences_and_the_equations_own_signs_hold(fresh):
    found = verdicts(criteria(), fresh)
    must = ALWAYS | {name for name in found if USE[name] == "equivalence"}
    assert [name for name in sorted(must) if not found[name].met] == []


@pytest.mark.slow
def test_the_page_in_the_documents_agrees_with_a_fresh_run_within_its_stated_tolerance(fresh):
    """Within four standard errors of the difference, shares of studies within a tenth at least; and so the verdict."""
    text = DOCS.read_text(encoding="utf-8")
    worlds = int(re.search(r"^(\d+) worlds of the model", text, re.MULTILINE)[1])
    found = verdicts(criteria(), fresh)
    off = []
    lines = [(line, met) for heading, met in (("What fails", False), ("What is met", True))
             for line in _lines(DOCS, heading)]  # fmt: skip
    for (name, _, _, decides, number, *_), met in lines:
        pattern = re.search(r"`(\w+)`", name)[1]
        if number == "not in the model":
            continue
        mean, low, high = (float(one) for one in re.findall(r"[+-]?\d+\.\d+", number))
        spread = (high - low) / 2 / t.ppf(0.975, worlds - 1) * np.sqrt(worlds)
        tolerance = max(4 * spread * np.sqrt(1 / worlds + 1 / FRESH), 0.1 if "studies" in decides else 0.002)
        part = next(one for one in found[pattern].parts if one.part.words == decides)
        near = min(abs(mean - bound) for bound in (part.part.low, part.part.high)) < tolerance
        if abs(part.mean - mean) > tolerance or not (near or part.met == met or not met):
            off.append(f"{pattern}: {mean} on the page, {part.mean:.3f} now, tolerance {tolerance:.3f}")
    assert len(lines) == sum(use in JUDGED and use != "sanity" for use in USE.values())
    assert off == []


@pytest.mark.slow
@pytest.mark.parametrize("name", [MODEL, "no_network", "no_cascade"])
def test_a_small_world_speaks_of_the_same_things_whoever_lives_it(name, measures):
    from sim.world.firm import FirmOptions

    small = Plan(measures, (BASELINE,), FirmOptions(kind="study", establishments=40, sample=17), burn_in=52)
    found = rivals.ALL[name].statistics(small, 2)
    asked = {part.statistic for parts in criteria().values() for part in parts if part.statistic}
    assert asked - found.keys() == set()
    if name == "no_network":
        assert abs(found["return bond_with_team"]) < 0.01, "without ties no bond comes back"
    if name == "no_cascade":
        assert found["fall non_manager breaks"] == pytest.approx(0.0, abs=0.1), "what is claimed is known"
