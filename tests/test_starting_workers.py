"""Where Python cannot start worker processes, one line says why and what to do instead."""

from __future__ import annotations

import subprocess
import sys

import pytest

WORK = (
    "from sim.runs.worker_pool import map_unordered, process_pool\n"
    "print(sorted(found for _, found in map_unordered(abs, [-1, 2], {})))\n"
)
TWO, ONE = WORK.format("process_pool(2)"), WORK.format("process_pool(1)")
GUARDED = "if __name__ == '__main__':\n" + "".join(f"    {line}\n" for line in TWO.splitlines())
COUNTED = """
from omegaconf import OmegaConf
from sim.config import study_settings
study_settings.settings_of = lambda cfg: OmegaConf.create({"workers": 1})
print(study_settings.processes_of(None))
"""
IN_A_POOL = """
import multiprocessing

def work(_):
    {body}

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(work, [1]))
"""


def run(code: str, folder, how: str) -> subprocess.CompletedProcess:
    """Run Python code from a file, from standard input or as an argument."""
    script = folder / "script.py"
    script.write_text(code)
    words = {"file": [str(script)], "input": ["-"], "argument": ["-c", code]}[how]
    given = code if how == "input" else None
    return subprocess.run([sys.executable, *words], input=given, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("code", "how"), [(GUARDED, "file"), (TWO, "argument"), (ONE, "file"), (ONE, "input")],
    ids=["guarded file", "argument", "one worker in a file", "one worker from input"],
)  # fmt: skip
def test_workers_start_where_python_can_start_them(code, how, tmp_path):
    assert run(code, tmp_path, how).stdout == "[1, 2]\n"


@pytest.mark.parametrize("code", [TWO, GUARDED])
def test_a_script_from_standard_input_needs_a_file(code, tmp_path):
    ran = run(code, tmp_path, "input")
    assert "Missing file: <stdin>." in ran.stderr
    assert ran.stderr.count("Traceback") == 1


def test_a_script_without_a_guard_gets_one_message_and_no_worker_repeats_it(tmp_path):
    ran = run(f"{COUNTED}\n{TWO}", tmp_path, "file")
    assert ran.stderr.splitlines()[-1].endswith('under `if __name__ == "__main__":`, or use workers=1.')
    assert ran.stderr.count("Traceback") == 1
    assert ran.stdout == "1\n"


def test_a_worker_of_a_multiprocessing_pool_starts_no_processes_and_says_why(tmp_path):
    body = "; ".join(TWO.splitlines())
    ran = run(IN_A_POOL.format(body=body), tmp_path, "file")
    assert "A worker of multiprocessing.Pool cannot start processes" in ran.stderr
    assert run(IN_A_POOL.format(body="; ".join(ONE.splitlines())), tmp_path, "file").stdout == "[1, 2]\n[None]\n"
