"""Traits that no equation reads are known as such, and what they build in is not counted as a success."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.engine.plan import BASELINE, Plan, registry_of
from sim.outcomes.outcomes import GROUPS, OUTCOMES
from sim.outcomes.patterns import CELLS, built_in
from sim.outcomes.summary import label_of
from sim.outcomes.unread import unread_traits, unrelated_groups
from sim.runs.run import run
from sim.studies.patterns.criteria import criteria
from sim.studies.patterns.scoring import KINDS, MODEL, Table
from sim.views.words import Words
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
    for language, words in (("en", "in no equation"), ("nl", "in geen vergelijking")):
        own = Words(language)
        assert {group for group in GROUPS if words in own(f"common.group.{group}")} == unrelated
    assert {group for group in GROUPS if "in no equation" in label_of(group)} == unrelated


@pytest.fixture(scope="module")
def without_shares(plan) -> np.ndarray:
    return everybody(plan)


@pytest.mark.parametrize("share", SHARES)
def test_a_share_of_people_moves_outcomes_exactly_where_an_equation_reads_the_trait(share, plan, without_shares):
    moved = everybody(replace(plan, firm=replace(plan.firm, shares={share: 0.05})))
    assert len(moved) == len(OUTCOMES)
    assert np.array_equal(moved, without_shares) == (share in unread_traits(registry_of(plan)))


def test_a_group_is_unrelated_only_where_nothing_behind_it_is_read(plan):
    groups = unrelated_groups(registry_of(plan))
    assert {"women", "other_care"} == set(groups)  # being older hangs together with being young, which is read


def test_patterns_of_unread_traits_are_built_in(plan):
    unread = set(unread_traits(registry_of(plan)))
    names = built_in(registry_of(plan))
    assert "living_alone_isolation" in names
    assert all(set(cell.predictors) <= unread and not cell.sign for name in names for cell in CELLS[name])


def test_what_is_built_in_is_counted_in_no_other_kind(plan):
    names = built_in(registry_of(plan))
    table = Table(criteria(), {MODEL: [{}] * 2, "rival": [{}] * 2}, frozenset(), 2, names)
    assert set(table.of_kind("built_in")) == names
    assert not names & {name for kind in KINDS if kind != "built_in" for name in table.of_kind(kind)}
    assert len(table.of_kind("equivalence")) == len(replace(table, built_in=frozenset()).of_kind("equivalence")) - len(
        names
    )
