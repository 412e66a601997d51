"""Every class of processor gives the same bits.

Tests run on one processor. A process of its own imitates a plainer one: numpy does without instructions that it would
choose for this processor, and numba compiles for the oldest one of the architecture.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from models import SCENARIOS, engine, engine_with_traps, small, varied_parameters

from sim.config.default_settings import measures
from sim.engine import engine_for

DAYS = 21
PLAINEST = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
EXTENSIONS: list[str] = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
"""Instructions that numpy uses here and that not every processor of this architecture has."""


@cache
@np.errstate(all="ignore")
def fingerprint(model: str, engine_name: str) -> dict[str, str]:
    """Return a hash of the bits in all worlds, for every quantity on every day.

    The whole model has worlds that differ in scenario and in half of all parameters, the other has difficult cases.
    """
    kind = engine_for(engine_name)
    if model == "traps":
        simulated = engine_with_traps(kind, measures())
    else:
        plan, worlds = small(measures(), scenarios=SCENARIOS), len(SCENARIOS)
        simulated = engine(kind, plan, worlds, varied_parameters(plan, seed=5, worlds=worlds))
        simulated.run_week(-1)
        simulated = simulated.with_scenarios(SCENARIOS)
    hashes = {}
    for day in range(DAYS):
        simulated.run_day(day)
        for name, values in simulated.values.items():
            bits = np.ascontiguousarray(np.broadcast_to(values, (simulated.worlds, *values.shape[1:])))
            hashes[f"{name}, day {day}"] = hashlib.sha256(bits.tobytes()).hexdigest()
    return hashes


def differing(model: str, engine_name: str, cache_folder: Path, without: Sequence[str] = EXTENSIONS) -> list[str]:
    """Return the quantities and days that differ between this processor and a plainer one without these extensions."""
    plainer = {
        **os.environ, **PLAINEST, "NPY_DISABLE_CPU_FEATURES": " ".join(without), "XDG_CACHE_HOME": str(cache_folder),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }  # fmt: skip
    command = [sys.executable, __file__, model, engine_name]
    process = subprocess.run(command, env=plainer, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    result = json.loads(process.stdout)
    assert result["extensions"] == [feature for feature in EXTENSIONS if feature not in without]
    assert engine_name == "reference" or result["compiled_for"] == list(PLAINEST.values())
    here, there = fingerprint(model, "reference"), result["fingerprint"]
    assert here.keys() == there.keys()
    return [name for name in here if here[name] != there[name]]


@pytest.mark.parametrize("count", range(min(2, len(EXTENSIONS))))
def test_numpy_gives_the_same_bits_without_the_extensions_of_this_processor(count, tmp_path):
    """Without any extension, and with only the oldest: on x86 that has AVX2 and FMA."""
    assert differing("whole", "reference", tmp_path, EXTENSIONS[count:]) == []


@pytest.mark.skipif(find_spec("numba") is None, reason="numba is missing")
@pytest.mark.parametrize("model", ["traps", pytest.param("whole", marks=pytest.mark.slow)])
def test_the_fused_engine_compiled_for_the_plainest_processor_gives_the_same_bits(model, tmp_path):
    assert differing(model, "fused", tmp_path) == []


if __name__ == "__main__":
    result = {"fingerprint": fingerprint(*sys.argv[1:]), "extensions": EXTENSIONS, "compiled_for": []}
    if "numba" in sys.modules:
        from numba.core.registry import cpu_target

        result["compiled_for"] = cpu_target.target_context.codegen().magic_tuple()[1:]
    print(json.dumps(result))
