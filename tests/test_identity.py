"""Run ids: they depend on everything that a result depends on, and a run is stored under the id of its inputs."""

from __future__ import annotations

import ast
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import sim
from sim.config import composition, plan_builder
from sim.engine.plan import Plan, required_measures
from sim.errors import FileChanged, UserError
from sim.experiments.designs import Design
from sim.experiments.factors import DesignContext
from sim.experiments.sweep import Sweep, run_sweep
from sim.runs import identity
from sim.runs.archive import Archive
from sim.runs.batch import Batch, Run, simulate_batch
from sim.runs.identity import Identifier, digest, model_version
from sim.runs.worker_pool import in_process_pool
from sim.world.firm import FirmOptions

PACKAGE = Path(sim.__file__).resolve().parent
TINY = ("firm=one", "firm.employees=40", "weeks=2", "burn_in=1", "engine=reference", "fit=point")
CODE_WITHOUT_INFLUENCE = {
    "__init__.py": "the version, which is named by itself",
    "compatibility.py": "import paths of an earlier version",
    "errors.py": "messages",
    "paths.py": "where files are, which are known by their content",
    "outcomes/__init__.py": "no code",
    "runs/__init__.py": "no code",
    "survey/__init__.py": "no code",
    "runs/batch.py": "how runs are stored",
    "runs/identity.py": "ids themselves",
    "source_digest.py": "ids themselves",
    "language/describe.py": "text for readers",
}
"""Files that a run reads or imports and that are no part of the model's version, with the reason."""


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_builder.plan(*TINY, "firm.shares={woman: 0.5}", "scenario=manager_training", "measures.breaks.use=0.4")


# -- every field ------------------------------------------------------------------------------------------------------


def changed(value: Any) -> Iterator[tuple[str, Any]]:
    """Every copy of a value in which one leaf is another, with the path to that leaf."""
    if is_dataclass(value) and not isinstance(value, type):
        for field in (field for field in fields(value) if field.init):
            for path, other in changed(getattr(value, field.name)):
                yield f".{field.name}{path}", _replaced(value, field.name, other)
    elif isinstance(value, Mapping):
        for name in value:
            for path, other in changed(value[name]):
                yield f"[{name}]{path}", {**value, name: other}
        yield "[one more]", {**value, "one_more": 0.25}
    elif isinstance(value, tuple):
        for place, own in enumerate(value):
            for path, other in changed(own):
                yield f"[{place}]{path}", (*value[:place], other, *value[place + 1 :])
    else:
        yield "", _another(value)


def _replaced(value: Any, name: str, other: Any) -> Any:
    """A copy with another value, without the checks of the dataclass: ids must differ even for values out of range."""
    copy = object.__new__(type(value))
    for field in fields(value):
        object.__setattr__(copy, field.name, other if field.name == name else getattr(value, field.name))
    return copy


def _another(value: Any) -> Any:
    if value is None:
        return "something"
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return f"{value}x"
    return value.replace(year=value.year + 1)  # a date


def test_another_value_in_any_field_of_a_plan_gives_another_id(plan, monkeypatch):
    # Measures that no scenario takes do not count.
    monkeypatch.setattr(identity, "required_measures", lambda plan: plan.measures)
    own = Identifier()(plan)
    same = [path for path, other in changed(plan) if Identifier()(other) == own]
    allowed = [f".{name}" for name in identity.NOT_IN_ID]
    prose = tuple(f".{name}" for name in identity.PROSE)
    assert [path for path in same if not path.startswith(tuple(allowed)) and not path.endswith(prose)] == []
    assert any(path.endswith(".text") for path in same), "new wording keeps the ids of runs"
    assert len(list(changed(plan))) > 500, "every number of every measure is a leaf"


