"""No file is read in a way that runs code in it."""

from __future__ import annotations

import ast
import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sim.errors import UserError
from sim.studies.posterior import importance_rounds

SIM = Path(__file__).resolve().parent.parent / "sim"
SOURCES = sorted(SIM.rglob("*.py"))
RUNS_CODE = {
    "eval", "exec", "pickle.load", "pickle.loads", "pickle.Unpickler", "cloudpickle.load", "cloudpickle.loads",
    "dill.load", "dill.loads", "joblib.load", "marshal.load", "marshal.loads", "shelve.open", "pd.read_pickle",
    "pandas.read_pickle", "yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.full_load",
}  # fmt: skip
ALLOWED = {("engine/compiled.py", "pickle.loads"), ("engine/compiled.py", "exec")}
"""The kernel's own text, and machine code that has been checked against the user's key."""
WITH_ONE_SETTING = {
    "torch.load": ("weights_only", True), "np.load": ("allow_pickle", False), "numpy.load": ("allow_pickle", False),
}  # fmt: skip
"""Calls that run code unless a setting has this value."""


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def test_no_file_is_read_by_a_call_that_runs_code():
    found = {(path.relative_to(SIM).as_posix(), name) for path in SOURCES for name, _ in calls(path)}
    assert {(path, name) for path, name in found if name in RUNS_CODE} == ALLOWED


def test_calls_with_a_safe_setting_use_it():
    found = [(name, call) for path in SOURCES for name, call in calls(path) if name in WITH_ONE_SETTING]
    assert {name for name, _ in found} >= {"torch.load", "np.load"}
    for name, call in found:
        setting, safe = WITH_ONE_SETTING[name]
        given = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
        assert given.get(setting, safe) is safe, ast.unparse(call)


class Executed:
    """What a stranger would put into a file: reading it makes a file."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


def _objects(path: Path, mark: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, at=np.array([Executed(mark)], dtype=object))


def _pickled(path: Path, mark: Path) -> None:
    path.write_bytes(pickle.dumps(Executed(mark)))


def _empty(path: Path, mark: Path) -> None:
    path.write_bytes(b"")


def _cut(path: Path, mark: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, at=np.zeros(100))
    path.write_bytes(path.read_bytes()[:300])


@pytest.mark.parametrize("spoil", [_objects, _pickled, _empty, _cut])
def test_stored_arrays_of_the_posterior_are_never_objects(spoil, tmp_path, capsys):
    path, mark = tmp_path / "at.npz", tmp_path / "executed"
    spoil(path, mark)
    assert importance_rounds.load_or_make(path, lambda: {"at": np.ones(2)})["at"].tolist() == [1, 1]
    assert str(path) in capsys.readouterr().err
    assert not mark.exists()


@pytest.fixture(scope="module")
def flow():
    """A flow that has seen little, with one epoch of learning."""
    pytest.importorskip("sbi")
    from sim.studies.posterior import flow

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow, "_MOST_EPOCHS", 2)
        scores = np.random.default_rng(8).normal(size=(300, 2))
        yield flow.train(scores, scores @ np.ones((2, 3)), np.ones(3), 1)


def test_a_flow_that_is_read_again_is_the_same_flow(flow, tmp_path):
    from sim.studies.posterior.flow import load

    flow.save(tmp_path / "flow.pt")
    read = load(tmp_path / "flow.pt")
    seen, scores = np.array([0.5, 0.1, -0.2]), np.random.default_rng(1).normal(size=(20, 2))
    assert np.array_equal(read.log_density(scores, seen), flow.log_density(scores, seen))
    assert np.array_equal(read.draw(seen, 50, 3), flow.draw(seen, 50, 3))
    assert read.epochs == flow.epochs
    assert np.array_equal(read.centre, flow.centre) and np.array_equal(read.scale, flow.scale)


def test_a_foreign_flow_runs_no_code_and_a_damaged_one_is_refused(flow, tmp_path):
    import torch

    from sim.studies.posterior.flow import load

    path, mark = tmp_path / "flow.pt", tmp_path / "executed"
    flow.save(path)
    whole = path.read_bytes()
    contents = [whole[:length] for length in (0, 1, 100, len(whole) // 2, len(whole) - 1)] + [pickle.dumps({})]
    for content in contents:
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"Cannot read .*flow\.pt: .* Delete it"):
            load(path)
    kept = {"parameters": 3, "epochs": 1, "centre": torch.ones(3), "scale": torch.ones(3), "state": {}}
    for foreign in (Executed(mark), {"posterior": Executed(mark)}, {**kept, "state": Executed(mark)}, kept, {}):
        torch.save(foreign, path)
        with pytest.raises(UserError, match=r"Cannot read .*flow\.pt"):
            load(path)
    assert not mark.exists()
