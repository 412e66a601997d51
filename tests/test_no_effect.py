"""Where a policy has nothing to change, tables, pages, figures and the terminal say why instead of zero."""

from __future__ import annotations

import csv
import warnings
from pathlib import Path

import numpy as np
import pytest

from sim.config import composition, plan_builder
from sim.experiments import designs, output_folder
from sim.experiments.factors import DesignContext, choose
from sim.experiments.sweep import Sweep, run_sweep
from sim.files import write_json
from sim.levers.scenario import Introduction, Scenario, Setting
from sim.outcomes import no_effect
from sim.outcomes.definitions import GROUPS, OUTCOMES
from sim.outcomes.no_effect import REASONS, count_reasons, in_words, reasons
from sim.outcomes.record import STAGES, Adoption, Record, unchanged
from sim.reporting import phrases, summary
from sim.reporting.changes import change_in_words
from sim.runs import worker_pool
from sim.studies.scenarios import compare, facts, headlines, show
from sim.views.report import beside
from sim.words import Words

HEADER = ["id", "team", "department", "manager", "role"]
SHORT = ("weeks=5", "burn_in=2", "replicates=2", "fit=point", "workers=1", "engine=reference")
POLICIES = (
    "scenarios=[manager_training,right_to_disconnect,coffee_with_a_random_colleague,fully_at_home,fully_on_site,"
    "no_measures]"
)


def led(people: int, teams: int, role: str = "employee") -> list[list[str]]:
    return [
        [f"p{n}", f"team {n % teams}", "all", "" if n == 0 else "p0", "manager" if n == 0 else role]
        for n in range(people)
    ]


ORGANISATIONS: dict[str, tuple[list[list[str]], list[str]]] = {
    "nobody leads": ([[f"p{n}", f"team {n % 3}", "all", "", "employee"] for n in range(15)], []),
    "managers without reports": ([[f"p{n}", f"team {n % 3}", "all", "", "manager"] for n in range(12)], []),
    "one team": (led(12, 1), []),
    "all managers": (led(12, 2, "manager"), []),
    "ten people": (led(10, 2), []),
    "everybody may work at home": ([[*row, "1"] for row in led(12, 2)], ["may_work_from_home"]),
    "nobody may work at home": ([[*row, "0"] for row in led(12, 2)], ["may_work_from_home"]),
    "two establishments": (
        [[*row, "Utrecht"] for row in led(10, 3)]
        + [[f"x{row[0]}", *row[1:3], row[3] and f"x{row[3]}", row[4], "Zwolle"] for row in led(10, 1)],
        ["establishment"],
    ),
}  # fmt: skip


def overrides_for(folder: Path, name: str, *more: str) -> tuple[str, ...]:
    """Write the file of persons of an organisation, and return the settings that use it."""
    rows, columns = ORGANISATIONS[name]
    path = folder / "persons.csv"
    with path.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows([[*HEADER, *columns], *rows])
    return ("firm=own", f"firm.persons={path}", *SHORT, *more)


def compared(*overrides: str):
    plans = plan_builder.build_plans(composition.compose(*overrides))
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        samples, tables = compare(plans, 1, quiet=True)
    return plans, samples, tables


@pytest.mark.parametrize("name", ORGANISATIONS)
def test_no_organisation_gives_a_warning_or_a_zero_without_a_reason(tmp_path, name):
    """Every difference that is zero to the last bit in all replicates has a reason and no number."""
    plans, samples, tables = compared(*overrides_for(tmp_path, name, POLICIES))
    effects = tables["effects"]
    assert (effects["difference"].isna() == (effects["reason"] != "")).all()
    for world, scenario in enumerate(plans[0].scenarios[1:], start=1):
        own = effects[(effects["scenario"] == scenario.name) & (effects["group"] == "everybody")]
        alike = samples.no_effect[:, world].all()
        assert (own.set_index("outcome").loc["burn_out_complaints", "reason"] != "") == alike, scenario.name
        assert len(tables["counts"][tables["counts"]["scenario"] == scenario.name]) == (0 if alike else 3)
    about = output_folder.about(plans[0]) | facts(plans[0], samples)
    text, page = headlines(tables), summary.page(summary.facts(tables, about))
    assert "nan" not in text and "nan" not in page
    for row in tables["reasons"].query("part == ''").to_dict("records"):
        assert in_words(row["reason"]) in text and in_words(row["reason"]) in page


