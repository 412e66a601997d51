"""Memory: what a comparison holds does not grow with its replicates."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sim.config.plan_builder import plan as plan_of
from sim.engine.plan import Plan
from sim.outcomes.definitions import GROUPS, ITEMS_BY_WEEK, OUTCOMES
from sim.outcomes.effects import CHANCE, DRAWS
from sim.outcomes.record import Record
from sim.outcomes.samples import BYTES_AT_A_TIME, SampleFile
from sim.runs.run import run
from sim.studies import scenarios
from sim.studies.scenarios import compare, samples_of, tables_of
from sim.world.establishments import build


@pytest.fixture(scope="module")
def pair() -> Plan:
    return plan_of(
        "firm=one", "firm.employees=40", scenario="right_to_disconnect", weeks=40, burn_in=1, engine="reference"
    )


@pytest.fixture(scope="module")
def record(pair: Plan) -> Record:
    return run(replace(pair, weeks=3))


def noisy(record: Record, weeks: int, count: int) -> Iterator[Record]:
    """Yield records of noise, each in its own memory, of people who stayed as in this record."""
    for number in range(count):
        random = np.random.default_rng(number)
        weekly = random.standard_normal((2, weeks, len(OUTCOMES), len(GROUPS))).astype(np.float32)
        people = np.repeat(record.people[:, :1], weeks, axis=1)
        final = {name: random.standard_normal(of.shape).astype(np.float32) for name, of in record.final.items()}
        cascade = record.cascade + random.random(record.cascade.shape).astype(np.float32)
        yield replace(record, weekly=weekly, people=people, final=final, cascade=cascade)


def test_a_comparison_holds_no_more_than_a_few_records_at_once(monkeypatch, pair, record):
    references: list[weakref.ref[Record]] = []
    alive: list[int] = []

    def watched(plans: list[Plan], *_: object) -> Iterator[Record]:
        for one in noisy(record, pair.weeks, len(plans)):
            references.append(weakref.ref(one))
            alive.append(sum(reference() is not None for reference in references))
            yield one

    monkeypatch.setattr(scenarios, "run_many", watched)
    compare([replace(pair, replicate=number) for number in range(12)], quiet=True)
    assert len(alive) == 12
    assert max(alive) <= 3, "the first, the one that was added last and the one that follows"


def test_tables_are_computed_in_parts_of_limited_size(pair, record):
    samples = samples_of(pair)
    for one in noisy(record, 400, 30):
        samples.add(one)
    parts = list(samples.parts())
    assert len(parts) > 1
    assert max(samples.weekly(0, part).nbytes for part in parts) <= BYTES_AT_A_TIME
    assert sum(samples.weekly(0, part).shape[-1] for part in parts) == len(ITEMS_BY_WEEK)


@pytest.mark.parametrize("holds", [CHANCE, DRAWS])
def test_tables_are_the_same_from_a_file_and_from_memory(tmp_path, pair, record, holds):
    firm = build(pair.firm, pair.seed, pair.replicate)
    with samples_of(pair, tmp_path) as on_disk:
        in_memory = samples_of(pair)
        for one in noisy(record, pair.weeks, 5):
            on_disk.add(one)
            in_memory.add(one)
        first, second = (tables_of(pair, samples, firm, holds) for samples in (on_disk, in_memory))
    assert first.keys() == second.keys()
    for name in first:
        pd.testing.assert_frame_equal(first[name], second[name], check_exact=True)


def test_no_file_remains_after_the_tables_are_computed(monkeypatch, tmp_path, pair, record):
    monkeypatch.setattr(scenarios, "run_many", lambda plans, *_: noisy(record, pair.weeks, len(plans)))
    compare([pair, replace(pair, replicate=1)], quiet=True, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_sample_file_returns_rows_and_parts_of_rows(tmp_path):
    arrays = np.random.default_rng(1).standard_normal((7, 3, 5, 4))
    file = SampleFile(tmp_path)
    for array in arrays:
        file.append(array)
    for row in range(3):
        np.testing.assert_array_equal(file.read(row), arrays[:, row])
        np.testing.assert_array_equal(file.read(row, 2, 4), arrays[:, row, 2:4])
    file.close()
