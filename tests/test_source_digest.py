"""Digests of code: prose and local names do not count, everything that is computed does."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import sim
from sim.runs.identity import MODEL_FILES
from sim.source_digest import code_digest, rows_without_prose

PACKAGE = Path(sim.__file__).resolve().parent
MECHANISM = '''
"""A process."""
from typing import TYPE_CHECKING

from sim.language.grammar import Mechanism, param, stock

if TYPE_CHECKING:
    import numpy as np

class Rest(Mechanism):
    """Recovery at night."""

    night: float = param(0.2, "sd/sd", "recovery in one night", low=0.1, high=0.3, source="assumed")

    @stock("sd")
    def fatigue(self, fatigue):
        """Tomorrow's fatigue."""
        if fatigue < 0:
            raise ValueError("too little")
        left = fatigue - self.night  # every night
        return max(left, 0)
'''


def digest_of_text(folder: Path, text: str, **options: bool) -> str:
    path = folder / "rest.py"
    path.write_text(text, encoding="utf-8")
    return code_digest(path, **options)


@pytest.mark.parametrize(("old", "new"), [
    ("# every night", "# night after night"),
    ("Tomorrow's fatigue.", "How tired tomorrow."),
    ("recovery in one night", "what is gained by night"),
    ('"assumed"', '"E016"'),
    ("too little", "there is too little of it"),
    ("left", "remaining"),
    ("(self, fatigue):", "(self, fatigue: np.ndarray) -> np.ndarray:"),
    ("    import numpy as np", "    import numpy as np\n    import pandas as pd"),
    ("sim.language.grammar", "sim.language.equations"),
])  # fmt: skip
@pytest.mark.parametrize("parameters", [True, False])
def test_prose_and_local_names_do_not_change_a_digest(old, new, parameters, tmp_path):
    assert old in MECHANISM
    before = digest_of_text(tmp_path, MECHANISM, parameters=parameters)
    assert before == digest_of_text(tmp_path, MECHANISM.replace(old, new), parameters=parameters)


@pytest.mark.parametrize(("old", "new"), [
    ("- self.night", "+ self.night"),
    ('"sd")', '"sd", start=1.0)'),
    ("max(left, 0)", "max(left, 1)"),
    ("max(left, 0)", "max(fatigue, 0)"),
    ("def fatigue(self, fatigue)", "def tiredness(self, fatigue)"),
    ("def fatigue(self, fatigue)", "def fatigue(self, fatigue, demands)"),
    ("fatigue < 0", "fatigue < 1"),
    ("import Mechanism, param", "import Lever as Mechanism, param"),
])  # fmt: skip
@pytest.mark.parametrize("parameters", [True, False])
def test_what_is_computed_changes_a_digest(old, new, parameters, tmp_path):
    assert old in MECHANISM
    before = digest_of_text(tmp_path, MECHANISM, parameters=parameters)
    assert before != digest_of_text(tmp_path, MECHANISM.replace(old, new, 1), parameters=parameters)


@pytest.mark.parametrize(("old", "new"), [("0.2", "0.25"), ("low=0.1", "low=0.0")])
def test_parameters_count_unless_they_are_left_out(old, new, tmp_path):
    other = MECHANISM.replace(old, new)
    assert digest_of_text(tmp_path, MECHANISM) != digest_of_text(tmp_path, other)
    assert digest_of_text(tmp_path, MECHANISM, parameters=False) == digest_of_text(tmp_path, other, parameters=False)


def test_two_local_variables_that_change_places_change_the_digest(tmp_path):
    text = "def f(x):\n    a = x\n    b = 2 * x\n    return {first} - {second}\n"
    one, other = text.format(first="a", second="b"), text.format(first="b", second="a")
    assert digest_of_text(tmp_path, one) != digest_of_text(tmp_path, other)


def test_names_that_a_caller_may_use_are_no_local_variables(tmp_path):
    for old, new in [("x", "y"), ("inner", "outer"), ("top", "base")]:
        text = "top = 1\ndef f(x):\n    def inner(z):\n        return z + top\n    return inner(x)\n"
        assert digest_of_text(tmp_path, text) != digest_of_text(tmp_path, text.replace(old, new)), old


MODEL_CODE = [
    path for part in MODEL_FILES for path in [PACKAGE / part, *(PACKAGE / part).rglob("*.py")] if path.suffix == ".py"
]


def test_every_file_of_the_model_keeps_its_digest_without_docstrings_and_has_one_of_its_own(tmp_path):
    digests = {}
    for path in MODEL_CODE:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
                node.body[0].value.value = "Another text."  # type: ignore[attr-defined]
        digests[path] = code_digest(path)
        assert digest_of_text(tmp_path, ast.unparse(tree)) == digests[path], path
    without_code = {"__init__.py"}
    assert len(set(digests.values())) >= len([path for path in digests if path.name not in without_code])


def test_columns_of_prose_do_not_count():
    row = {"id": "E1", "value": "0.3", "source": "somebody", "note": "seen", "text": "a text"}
    assert rows_without_prose([row]) == [{"id": "E1", "value": "0.3"}]


OTHER_PYTHON = """
import importlib.util, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("source_digest", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
print("\\n".join(module.code_digest(Path(path)) for path in sys.argv[2:]))
"""


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_another_version_of_python_gives_the_same_digests(version):
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        pytest.skip("this is the version that runs the tests")
    interpreter = shutil.which(f"python{version}")
    if interpreter is None or subprocess.run([interpreter, "-c", ""], capture_output=True).returncode:
        pytest.skip(f"python{version} is not installed")
    files = [str(path) for path in MODEL_CODE]
    command = [interpreter, "-c", OTHER_PYTHON, str(PACKAGE / "source_digest.py"), *files]
    digests = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert digests == [code_digest(path) for path in MODEL_CODE]
