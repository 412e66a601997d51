"""Import paths and names of version 0.4 work, and each warns of its new place."""

import importlib
import subprocess
import sys

import pytest

import sim
from sim.compatibility import MOVED

NAMES_OF_0_4 = {
    "sim.studies.configure": ("plan", "plans", "compose", "plan_of", "plans_of", "settings_of", "options"),
    "sim.studies.designs": ("Settings", "make"),
    "sim.studies.factors": ("Ground", "choose", "Factor"),
    "sim.studies.results": ("Results",),
    "sim.studies.sweep": ("Sweep", "carry_out", "crew_of"),
    "sim.runs.crew": ("Crew", "alone", "processes", "given", "dask", "finished"),
    "sim.outcomes.outcomes": ("OUTCOMES", "GROUPS", "HEADLINES"),
}


@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module, names in NAMES_OF_0_4.items() for name in names]
)
def test_an_old_path_gives_the_new_object_and_warns(module, name):
    with pytest.warns(DeprecationWarning, match=rf"{module}\.{name} is now sim\.") as warnings:
        value = getattr(importlib.import_module(module), name)
    place, _, new = str(warnings[0].message).split(" is now ")[1].split(". The old")[0].rpartition(".")
    assert value is getattr(importlib.import_module(place), new)


def test_every_moved_module_is_tested_and_every_new_place_exists():
    assert set(MOVED) == set(NAMES_OF_0_4)
    for default, renamed in MOVED.values():
        importlib.import_module(default)
        for place in renamed.values():
            module, _, name = place.rpartition(".")
            assert hasattr(importlib.import_module(module), name), place


def test_an_unknown_name_or_module_is_an_import_error():
    with pytest.raises(ImportError):
        exec("from sim.runs.crew import nobody")
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("sim.runs.nowhere")


def test_a_script_of_version_0_4_runs_with_warnings_alone():
    imports = "from sim.studies.configure import plan; from sim.studies.results import Results"
    script = f"{imports}; print(plan(scenario='baseline').weeks, Results)"
    done = subprocess.run([sys.executable, "-W", "default", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("104") and done.stderr.count("DeprecationWarning") == 2


def test_dir_shows_the_public_names_alone():
    assert dir(sim) == sorted(sim.__all__)


def test_the_old_name_of_the_summary_of_results_warns(monkeypatch):
    from sim.experiments.results import Results

    monkeypatch.setattr(Results, "summary_text", lambda self: "3 done")
    with pytest.warns(DeprecationWarning, match="summary_text"):
        assert Results("nowhere").told() == "3 done"
