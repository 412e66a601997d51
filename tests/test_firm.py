"""Establishments, reporting lines and ties: properties for every size, and the sample of the study."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.data import rows
from sim.errors import UserError
from sim.world import ties as tie_slots
from sim.world.establishments import build
from sim.world.firm import Firm, FirmOptions, partition_firm, stack_firms
from sim.world.ties import ACROSS_TIES, MANAGER_TIES, TEAM_TIES

SLOTS_ACROSS = 2 * ACROSS_TIES


def one(**options) -> Firm:
    return build(FirmOptions(kind="one", **options), seed=7, replicate=0)


def assert_identical(first: Firm, second: Firm) -> None:
    for field in dataclasses.fields(Firm):
        mine, yours = getattr(first, field.name), getattr(second, field.name)
        if field.name == "ties":
            for slots in dataclasses.fields(mine):
                np.testing.assert_array_equal(getattr(mine, slots.name), getattr(yours, slots.name))
        else:
            np.testing.assert_equal(mine, yours)


def assert_lines_are_sound(firm: Firm) -> None:
    """Everybody has one way up that ends at one top in each establishment, without a circle."""
    tops = np.flatnonzero(firm.manager < 0)
    np.testing.assert_array_equal(firm.establishment[tops], np.arange(len(firm.size)))
    row, steps = np.arange(len(firm.manager)), 0
    while (row >= 0).any():
        row = np.where(row >= 0, firm.manager[row], -1)
        steps += 1
        assert steps < 25, "a reporting line without an end"
    led = firm.manager >= 0
    assert (firm.establishment[firm.manager[led]] == firm.establishment[led]).all()
    assert firm.is_manager[firm.manager[led]].all()
    np.testing.assert_array_equal(firm.span, np.bincount(firm.manager[led], minlength=len(led)))


def assert_rows_are_in_order(firm: Firm) -> None:
    for index in (firm.team, firm.department, firm.establishment):
        assert index[0] == 0
        assert np.isin(np.diff(index), (0, 1)).all()
    assert len(np.unique(firm.identifier)) == len(firm.identifier)
    assert len(np.unique(firm.team_identifier)) == len(firm.team_identifier) == firm.team[-1] + 1
    same_team = np.diff(firm.team) == 0
    assert (np.diff(firm.identifier.astype(np.int64))[same_team] > 0).all()


def assert_ties_are_sound(firm: Firm) -> None:
    ties, places = firm.ties, len(firm.identifier)
    slot, own = np.nonzero(ties.exists)
    partner = ties.partner[slot, own]
    assert (partner != own).all(), "a tie with oneself"
    empty = ~ties.exists
    np.testing.assert_array_equal(ties.partner[empty], np.broadcast_to(np.arange(places), empty.shape)[empty])
    assert not ties.dormant[empty].any()
    assert not ties.across[empty].any()
    pairs = own * places + partner
    assert len(np.unique(pairs)) == len(pairs), "a tie twice"
    asleep = ties.dormant[slot, own]
    there = np.sort(pairs * 2 + asleep)
    np.testing.assert_array_equal(there, np.sort((partner * places + own) * 2 + asleep))
    np.testing.assert_array_equal(ties.across[slot, own], firm.team[own] != firm.team[partner])
    assert (firm.establishment[own] == firm.establishment[partner]).all()
    by_identifier = np.where(ties.exists, firm.identifier[ties.partner].astype(np.int64), 1 << 40)
    assert (np.diff(by_identifier, axis=0)[ties.exists[1:]] > 0).all(), "slots are not in the order of partners"


def assert_ties_are_few(firm: Firm) -> None:
    active = firm.ties.exists & ~firm.ties.dormant
    inside = (active & ~firm.ties.across).sum(0)
    assert inside[~firm.is_manager].max() <= TEAM_TIES
    assert active.sum(0)[~firm.is_manager].max() <= TEAM_TIES + SLOTS_ACROSS
    assert active.sum(0).max() <= MANAGER_TIES + 1 + SLOTS_ACROSS
    assert (firm.ties.dormant.sum(0) <= ACROSS_TIES).all()


def assert_sound(firm: Firm) -> None:
    for check in (assert_rows_are_in_order, assert_lines_are_sound, assert_ties_are_sound, assert_ties_are_few):
        check(firm)


@given(st.integers(10, 3000), st.integers(3, 12), st.integers(2, 11))
@settings(max_examples=40, deadline=None)
def test_an_organisation_of_any_size_has_sound_teams_lines_and_ties(employees, team_size, teams_per_department):
    firm = one(employees=employees, team_size=team_size, teams_per_department=teams_per_department)
    assert len(firm.identifier) == firm.size[0] == employees
    assert_sound(firm)
    leads_managers = np.isin(np.arange(employees), firm.manager[firm.is_manager])
    members = np.bincount(firm.team[~leads_managers])
    assert members.min() >= 1 and members.max() <= team_size
    assert (np.bincount(firm.team) >= 2).all()
    assert firm.span.max() <= max(team_size - 1, teams_per_department)


def test_all_members_of_a_team_of_eight_have_ties():
    firm = one(employees=500, team_size=8)
    active = firm.ties.exists & ~firm.ties.dormant & ~firm.ties.across
    head = np.isin(np.arange(500), firm.manager[firm.is_manager])
    members = np.bincount(firm.team[~head])
    partners = np.array([(~head[firm.ties.partner[active[:, row], row]]).sum() for row in range(500)])
    np.testing.assert_array_equal(partners[~head], members[firm.team[~head]] - 1)


@pytest.mark.parametrize("team_size", [8, 12])
def test_every_employee_has_a_tie_with_the_manager(team_size):
    firm = one(employees=2000, team_size=team_size)
    led = firm.manager >= 0
    tied = (firm.ties.partner == firm.manager) & firm.ties.exists & ~firm.ties.dormant
    assert tied.any(0)[led].all()


def test_networkx_and_numpy_give_the_same_degrees(monkeypatch):
    def degrees() -> tuple[np.ndarray, np.ndarray]:
        ties = one(employees=5000).ties
        across = (ties.exists & ties.across & ~ties.dormant).sum(0)
        return np.bincount(across, minlength=13) / 5000, np.bincount(ties.dormant.sum(0), minlength=3) / 5000

    by_networkx = degrees()
    monkeypatch.setattr(tie_slots, "NETWORKX_PEOPLE", 0)
    by_cycles = degrees()
    for one_way, other_way in zip(by_networkx, by_cycles, strict=True):
        np.testing.assert_allclose(one_way, other_way, atol=0.03)


def test_both_generators_are_regular_and_keyed():
    group = np.repeat([0, 1, 2, 3], [2, 3, 40, 400])
    everybody, identifier = np.arange(len(group)), np.arange(len(group), dtype=np.uint32) * 7
    for generator in (tie_slots._regular_by_networkx, tie_slots._regular_by_cycle):
        edges = generator(everybody, group, identifier, 5)
        degree = np.bincount(edges.ravel(), minlength=len(group))
        np.testing.assert_array_equal(degree, np.where(group == 0, 0, ACROSS_TIES))
        assert (group[edges[:, 0]] == group[edges[:, 1]]).all()
        np.testing.assert_array_equal(edges, generator(everybody, group, identifier, 5))
        assert (edges != generator(everybody, group, identifier, 6)).any()


def test_layers_grow_with_size():
    layers = [float(one(employees=employees).layers[0]) for employees in (10, 60, 1000, 20_000)]
    assert layers == sorted(layers) and layers[0] == 1 and layers[2] == 3


def test_a_large_organisation_is_built_without_a_loop_over_people():
    firm = one(employees=100_000)
    assert firm.ties.partner.shape[0] <= 16
    assert firm.ties.partner.dtype == np.int32
    assert_lines_are_sound(firm)


@pytest.fixture(scope="module")
def study() -> Firm:
    return build(FirmOptions(), seed=1, replicate=0)


def test_the_study_has_its_establishments_sizes_and_sectors(study):
    assert len(study.size) == len(study.size_class) == len(study.sector) == 206
    assert (study.size < 10).sum() == 1
    assert study.size_class.count("small") == (study.size < 50).sum() == 43
    assert study.size_class.count("medium") == 56
    assert set(study.sector) == {row["sector"] for row in rows("sectors")}
    np.testing.assert_allclose(study.weight.sum(), study.size.sum(), rtol=1e-5)


def test_the_study_samples_whole_teams_with_their_managers(study):
    assert_sound(study)
    np.testing.assert_array_equal(np.bincount(study.establishment), np.minimum(study.size, 25))
    large = study.establishment == np.argmax(study.size)
    assert large.sum() == 25
    assert len(np.unique(study.team[large])) == 3
    assert study.is_manager[large].sum() == 4
    np.testing.assert_array_equal(np.unique(study.establishment[study.manager < 0]), np.arange(206))


def test_the_establishments_of_the_study_have_131_775_people_on_average():
    totals = [build(FirmOptions(sample=5), seed, 0).size.sum() for seed in range(20)]
    assert np.mean(totals) == pytest.approx(131_775, rel=0.01)


def test_a_large_sample_holds_whole_establishments():
    firm = build(FirmOptions(establishments=20, sample=1_000_000), seed=1, replicate=0)
    assert len(firm.identifier) == firm.size.sum()
    assert (firm.weight == 1).all()


def test_an_establishment_keeps_its_people_when_the_sample_grows():
    small = build(FirmOptions(establishments=30, sample=25), seed=1, replicate=0)
    large = build(FirmOptions(establishments=30, sample=50), seed=1, replicate=0)
    np.testing.assert_array_equal(small.size, large.size)
    assert np.isin(small.identifier, large.identifier).all()


def test_the_same_key_gives_the_same_firm_and_another_replicate_another():
    first, second, other = (build(FirmOptions(establishments=20), 3, replicate) for replicate in (1, 1, 2))
    assert_identical(first, second)
    assert (first.size != other.size).any()


def test_anchor_days_are_a_fair_order_of_the_week(study):
    days = np.tile(np.arange(5), (len(study.team_identifier), 1)).T
    np.testing.assert_array_equal(np.sort(study.anchor_order, axis=0), days)
    first = np.bincount(study.anchor_order[0], minlength=5) / len(study.team_identifier)
    np.testing.assert_allclose(first, 0.2, atol=0.06)


def test_the_graph_distinguishes_ties_and_reporting_lines_and_has_strengths():
    firm = one(employees=60)
    strength = np.where(firm.ties.dormant, 0.4, 0).astype(np.float32)
    graph = firm.to_networkx()
    kinds = [kind for _, _, kind in graph.edges(data="kind")]
    assert sum("tie" in kind.split() for kind in kinds) == (firm.ties.exists & ~firm.ties.dormant).sum()
    assert sum("reporting line" in kind for kind in kinds) == (firm.manager >= 0).sum()
    assert graph.nodes[int(firm.manager[1])]["role"] == "manager"
    assert set(graph.nodes[0]) == {"team", "department", "establishment", "role"}
    values = [value for *_, value in firm.to_networkx(strength).edges(data="strength") if value is not None]
    assert len(values) == firm.ties.dormant.sum() and set(values) == {float(np.float32(0.4))}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (FirmOptions(kind="two"), "Unknown firm.kind: two. Use one of study, one, own"),
        (FirmOptions(kind="own"), "needs a file of persons"),
        (FirmOptions(kind="one", persons="persons.csv"), "Use kind own with files"),
        (FirmOptions(kind="one", employees=9), "employees: 9. Use a whole number from 10 to 2000000"),
        (FirmOptions(kind="one", employees=2_000_001), "employees: 2000001"),
        (FirmOptions(establishments=0), "establishments: 0"),
        (FirmOptions(sample=4), "sample: 4"),
        (FirmOptions(team_size=2), "team_size: 2. Use a whole number from 3 to 12"),
        (FirmOptions(team_size=13), "team_size: 13"),
        (FirmOptions(teams_per_department=1), "teams_per_department: 1"),
        (FirmOptions(sector="education"), "kind study, which draws its sectors"),
        (FirmOptions(kind="one", sector="mining"), "Unknown firm.sector: mining. Use one of communication"),
    ],
)
def test_invalid_options_are_refused(options, message):
    with pytest.raises(UserError, match=message):
        build(options, 1, 0)


def test_an_organisation_can_have_a_sector():
    assert one(sector="education").sector == ("education",)


def test_the_parts_of_a_firm_stack_to_the_same_firm():
    firm = build(FirmOptions(kind="study", establishments=9, sample=30), 3, 0)
    parts = partition_firm(firm, most=70)
    assert len(parts) > 3 and all(len(part.firm.identifier) <= 70 for part in parts)
    assert [row for part in parts for row in range(9)[part.establishments]] == list(range(9))
    whole = stack_firms([part.firm for part in parts])
    for field in dataclasses.fields(Firm):
        if field.name != "ties":
            np.testing.assert_equal(getattr(whole, field.name), getattr(firm, field.name), field.name)
    for name in ("exists", "across", "dormant"):
        np.testing.assert_array_equal(getattr(whole.ties, name), getattr(firm.ties, name))
    np.testing.assert_array_equal(whole.ties.partner[firm.ties.exists], firm.ties.partner[firm.ties.exists])


def test_an_establishment_is_never_split():
    firm = build(FirmOptions(kind="study", establishments=5, sample=30), 3, 0)
    assert [part.establishments for part in partition_firm(firm, most=1)] == [slice(n, n + 1) for n in range(5)]
    assert len(partition_firm(firm, most=10_000)) == 1