def test_the_files_of_a_firm_are_known_by_their_content(plan, tmp_path):
    firm = own_firm(tmp_path)
    first = replace(plan, firm=firm)
    assert first.firm.file_digests is not None and set(first.firm.file_digests) == {"persons"}
    copy = shutil.copy(firm.persons, tmp_path / "elsewhere.csv")
    assert Identifier()(first) == Identifier()(replace(plan, firm=FirmOptions("own", persons=str(copy))))
    add_person(Path(firm.persons))
    assert Identifier()(first) != Identifier()(replace(plan, firm=own_firm(tmp_path, write=False)))


# -- every file and library -------------------------------------------------------------------------------------------

_AUDIT = """
import json, pickle, sys
from pathlib import Path
opened = set()
sys.addaudithook(lambda event, values: opened.add(str(values[0])) if event == "open" else None)
plan = pickle.loads(Path(sys.argv[1]).read_bytes())
from sim.runs.batch import simulate_batch
from sim.outcomes.run_summary import TABLES
from sim.runs.stacked_runs import run_stacked
record = run_stacked([plan])[0]
for table in TABLES.values():
    table(plan, record)
modules = [module.__file__ for name, module in sys.modules.items() if name.split(".")[0] == "sim" and module.__file__]
print(json.dumps(sorted({*opened, *modules})))
"""