def test_figures_and_report_mark_policies_without_effect(tmp_path):
    """A comparison in which a policy applies and another does not, and one in which none does."""
    for number, scenarios in enumerate(("[manager_training,right_to_disconnect]", "[manager_training]")):
        folder = tmp_path / str(number)
        folder.mkdir()
        plans, samples, tables = compared(*overrides_for(tmp_path, "nobody leads", f"scenarios={scenarios}"))
        about = output_folder.about(plans[0]) | facts(plans[0], samples)
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            for name, table in tables.items():
                output_folder.write_table(table, folder / f"{name}.parquet")
            write_json(about, folder / "about.json")
            if number:
                show(tables, about, folder)
                continue
            beside(folder, "nl")
        page = next(folder.glob("*.html")).read_text(encoding="utf-8")
        assert "niet van toepassing: niemand geeft leiding" in page and "nan" not in page.split("<svg")[0]


def test_a_policy_that_changes_only_knowledge_has_no_figure_of_health(tmp_path):
    plans, samples, tables = compared(*overrides_for(tmp_path, "nobody leads", "scenarios=[manager_training]"))
    effects = tables["effects"]
    known = (effects["outcome"] == "measures_known") & (effects["group"] == "everybody")
    assert known.any()
    effects.loc[known, ["difference", "low", "high"]] = 0.5
    show(tables, output_folder.about(plans[0]) | facts(plans[0], samples), tmp_path)
    drawn = {path.stem for path in (tmp_path / "figures").glob("*.png")}
    assert "effects" in drawn and not {"burn_out_against_isolation", "trajectories"} & drawn


def test_nobody_leads_anybody_so_managers_cannot_be_trained(tmp_path):
    _, _, tables = compared(*overrides_for(tmp_path, "nobody leads", "scenarios=[manager_training]"))
    text = headlines(tables)
    assert "does not apply" in text and "0.0" not in text
    assert f"Manager training: {REASONS['nobody_leads']} in 2 of 2 runs" in text


@pytest.mark.parametrize("scenario", ["fully_at_home", "fully_on_site"])
def test_where_nobody_may_work_at_home_days_at_home_do_not_apply(tmp_path, scenario):
    _, _, tables = compared(*overrides_for(tmp_path, "nobody may work at home", f"scenarios=[{scenario}]"))
    assert set(tables["reasons"]["reason"]) == {"nobody_at_home"}
    assert set(tables["effects"]["reason"]) == {"nobody_at_home"}


@pytest.mark.parametrize(("scenario", "in_place", "reason"), [
    ("scenarios=[reachability_agreements]", "[reachability_agreements]", "already_in_place"),
    ("scenarios=[no_measures]", "[]", "nothing_to_withdraw"),
    ("scenarios=[no_communication_loss]", "[]", "nothing_in_place"),
    ("scenarios=[manager_training]", "[remote_leadership_training]", "already_in_place"),
])  # fmt: skip
def test_a_measure_already_in_place_has_no_effect(scenario, in_place, reason):
    own = "mechanisms.cascade.own_initiative=0"  # no team does anything by itself
    _, _, tables = compared("firm=one", "firm.employees=20", *SHORT, scenario, f"in_place={in_place}", own)
    effect = tables["effects"].query("outcome == 'burn_out_complaints' and group == 'everybody'")
    assert effect["reason"].tolist() == [reason] and effect["difference"].isna().all()
    assert REASONS[reason] in headlines(tables)


# -- every reason, from the structure of a run alone ------------------------------------------------------------------


def record(leads: bool = True, used: bool = False, at_home: float = 0.0, **adoption) -> Record:
    """Two worlds that are alike, of four people under one employer with one measure."""
    weekly = np.zeros((2, 3, len(OUTCOMES), len(GROUPS)), np.float32)
    weekly[:, :, list(OUTCOMES).index("share_at_home")] = at_home
    using = np.full((2, 1, 4), float(used), np.float32)
    usual = {
        "through_manager": np.array([False]), "turn": np.array([[0.3]], np.float32),
        "weeks": np.zeros((2, 1, 1), np.int16), "at_end": np.zeros((2, 1, 1), bool),
        "any_in_place": np.array([False, False]), "leads": np.array([leads, False, False, False]),
    }  # fmt: skip
    return Record(
        weekly=weekly,
        people=np.full((2, 3, len(GROUPS)), 4.0, np.float32),
        final={name: np.zeros((2, 4), np.float32) for name in OUTCOMES},
        cascade=np.zeros((2, 1, 3, len(STAGES)), np.float32),
        groups={name: np.ones(4, bool) for name in GROUPS},
        using=using,
        stayed=np.ones((2, 4), bool),
        adoption=Adoption(**{**usual, **adoption}),
    )


