"""One golden run: a small study with the fitted defaults must keep giving the numbers in `golden.json`.

When results are meant to move, rewrite them on purpose with `python tests/test_golden.py --rewrite`, and say in the
changelog that results move and why.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

GOLDEN = Path(__file__).with_name("golden.json")
OVERRIDES = (
    "firm=study", "firm.establishments=10", "firm.sample=20", "weeks=20", "burn_in=8", "seed=7",
    "scenarios=[baseline,whole_package,no_measures,fully_on_site]",
)  # fmt: skip
DECIMALS = 5
ABSOLUTE, RELATIVE = 1.5 * 10.0**-DECIMALS, 1e-6
"""Both engines give the same bits on every machine but for the order of one summation, so the numbers may differ by one
unit in the last decimal written, or by some units in the last place of a number in single precision."""


def numbers() -> dict[str, dict[str, float]]:
    """Means of everybody in the last week by scenario and outcome, and the share who know each measure."""
    from sim.config.plan_builder import plan
    from sim.engine.plan import required_measures
    from sim.outcomes.definitions import GROUPS, OUTCOMES
    from sim.outcomes.record import STAGES
    from sim.runs.run import run

    study = plan(*OVERRIDES)
    record = run(study)
    everybody = list(GROUPS).index("everybody")
    stage = STAGES.index("known")
    measures = sorted(measure.name for measure in required_measures(study))
    found = {}
    for world, scenario in enumerate(study.scenarios):
        outcomes = {name: float(record.weekly[world, -1, row, everybody]) for row, name in enumerate(OUTCOMES)}
        shares = record.cascade[world, :, 2, stage]
        known = {f"non-managers who know {name}": float(share) for name, share in zip(measures, shares, strict=True)}
        found[scenario.name] = {name: round(value, DECIMALS) for name, value in {**outcomes, **known}.items()}
    return found


def differences(golden: dict[str, dict[str, float]], now: dict[str, dict[str, float]]) -> list[str]:
    """What has moved, in words, the farthest first."""
    found = []
    for scenario in sorted({*golden, *now}):
        before, after = golden.get(scenario, {}), now.get(scenario, {})
        for name in sorted(before.keys() ^ after.keys()):
            found.append((float("inf"), f"{scenario}: {name} is {'new' if name in after else 'gone'}"))
        for name in sorted(before.keys() & after.keys()):
            off = abs(after[name] - before[name]) / (ABSOLUTE + RELATIVE * abs(before[name]))
            if not off <= 1:
                found.append((off, f"{scenario}: {name} was {before[name]:g} and is {after[name]:g}"))
    return [text for _, text in sorted(found, key=lambda pair: -pair[0])]


def test_the_golden_run_gives_the_golden_numbers():
    moved = differences(json.loads(GOLDEN.read_text(encoding="utf-8")), numbers())
    if moved:
        farthest = "\n  ".join(moved[:12])
        pytest.fail(
            f"{len(moved)} numbers of the golden run have moved, the farthest first:\n  {farthest}\n"
            "If results are meant to move, run `python tests/test_golden.py --rewrite` and say so in CHANGELOG.md; "
            "if they are not, something changed that should not have.",
            pytrace=False,
        )


@pytest.mark.parametrize("value", [0.0, 0.02, 0.9, 1.0, 170.0])
def test_a_number_that_moves_is_reported_whatever_its_size(value):
    golden = {"baseline": {"outcome": value}}
    for moved in (value + 0.0005, value * 1.001 + 2e-5, float("nan")):
        assert differences(golden, {"baseline": {"outcome": moved}})
    assert not differences(golden, {"baseline": {"outcome": value}})
    assert not differences(golden, {"baseline": {"outcome": value + 1e-5}}), "rounded to the next decimal"


def test_numbers_that_are_new_or_gone_are_reported_first():
    golden = {"baseline": {"burn_out_complaints": 170.0, "overtime": 1.0}}
    now = {"baseline": {"burn_out_complaints": 171.0}, "new": {"overtime": 1.0}}
    assert differences(golden, now) == [
        "baseline: overtime is gone",
        "new: overtime is new",
        "baseline: burn_out_complaints was 170 and is 171",
    ]


def rewrite() -> None:
    """Write the numbers of today, all or none."""
    unfinished = GOLDEN.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(numbers(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(unfinished, GOLDEN)


if __name__ == "__main__":
    if sys.argv[1:] != ["--rewrite"]:
        sys.exit("python tests/test_golden.py --rewrite rewrites golden.json; to compare, run pytest")
    sys.path.insert(0, str(GOLDEN.parent.parent))
    rewrite()
    print(f"written to {GOLDEN}")
