"""Traits that no equation reads are known as such, and what they build in is not counted as a success."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import sim
from sim.config import composition, plan_builder
from sim.config.hydra_command import command
from sim.engine.plan import BASELINE, Plan, registry_of
from sim.outcomes.definitions import GROUPS, OUTCOMES
from sim.outcomes.patterns import CELLS, built_in
from sim.outcomes.unread import unread_parameters, unread_traits, unrelated_groups
from sim.reporting.labels import label_of
from sim.runs.run import run
from sim.studies.patterns.criteria import criteria
from sim.studies.patterns.scoring import KINDS, MODEL, PatternTable
from sim.words import Words
from sim.world.firm import FirmOptions

SHARES = (
    "woman", "older", "young", "children_at_home", "other_care", "lives_alone", "higher_educated", "flexible_contract",
    "may_work_from_home", "separate_room",
)  # fmt: skip
"""What an organisation may count."""


@pytest.fixture(scope="module")
def plan(measures) -> Plan:
    return Plan(measures, (BASELINE,), FirmOptions(kind="one", employees=120), weeks=8, burn_in=4)


def everybody(plan: Plan) -> np.ndarray:
    """(outcome,) the last week's means of everybody."""
    return run(plan).weekly[0, -1, :, list(GROUPS).index("everybody")]


def test_labels_say_which_groups_are_unrelated(plan):
    unrelated = set(unrelated_groups(registry_of(plan)))
    for language, words in (("en", "not used in the model"), ("nl", "niet gebruikt in het model")):
        own = Words(language)
        assert {group for group in GROUPS if words in own(f"common.group.{group}")} == unrelated
    assert {group for group in GROUPS if "not used in the model" in label_of(group)} == unrelated


@pytest.fixture(scope="module")
def without_shares(plan) -> np.ndarray:
    return everybody(plan)


@pytest.mark.parametrize("share", SHARES)
def test_a_share_of_people_moves_outcomes_exactly_where_an_equation_reads_the_trait(share, plan, without_shares):
    moved = everybody(replace(plan, firm=replace(plan.firm, shares={share: 0.05})))
    assert len(moved) == len(OUTCOMES)
    assert np.array_equal(moved, without_shares) == (share in unread_traits(registry_of(plan)))


def test_a_command_names_all_shares_that_change_no_result(plan, capsys):
    shares = ",".join(f"{share}: 0.05" for share in SHARES)
    assert command(lambda cfg: None, "scenarios", ["firm=one", f"firm.shares={{{shares}}}"]) == 0
    names, _, rest = capsys.readouterr().err.partition(": no equation reads these")
    assert rest.startswith(". Results do not change")
    assert {name.rpartition(".")[2] for name in names.split(", ")} == set(SHARES) & set(
        unread_traits(registry_of(plan))
    )


def test_python_warns_of_what_no_equation_reads():
    with pytest.warns(UserWarning, match=r"firm.sector, firm.shares.woman: no equation reads these"):
        sim.plan("firm=one", firm__sector="education", firm__shares={"woman": 0.6, "separate_room": 0.2})


def test_numbers_change_outcomes_exactly_where_an_equation_of_an_outcome_reads_them(plan, without_shares):
    """Every number of circumstances, moved as far as its range lets it."""
    registry = registry_of(plan)
    for name, passport in registry.mechanisms["circumstances"].parameter_metadata().items():
        value = passport.low if getattr(registry.mechanisms["circumstances"], name) > passport.low else passport.high
        moved = everybody(replace(plan, parameters={"circumstances": {name: value}}))
        unread = f"mechanisms.circumstances.{name}" in unread_parameters(registry)
        assert not (unread and not np.array_equal(moved, without_shares)), name
    assert unread_parameters(registry) >= {f"mechanisms.circumstances.{name}" for name in ("women", "care", "alone")}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mechanisms.circumstances.women", ["firm=one", "mechanisms.circumstances.women=0.3"]),
        ("firm.sector", ["study=sweep", "design=grid", "firm=one", "design.factors={firm.sector: [education]}"]),
    ],
)  # fmt: skip
def test_numbers_and_factors_that_no_equation_reads_are_told(name, words):
    assert plan_builder.unread_note(composition.compose(*words), words).startswith(f"{name}: no equation reads this.")


def test_nothing_is_told_where_every_setting_is_read():
    words = ["firm=one", "mechanisms.recovery.night=0.2", "firm.shares={may_work_from_home: 0.5}"]
    assert plan_builder.unread_note(composition.compose(*words), words) is None


def test_a_group_is_unrelated_only_where_nothing_behind_it_is_read(plan):
    groups = unrelated_groups(registry_of(plan))
    assert {"women", "other_care"} == set(groups)  # being older hangs together with being young, which is read


def test_patterns_of_unread_traits_are_built_in(plan):
    unread = set(unread_traits(registry_of(plan)))
    names = built_in(registry_of(plan))
    assert "living_alone_isolation" in names
    assert all(set(CELLS[name].predictors) <= unread and not CELLS[name].sign for name in names)


def test_what_is_built_in_is_counted_in_no_other_kind(plan):
    names = built_in(registry_of(plan))
    table = PatternTable(criteria(), {MODEL: [{}] * 2, "rival": [{}] * 2}, frozenset(), 2, names)
    assert set(table.of_kind("built_in")) == names
    assert not names & {name for kind in KINDS if kind != "built_in" for name in table.of_kind(kind)}
    assert len(table.of_kind("equivalence")) == len(replace(table, built_in=frozenset()).of_kind("equivalence")) - len(
        names
    )
