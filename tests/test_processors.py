"""Every class of processor gives the same bits.

Tests run on one processor. A plainer one is played by a process of its own, in which numpy does without instructions
that it would choose for this processor, and numba compiles for the oldest one of the architecture.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from models import SCENARIOS, engine, engine_with_traps, small, varied_parameters

from sim.config.plan_builder import plan
from sim.engine import Engine, engine_for

DAYS = range(21)
PLAINEST = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="numba is missing")

Fingerprint = dict[str, str]
"""A hash of its bits in all worlds for every quantity."""


def beyond_the_baseline() -> list[str]:
    """What numpy makes use of here that not every processor of this architecture has."""
    return np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])


BEYOND = beyond_the_baseline()


def whole(kind: Callable[..., Engine]) -> Engine:
    """The whole model after a week, in worlds that differ in scenario and in half of all parameters."""
    asked = small(plan().measures, scenarios=SCENARIOS)
    one = engine(kind, asked, len(SCENARIOS), varied_parameters(asked, seed=5, worlds=len(SCENARIOS)))
    one.run_week(-1)
    return one.with_scenarios(SCENARIOS)


def traps(kind: Callable[..., Engine]) -> Engine:
    """The small model full of traps."""
    return engine_with_traps(kind, plan().measures)


@np.errstate(all="ignore")
def lived(model: str, name: str) -> list[Fingerprint]:
    """The fingerprint of every day that the model of this name lives under the engine of that name."""
    one = {"whole": whole, "traps": traps}[model](engine_for(name))
    days = []
    for day in DAYS:
        one.run_day(day)
        days.append({quantity: _hash(value, one.worlds) for quantity, value in one.values.items()})
    return days


def _hash(value: np.ndarray, worlds: int) -> str:
    of_all = np.broadcast_to(value, (worlds, *value.shape[1:]))
    return hashlib.sha256(np.ascontiguousarray(of_all).tobytes()).hexdigest()


@cache
def lived_here(model: str) -> list[Fingerprint]:
    """What the authority gives on this processor as it is."""
    return lived(model, "reference")


def lived_on_a_plainer_one(model: str, name: str, cache_folder: Path, without: Sequence[str] = BEYOND):
    """What an engine gives on the plainest processor for numba, and on one without these extensions for numpy."""
    plainer = {
        **os.environ, **PLAINEST, "NPY_DISABLE_CPU_FEATURES": " ".join(without), "XDG_CACHE_HOME": str(cache_folder),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }  # fmt: skip
    ran = subprocess.run([sys.executable, __file__, model, name], env=plainer, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["beyond"] == [feature for feature in BEYOND if feature not in without]
    assert name == "reference" or told["compiled_for"] == list(PLAINEST.values())
    return told["days"]


def unlike(days: list[Fingerprint], others: list[Fingerprint]) -> list[tuple[int, str]]:
    """Days and quantities that are not the same to the bit."""
    assert [day.keys() for day in days] == [other.keys() for other in others]
    pairs = enumerate(zip(days, others, strict=True))
    return [(number, name) for number, (day, other) in pairs for name in day if day[name] != other[name]]


@pytest.mark.parametrize("kept", range(min(2, len(BEYOND))))
def test_numpy_gives_the_same_bits_without_what_this_processor_has_beyond_others(kept, tmp_path):
    """All extensions are left out first, then all but the oldest: on x86 that has AVX2 and FMA."""
    assert unlike(lived_here("whole"), lived_on_a_plainer_one("whole", "reference", tmp_path, BEYOND[kept:])) == []


@needs_numba
@pytest.mark.parametrize("model", ["traps", pytest.param("whole", marks=pytest.mark.slow)])
def test_the_fused_engine_compiled_for_the_plainest_processor_gives_the_same_bits(model, tmp_path):
    assert unlike(lived_here(model), lived_on_a_plainer_one(model, "fused", tmp_path)) == []


def _compiled_for() -> list[str]:
    """The processor numba compiles for, and its features."""
    from numba.core.registry import cpu_target

    return list(cpu_target.target_context.codegen().magic_tuple()[1:])


if __name__ == "__main__":
    days = lived(*sys.argv[1:])
    compiled_for = _compiled_for() if "numba" in sys.modules else []
    print(json.dumps({"beyond": beyond_the_baseline(), "compiled_for": compiled_for, "days": days}))