def python(code: str, *words: str, **environment: str) -> str:
    """Return what Python code prints in a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(PACKAGE.parent), **environment}
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_every_file_that_a_run_reads_is_part_of_the_models_version(plan, tmp_path):
    (tmp_path / "plan").write_bytes(pickle.dumps(plan))
    files = json.loads(python(_AUDIT, str(tmp_path / "plan"), PYTHONDONTWRITEBYTECODE="1"))
    read = {Path(path).resolve() for path in files}
    inside = {path.relative_to(PACKAGE).as_posix() for path in read if PACKAGE in path.parents}
    inside -= {path for path in inside if path.endswith(".pyc")}
    covered = {path for path in inside if path.startswith(tuple(identity.MODEL_FILES))}
    assert inside - covered <= set(CODE_WITHOUT_INFLUENCE)
    assert {"data/sectors.csv", "world/public_holidays.py", "mechanisms/recovery.py", "runs/stacked_runs.py"} <= covered
    assert not [path for path in read if PACKAGE.parent / "conf" in path.parents], "a plan needs no configuration"


@pytest.mark.parametrize("library", identity.LIBRARIES)
def test_another_feature_release_of_a_library_is_another_model(library, monkeypatch):
    now = model_version.__wrapped__()
    version = identity.metadata.version
    monkeypatch.setattr(identity.metadata, "version", lambda name: "99.5.1" if name == library else version(name))
    assert model_version.__wrapped__() != now
    assert f"{library}99.5" in model_version.__wrapped__()


def test_a_patch_release_of_a_library_is_the_same_model():
    assert identity.feature_release("2.4.6") == identity.feature_release("2.4.0rc1") == "2.4"
    assert identity.feature_release("2.4.6") != identity.feature_release("2.5.0")


def test_libraries_that_the_model_imports_are_in_its_version_or_excluded_by_the_record():
    record = (PACKAGE.parent / "docs/decisions/0025-library-versions-in-run-ids.md").read_text(encoding="utf-8")
    paths = [path for part in identity.MODEL_FILES for path in [PACKAGE / part, *(PACKAGE / part).rglob("*.py")]]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths if path.suffix == ".py"]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    libraries = {name.split(".")[0] for name in names} - set(sys.stdlib_module_names)
    libraries -= {"sim", "llvmlite"}  # llvmlite is a part of numba
    assert libraries >= set(identity.LIBRARIES)
    assert [name for name in sorted(libraries) if name not in record] == []


def test_ids_do_not_depend_on_the_order_in_which_python_hashes(plan):
    script = (
        "from sim.runs.identity import Identifier; from sim.config.plan_builder import plan; "
        f"print(Identifier()(plan(*{[*TINY, 'scenario=whole_package']!r})))"
    )
    ids = {python(script, PYTHONHASHSEED=seed) for seed in ("1", "2")}
    assert len(ids) == 1


def test_a_digest_includes_every_number_of_an_array():
    long = np.arange(5000)
    other = np.where(long == 2500, -1, long)
    assert digest({"a": long}) != digest({"a": other})
    assert digest({"a": np.int64(3)}) == digest({"a": 3})


# -- files that change while a study runs -----------------------------------------------------------------------------


def own_firm(folder: Path, write: bool = True) -> FirmOptions:
    path = folder / "persons.csv"
    if write:
        people = ["id,team,department,manager,role", "m,t,d,,manager", *(f"p{n},t,d,m,employee" for n in range(11))]
        path.write_text("\n".join(people) + "\n", encoding="utf-8")
    return FirmOptions("own", persons=str(path))


def add_person(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8") + "new,t,d,m,employee\n", encoding="utf-8")


def batch_of(plan: Plan) -> Batch:
    return Batch((Run(Identifier()(plan), plan),), ("levels",), model_version())


def replace_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("change", [add_person, Path.unlink, replace_by_a_folder])
def test_no_run_is_stored_when_its_file_of_persons_changed(plan, tmp_path, change):
    batch = batch_of(replace(plan, firm=own_firm(tmp_path)))
    assert simulate_batch(batch).done == 1
    change(tmp_path / "persons.csv")
    with pytest.raises(FileChanged, match=r"^persons\.csv"):
        simulate_batch(batch)


def test_no_run_is_stored_when_its_file_of_ties_changed(plan, tmp_path):
    ties = tmp_path / "ties.csv"
    ties.write_text("from,to\np1,p2\np2,p3\n", encoding="utf-8")
    batch = batch_of(replace(plan, firm=replace(own_firm(tmp_path), ties=str(ties))))
    assert simulate_batch(batch).done == 1
    ties.write_text("from,to\np1,p2\np2,p4\n", encoding="utf-8")
    with pytest.raises(FileChanged, match=r"^ties\.csv"):
        simulate_batch(batch)


def test_a_sweep_stops_at_an_edited_file_and_stores_no_later_run(tmp_path):
    own_firm(tmp_path)
    overrides = (*(one for one in TINY if "firm" not in one), "firm=own", f"firm.persons={tmp_path / 'persons.csv'}")
    table = pd.DataFrame({"mechanisms.recovery.demands_hold": [0.1, 0.2, 0.3]}, dtype=object)
    sweep = Sweep(DesignContext(composition.compose(*overrides), overrides), Design("file", (), table))
    identifiers = [run.identifier for run in sweep.runs()]
    write = Archive.write

    def write_and_edit(archive: Archive, ready: Any) -> None:
        write(archive, ready)
        add_person(tmp_path / "persons.csv")

    with pytest.MonkeyPatch.context() as patch, pytest.raises(UserError, match="changed since the study started"):
        patch.setattr(Archive, "write", write_and_edit)
        run_sweep(sweep, tmp_path / "sweep", in_process_pool(), batch=1)
    assert list(Archive(tmp_path / "sweep").known()) == identifiers[:1]


def test_an_edited_file_gives_another_plan(plan, tmp_path):
    before = replace(plan, firm=own_firm(tmp_path))
    add_person(tmp_path / "persons.csv")
    after = replace(plan, firm=own_firm(tmp_path, write=False))
    assert before != after and Identifier()(before) != Identifier()(after)
    assert simulate_batch(batch_of(after)).done == 1


def test_the_digest_of_a_file_cannot_be_set():
    with pytest.raises(UserError, match=r"Unknown setting: firm\.file_digests"):
        plan_builder.plan(*TINY, "+firm.file_digests={persons: x}")


def test_measures_that_no_scenario_takes_do_not_change_an_id(plan):
    idle = next(measure for measure in plan.measures if measure not in required_measures(plan))
    others = tuple(replace(one, use=0.9) if one is idle else one for one in plan.measures)
    assert Identifier()(replace(plan, measures=others)) == Identifier()(plan)
