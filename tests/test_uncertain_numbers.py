"""Every page states the same number of uncertain and assumed numbers: those that a run draws."""

from __future__ import annotations

import re
from pathlib import Path

from sim.calibration.uncertainty import assumed_numbers, grade_counts
from sim.config.default_settings import measures
from sim.config.posterior_draws import draws
from sim.engine.plan import BASELINE, Plan, required_measures
from sim.outcomes.samples import samples_of
from sim.runs.run import run
from sim.studies.scenarios import facts

HOME = Path(__file__).resolve().parent.parent


def test_the_uncertain_numbers_are_those_that_a_run_draws():
    assert assumed_numbers()["parameters"] == len(draws().columns)


def test_every_uncertain_number_has_one_grade():
    counts = grade_counts()
    assert counts.total() == assumed_numbers()["parameters"]
    assert 0 < counts["assumed"] == assumed_numbers()["assumed"] < counts.total()


def test_a_comparison_prints_the_same_count(small_plan):
    plan = Plan(measures(), (BASELINE,), small_plan.firm, weeks=1, burn_in=1)
    names = [measure.name for measure in required_measures(plan)]
    assert facts(plan, samples_of([run(plan)], plan.scenarios, names)).items() >= assumed_numbers().items()


def test_pages_give_the_counts_of_the_code():
    count = assumed_numbers()
    counts = [
        (page.name, found.groups())
        for page in [HOME / "README.md", *sorted((HOME / "docs").glob("*.md"))]
        for found in re.finditer(
            r"(\d+) of (?:the|its|these|those|the model's) (\d+) uncertain numbers", page.read_text("utf-8")
        )
    ]
    assert {name for name, _ in counts} >= {"README.md", "limits.md", "model.md"}
    assert {numbers for _, numbers in counts} == {(str(count["assumed"]), str(count["parameters"]))}
