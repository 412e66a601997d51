"""Comparison of one person with the published model: the copy gives printed numbers, and people here are alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.__main__ import main
from sim.config import composition
from sim.engine.plan import Plan, registry_of
from sim.errors import UserError
from sim.language.discovery import mechanisms
from sim.plotting.figures import docking as figure
from sim.studies.docking import isolated_person as here
from sim.studies.docking import stock_flow_model as published
from sim.studies.docking.findings import FINDINGS
from sim.studies.docking.isolated_person import ISOLATION, Perturbation, demands, simulate, unconnected_firm
from sim.studies.docking.stock_flow_model import STOCKS, First, Revised, random_starts, state_after
from sim.studies.docking.study import DockingStudy, direction_rows
from sim.world.firm import FirmOptions

FEW = random_starts(First(), 40, seed=1)
FEW_REVISED = random_starts(Revised(), 40, seed=1)
ENERGY = STOCKS.index("energy")
MILD_AT_REST = state_after(published.MILD, published.WELL)


# -- the published model ---------------------------------------------------------------------------------------------


def test_the_first_version_gives_the_printed_numbers_to_the_last_digit():
    state = np.array([[0.5], [0.7], [0.2], [0.5]])
    printed = {0.1: (0.5017299, 0.6995080, 0.2211999, 0.5012808), 0.5: (0.5092040, 0.6977193, 0.2996788, 0.5039491)}
    for step in range(1, 51):
        state = state + 0.01 * First().change(state)  # the authors' own method and step
        if step / 100 in printed:
            assert state[:, 0] == pytest.approx(printed[step / 100], abs=6e-8)


def test_the_first_version_correlates_demands_with_energy_as_its_authors_print():
    printed = published.trajectory(First(), np.array([[0.5], [0.7], [0.2], [0.5]]), np.arange(0, 182.51, 0.1))[..., 0]
    assert np.corrcoef(printed[:, 2], printed[:, 3])[0, 1] == pytest.approx(-0.911, abs=5e-4)
    assert np.corrcoef(printed[:, 1], printed[:, 0])[0, 1] == pytest.approx(0.885, abs=5e-4)


@pytest.mark.parametrize(
    ("effort", "burnt", "energy"),
    [(0.1, (0, 0), 0.768), (0.175, (0.1, 0.5), 0.407), (0.2, (1, 1), 0), (0.4, (1, 1), 0)],
)
def test_more_people_burn_out_at_higher_efforts_in_the_first_version(effort, burnt, energy):
    ended = state_after(First(effort=effort), FEW)
    assert burnt[0] <= published.is_burnt_out(ended).mean() <= burnt[1]
    assert ended[ENERGY].max() == pytest.approx(energy, abs=0.002)


def test_the_published_model_at_rest_does_not_change():
    for model in (published.MILD, published.LIVELY, published.MEEK):
        rest = state_after(model, published.WELL)
        assert rest[ENERGY, 0] > 0.2
        assert np.abs(model.change(rest)).max() < 1e-6


def test_energy_cannot_return_from_zero():
    for model in (First(), Revised()):
        empty = np.array([[0.5], [0.5], [0.5], [0.0]])
        assert model.change(empty)[ENERGY, 0] == 0


def test_burn_out_without_self_undermining_depends_on_version_and_effort():
    assert published.share_burnt_out(Revised(), FEW_REVISED) == 1
    assert published.share_burnt_out(published.MEEK, FEW_REVISED) < 0.1
    assert published.share_burnt_out(published.HEAVY, FEW) == 1
    assert published.share_burnt_out(replace(published.HEAVY, undermining=0), FEW) < 0.1
    assert published.share_burnt_out(First(undermining=0), FEW) == 1


def test_without_restoration_all_energy_is_lost():
    for model in (published.MILD, published.LIVELY, published.MEEK):
        assert published.energy_at_rest(replace(model, restoration=0), published.WELL)[0] < 1e-3


def test_help_on_day_14_keeps_more_than_half_well_and_on_day_28_nobody():
    assert published.share_well_with_less_effort(FEW, 14) == pytest.approx(0.586, abs=0.2)
    assert published.share_well_with_less_effort(FEW, 28) == 0


def test_burn_out_stays_when_hard_demands_have_lasted_half_a_year():
    when = np.array([0.0, 1000.0])
    brief, long = (
        published.energy_after_release(published.MILD, days, when) for days in (published.BRIEF, published.LONG)
    )
    assert brief == pytest.approx([0.768, 0.768], abs=0.001)
    assert long == pytest.approx([0.768, 0.0], abs=0.001)


def test_slopes_are_the_analytic_derivatives():
    model, state = First(), np.array([[0.5], [0.7], [0.2], [0.5]])
    found = published.slopes(model, state)
    assert found[0, 2] == pytest.approx(0.2 * 0.5 * 0.7 * 0.5)  # demands motivate
    assert found[3, 1] == pytest.approx(0.4 * 0.5 * 0.2 / 1.7**2)  # resources buffer
    assert found[2, 3] == pytest.approx(-0.15)  # the drained make demands
    assert found[3, 3] == pytest.approx(0.15 * (1 - 2 * 0.5) - 0.4 * 0.2 / 1.7)


def test_long_run_responses_agree_with_simulated_pushes():
    pushed = state_after(published.MILD, published.WELL, added=np.array([[0], [0], [1e-3], [0]]))
    responses = published.long_run_responses(published.MILD, MILD_AT_REST)
    assert (pushed - MILD_AT_REST)[:, 0] / 1e-3 == pytest.approx(responses[:, 2], rel=0.02)
    assert published.slowest(published.MILD, MILD_AT_REST) == pytest.approx(13.1, abs=0.1)


# -- this model ------------------------------------------------------------------------------------------------------


def plan(people: int = 40, **options) -> Plan:
    return Plan((), firm=FirmOptions(kind="one", employees=people), engine="reference", **{"burn_in": 4, **options})


def test_other_people_do_not_change_the_results_of_a_person():
    few, many = (simulate(plan(people, weeks=4), {"usual": []}) for people in (12, 30))
    for quantity in here.QUANTITIES:
        assert (few.of(quantity, "usual") == many.of(quantity, "usual")[:, :12]).all(), quantity
    assert not unconnected_firm(5, seed=1).ties.exists.any()
    assert (unconnected_firm(5, seed=1).manager < 0).all()


def test_only_parameters_of_isolation_differ_from_the_models_equations():
    alone = registry_of(here.isolated_plan(plan()))
    assert set(map(type, alone.mechanisms.values())) == set(mechanisms().values())
    for process, own in alone.mechanisms.items():
        usual = type(own)()
        changed = {name for name in own.parameter_metadata() if getattr(own, name) != getattr(usual, name)}
        assert changed <= set(ISOLATION.get(process, {})), process


BEYOND = {"no recovery", "hard, no recovery", "well stronger", "worn stronger"}


def test_every_push_stays_in_its_range_except_the_listed_ones():
    kinds = {process: kind() for process, kind in mechanisms().items()}
    for world, pushes in here.worlds().items():
        for push in pushes:
            metadata = kinds[push.process].parameter_metadata()[push.name]
            value = push.apply(getattr(kinds[push.process], push.name))
            assert world in BEYOND or metadata.low <= value <= metadata.high, (world, push)


def test_the_least_recovery_lies_at_the_ends_of_the_ranges():
    metadata = mechanisms()["recovery"].parameter_metadata()
    for name, value in here.LEAST_RECOVERY.items():
        assert value in (metadata[name].low, metadata[name].high), name


@pytest.fixture(scope="module")
def pushed() -> here.Trajectories:
    pushes = {f"{name} {by:+g}": push(by) for name, push in here.PUSHED.items() for by in (-1, 1)}
    more = {"usual": [], "again": [], "for a while": demands(here.HARDEST, 0, 4)}
    return simulate(plan(20, weeks=28), {**pushes, **more})


BETTER = {"engagement": 1, "resources": 1, "demands": -1, "exhaustion": -1}
EXPECTED = {"engagement": BETTER, "resources": BETTER, "demands": {name: -sign for name, sign in BETTER.items()},
            "energy": BETTER}  # fmt: skip


@pytest.mark.parametrize("push", EXPECTED)
def test_every_push_moves_every_stock_as_in_the_first_version(pushed, push):
    for quantity, direction in EXPECTED[push].items():
        low, high = (pushed.end(quantity, f"{push} {by:+g}", weeks=8).mean() for by in (-1, 1))
        assert np.sign(high - low) == direction, quantity
    there = published.long_run_responses(published.MILD, MILD_AT_REST)[:, STOCKS.index(push)]
    energy = {**EXPECTED[push], "energy": -EXPECTED[push]["exhaustion"]}
    assert np.sign(there).tolist() == [energy[stock] for stock in STOCKS]


def test_worlds_share_all_random_numbers(pushed):
    for quantity in here.QUANTITIES:
        assert (pushed.of(quantity, "usual") == pushed.of(quantity, "again")).all()


def test_a_temporary_push_ends_and_its_effect_fades(pushed):
    trace = (pushed.of("demands", "for a while") - pushed.of("demands", "usual")).mean(axis=1)
    assert trace[0] == 0, "before it begins"
    assert trace[1] > 1
    assert 0 < trace[2] < 0.1 * trace[1]
    tired = (pushed.of("exhaustion", "for a while") - pushed.of("exhaustion", "usual")).mean(axis=1)
    assert 0 < tired[-1] < 0.5 * tired.max()


def test_a_push_to_a_value_and_one_by_an_amount_add_up():
    assert Perturbation("recovery", "effort", to=0.1).apply(0.25) == 0.1
    assert Perturbation("workload", "level", 0.5).apply(0.25) == 0.75


# -- the study -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "value", "least"), [("weeks", 52, 208), ("burn_in", 4, 104)])
def test_too_short_a_run_is_an_error(name, value, least):
    study = DockingStudy()
    with pytest.raises(UserError, match=f"Invalid value for {name}: {value}. Use {least} or more."):
        study.plans(composition.compose("study=docking", f"{name}={value}"), study.settings(composition.compose()))


def test_docking_works_where_no_process_can_be_started(monkeypatch, tmp_path, capsys):
    def refuse():
        raise UserError("This process cannot start others.")

    monkeypatch.setattr("sim.runs.worker_pool.check_can_start_processes", refuse)
    monkeypatch.setattr(DockingStudy, "run", lambda self, plans, settings, pool: pool)
    monkeypatch.setattr(DockingStudy, "write", lambda self, pool, *_: f"{pool.workers} worker")
    DockingStudy().study(composition.compose("study=docking", "firm.employees=20", f"output={tmp_path}"))
    assert "1 worker" in capsys.readouterr().out


def test_a_response_below_two_standard_errors_counts_as_none():
    signs = pd.DataFrame(
        {"pushed": ["energy"], "answers": ["energy"], "first": [1.0], "revised": [-2.0], "here": [0.1], "error": [0.2]}
    )
    assert direction_rows(signs) == [["more energy", "up / down / –"]]


def test_the_figure_names_the_column_that_is_missing():
    with pytest.raises(UserError, match="worn"):
        figure.draw(pd.DataFrame({"model": [], "demands": [], "well": []}), pd.DataFrame(), pd.DataFrame())


@pytest.mark.slow
def test_directions_and_buffer_hold_and_tipping_does_not(tmp_path: Path):
    assert main(["docking", "firm.employees=60", f"output={tmp_path}"]) == 0
    (folder,) = (tmp_path / "docking").iterdir()
    written = {path.name for path in folder.iterdir()}
    tables = ("findings", "copies", "signs", "rests", "releases", "boosts")
    files = {f"{name}.{ending}" for name in tables for ending in ("parquet", "csv")}
    assert files | {"summary.md", "results.json", "config.yaml", "about.json", "figures"} == written
    assert len(json.loads((folder / "results.json").read_text(encoding="utf-8"))["holding"]) == 2
    found = pd.read_parquet(folder / "findings.parquet").set_index("result")
    assert len(found) == len(FINDINGS)
    assert [result.split()[0] for result in found.index[found["holds"] == "yes"]] == ["Each", "Resources"]
    copies = pd.read_parquet(folder / "copies.parquet")
    assert (copies["published"] - copies["copy"]).abs().max() < 0.07
    rests = pd.read_parquet(folder / "rests.parquet").set_index("model")
    assert (rests.loc["here", "well"] - rests.loc["here", "worn"]).abs().max() < 0.01
    assert (rests.loc["published", "well"] - rests.loc["published", "worn"]).max() > 0.7