TAKEN = {"weeks": np.array([[[0]], [[3]]], np.int16), "at_end": np.array([[[False]], [[True]]])}
IN_PLACE = {"weeks": np.full((2, 1, 1), 3, np.int16), "at_end": np.ones((2, 1, 1), bool)}
MEASURE = Scenario("policy", "policy", (Introduction("breaks"),))
HALF = Scenario("policy", "policy", (Introduction("breaks", share=0.2),))
AT_HOME = Scenario("policy", "policy", settings=(Setting("attendance", "home_floor", 1.0),))
CASES = {
    "already_in_place": (record(**IN_PLACE), MEASURE),
    "not_carried_out": (record(), MEASURE),
    "nobody_takes_it": (record(), HALF),
    "nobody_leads": (record(leads=False, through_manager=np.array([True]), **TAKEN), MEASURE),
    "nobody_uses": (record(**TAKEN), MEASURE),
    "no_path": (record(used=True, **TAKEN), MEASURE),
    "nobody_at_home": (record(), AT_HOME),
    "same_as_baseline": (record(at_home=100.0), AT_HOME),
    "nothing_to_withdraw": (record(), Scenario("policy", "policy", withdrawn=("breaks",))),
    "nothing_in_place": (record(), Scenario("policy", "policy", settings=(Setting("cascade", "reach", 2.0),))),
}


def test_every_reason_has_a_case():
    assert set(CASES) == set(REASONS)


@pytest.mark.parametrize("reason", CASES)
def test_a_reason_is_found_in_the_structure_of_a_run(reason):
    result, scenario = CASES[reason]
    baseline = Scenario("baseline", "baseline")
    assert [*reasons(result, (baseline, scenario), ["breaks"])[1].values()] == [(reason,)]


@pytest.mark.parametrize("reason", CASES)
def test_a_run_in_which_anything_differs_has_no_reason_for_the_whole(reason):
    result, _ = CASES[reason]
    result.weekly[1, 0, 0, 0] += 1e-6
    changed = unchanged(result)
    result.weekly[1, 0, 0, 0] = result.weekly[0, 0, 0, 0]
    assert no_effect.without_effect(result.unchanged).all()
    assert not no_effect.without_effect(changed)[1]


def test_a_measure_that_is_strengthened_is_no_measure_in_place():
    stronger = Scenario("policy", "policy", (Introduction("breaks", intensity=2.0),))
    result = record(**IN_PLACE)
    result.unchanged[1] = False
    assert reasons(result, (Scenario("baseline", "baseline"), stronger), ["breaks"])[1] == {}


# -- in words ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("reason", [*REASONS, "already_in_place,not_carried_out"])
def test_every_reason_has_words_in_every_language(language, reason):
    nothing = float("nan")
    effect = {"difference": nothing, "low": nothing, "high": nothing, "unit": "SD", "reason": reason}
    text = phrases.change(effect, Words(language))
    assert "nan" not in text and "_" not in text
    if language == "en":
        assert text == change_in_words(nothing, nothing, nothing, "SD", reason=reason)


def test_reasons_are_counted():
    assert count_reasons({"already_in_place": 1}, 1) == "already in place in 1 of 1 run"
    assert count_reasons({"": 7, "not_carried_out": 2, "already_in_place": 7}, 16) == (
        "already in place in 7 of 16 runs, not carried out in 2"
    )


# -- sweeps -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A sweep on one organisation that has the measure, in all its rows."""
    overrides = (
        "firm=one", "firm.employees=20", "weeks=3", "burn_in=1", "engine=reference", "scenarios=[manager_training]",
    )  # fmt: skip
    context = DesignContext(composition.compose(*overrides), overrides)
    assert next(one for one in context.plan.measures if one.name == "remote_leadership_training").in_study
    design = designs.make(designs.Settings("draws", n=12), choose(["mechanisms.recovery.demands_hold"], context.plan))
    return run_sweep(Sweep(context, design), tmp_path_factory.mktemp("swept"), worker_pool.in_process_pool())


def test_a_sweep_keeps_the_reason_of_every_run_and_prints_it(swept):
    differences = swept.differences(["burn_out_complaints"])
    assert set(differences["reason"]) - {""} <= set(REASONS)
    without = differences[differences["reason"] != ""]
    assert len(without) and (without["burn_out_complaints"] == 0).all()
    text = swept.summary_text()
    assert f"in {without['reason'].value_counts().iloc[0]} of {len(differences)} runs" in text
    assert REASONS[without["reason"].mode()[0].split(",")[0]] in text
    assert "+0.00" not in text and "-0.00" not in text


def test_a_sweep_in_which_no_run_has_an_effect_says_so_in_one_line(swept, monkeypatch):
    none = swept.differences().assign(reason="already_in_place")
    monkeypatch.setattr(type(swept), "differences", lambda self: none)
    text = swept.summary_text()
    assert f"no effect in any run: already in place in {len(none)} of {len(none)} runs" in text
    assert "0.00" not in text
