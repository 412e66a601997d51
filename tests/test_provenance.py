"""What is stored beside results: enough to repeat them to the byte, and no folder of the user's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from families import spread
from omegaconf import OmegaConf

from sim import paths
from sim.__main__ import main
from sim.config import composition, default_settings, plan_builder
from sim.config.provenance import complete_settings, files_needed, stored_overrides
from sim.errors import UserError
from sim.experiments import output_folder
from sim.experiments.sweep import run_sweep, sweep_of
from sim.runs.archive import Archive
from sim.runs.worker_pool import in_process_pool

ROOT = Path(composition.__file__).resolve().parents[2]
PLACE = "folder-nobody-should-see"
TINY = ("weeks=2", "burn_in=1", "workers=1", "engine=reference", "scenarios=[right_to_disconnect]")
ONE = ("firm=one", "firm.employees=30")
STUDIES = ["own", *sorted(path.stem for path in (default_settings.conf_folder() / "study").glob("*.yaml"))]


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """A folder with files of the user's own; the working folder is beside it."""
    folder = tmp_path / PLACE
    folder.mkdir()
    people = ["id,team,department,manager,role", "m,t,d,,manager", *(f"p{n},t,d,m,employee" for n in range(11))]
    (folder / "persons.csv").write_text("\n".join(people) + "\n", encoding="utf-8")
    (folder / "persons (1).csv").write_text("\n".join([*people, "q,t,d,m,employee"]) + "\n", encoding="utf-8")
    (folder / "ties.csv").write_text("from,to\np1,p2\n", encoding="utf-8")
    (folder / "rows.csv").write_text("mechanisms.recovery.demands_hold\n0.2\n0.3\n", encoding="utf-8")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return folder


# -- which settings are paths -----------------------------------------------------------------------------------------


def words_of(study: str) -> list[str]:
    """What composes every setting of a study; "own" stands for those of an organisation of one's own."""
    return ["firm=own"] if study == "own" else [f"study={study}"]


@cache
def settings_of(study: str) -> frozenset[str]:
    return frozenset(settings_in(composition.compose(*words_of(study))))


def settings_in(node: Any, name: str = "") -> Iterator[str]:
    for key, value in node.items_ex(resolve=False):
        own = f"{name}{key}"
        yield own
        if OmegaConf.is_dict(value):
            yield from settings_in(value, f"{own}.")


def test_every_setting_that_is_a_path_is_declared():
    last = {"file", "folder", "docs", "page", "path", "persons", "ties", "costs", "tables", "observations", "output"}
    found = {name for study in STUDIES for name in settings_of(study) if name.rpartition(".")[2] in last}
    found -= {name for name in found if name.startswith(("mechanisms.", "measures."))}
    assert found == set(paths.SETTINGS)


@cache
def settings_by_study() -> dict[str, list[str]]:
    """The settings that are paths, each under the first study that has it."""
    found: dict[str, list[str]] = {}
    for setting in paths.SETTINGS:
        found.setdefault(next(study for study in STUDIES if setting in settings_of(study)), []).append(setting)
    return found


# -- reading ----------------------------------------------------------------------------------------------------------


def test_the_home_directory_is_written_as_a_tilde_in_every_path_setting(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for study, settings in settings_by_study().items():
        cfg = composition.compose(*words_of(study), *(f"{setting}='~/a/b'" for setting in settings))
        assert {OmegaConf.select(cfg, setting) for setting in settings} == {f"{tmp_path}/a/b"}


@pytest.mark.parametrize("written", ["$HOME/b", "a~/b", "./~/b", "~"])
def test_no_other_sign_is_replaced(written, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    cfg = complete_settings(OmegaConf.create({"output": written, "title": "~/b"}), [])
    assert cfg.output == (str(tmp_path) if written == "~" else written) and cfg.title == "~/b"


@pytest.mark.parametrize("text", ["~", "~/mine", Path("~/mine")])
def test_a_path_is_expanded_once(text, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", f"{tmp_path}/~")
    assert str(paths.read_path(paths.read_path(text))).startswith(f"{tmp_path}/~")


def test_an_unknown_home_is_the_users_mistake():
    with pytest.raises(UserError, match=r"Invalid path: ~nobody-by-this-name/x.*Use \./~nobody"):
        paths.read_path("~nobody-by-this-name/x")


def test_results_go_to_the_home_directory_and_no_folder_is_called_tilde(place, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    design = ["design=file", f"design.file='{place / 'rows.csv'}'"]
    assert main(["sweep", *ONE, *TINY, *design, "folder='~/mine'", "keep=[levels]"]) == 0
    assert main(["results", "~/mine", "export=~/levels.csv"]) == 0
    assert (tmp_path / "home" / "mine" / "runs.csv").is_file() and (tmp_path / "home" / "levels.csv").is_file()
    assert list(Path().iterdir()) == []


# -- storing ----------------------------------------------------------------------------------------------------------

SPELLINGS = {
    "firm.persons=/{place}/p.csv": "firm.persons=p.csv",
    "++firm.persons=/{place}/p.csv": "++firm.persons=p.csv",
    "+firm.persons=/{place}/p.csv": "+firm.persons=p.csv",
    "firm.persons='/{place}/R&D één.csv'": "firm.persons='R&D één.csv'",
    'firm.persons="/{place}/p (1).csv"': "firm.persons='p (1).csv'",
    "firm={{persons: /{place}/p.csv, ties: null}}": "firm={persons: p.csv,ties: null}",
    "++firm={{ties: '/{place}/t.csv'}}": "++firm={ties: t.csv}",
    "firm@firm={{persons: /{place}/p.csv}}": "firm@firm={persons: p.csv}",
    "firm.persons=C:\\{place}\\p.csv": "firm.persons=p.csv",
    "firm.persons=../{place}/p.csv": "firm.persons=p.csv",
    "firm.persons=${{oc.env:HOME}}/{place}/p.csv": "firm.persons=p.csv",
    "design.file=/{place}/rows.csv": "design.file=rows.csv",
    "design={{method: file, file: /{place}/rows.csv}}": "design={method: file,file: rows.csv}",
    "design.factors={{firm.persons: [/{place}/a.csv,/{place}/b.csv]}}": "design.factors={firm.persons: [a.csv,b.csv]}",
    "design={{factors: {{firm.ties: [/{place}/a.csv]}}}}": "design={factors: {firm.ties: [a.csv]}}",
    "search={{costs: /{place}/c.csv}}": "search={costs: c.csv}",
    "observations=/{place}/o.csv": "observations=o.csv",
    "vanishing.tables=/{place}/t/": "vanishing.tables=t",
    "vanishing={{docs: /{place}/docs}}": "vanishing={docs: docs}",
    "folder=/{place}/mine": "folder=mine",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_override_is_stored_without_the_folder_however_it_is_written(spelling):
    (stored,) = stored_overrides([spelling.format(place=PLACE)])
    assert stored == SPELLINGS[spelling] and PLACE not in stored


def test_no_path_setting_is_stored_with_its_folder(tmp_path):
    for study, settings in settings_by_study().items():
        cfg = composition.compose(*words_of(study), *(f"{setting}=/{PLACE}/mine" for setting in settings))
        output_folder.write_config(cfg, tmp_path / "config.yaml")
        assert PLACE not in (tmp_path / "config.yaml").read_text(encoding="utf-8")
        stored = OmegaConf.load(tmp_path / "config.yaml")
        assert {OmegaConf.select(stored, setting) for setting in settings} == {"mine"}


def test_where_results_go_is_not_stored_and_other_words_stay_as_they_are():
    kept = ["title='A = b'", "firm.shares={woman: 0.5}", "report=", "+study=sweep", "mechanisms.recovery.night=0.20"]
    assert stored_overrides([*kept, f"output=/{PLACE}"]) == kept


def test_files_that_must_be_in_the_working_folder_are_listed(tmp_path):
    firm = f"firm={{persons: /{PLACE}/p.csv, ties: /{PLACE}/t.csv}}"
    overrides = ["firm=own", firm, "folder=mine", "design.file=null"]
    assert files_needed(overrides) == ["p.csv", "t.csv"]
    cfg = composition.compose(*overrides[:2])
    output_folder.write_config(cfg, tmp_path / "config.yaml")
    first = (tmp_path / "config.yaml").read_text(encoding="utf-8").partition("\n")[0]
    assert first.endswith("put beside you: p.csv, t.csv")


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        (f"OSError: [Errno 5] Input/output: '/home/{PLACE}/p.csv'", "OSError: [Errno 5] Input/output: 'p.csv'"),
        (f"/{PLACE}/p.csv line 3: no", "p.csv line 3: no"),
        (f"cannot load C:\\Users\\{PLACE}\\p.csv", "cannot load p.csv"),
        (f"No such file: '/home/jan de {PLACE}/R&D (1), één/p 1.csv' or so", "No such file: 'p 1.csv' or so"),
        ("give 1/2 and/or a share", "give 1/2 and/or a share"),
        ("persons.csv line 3: Unknown role. Use one of manager, employee.", None),
    ],
)
def test_messages_are_stored_without_folders(text, stored):
    assert paths.without_folders(text) == (text if stored is None else stored)


def everything_in(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file below a folder as text; of Parquet files every cell, since they are compressed."""
    import pandas as pd

    for path in sorted(folder.rglob("*")):
        if path.suffix == ".parquet":
            yield str(path), pd.read_parquet(path).to_csv()
        elif path.is_file():
            yield str(path), path.read_bytes().decode("utf-8", "replace")


def check_stored(words: list[str]) -> None:
    """Check that no file of a command's results names the folder of the user's files or the home directory."""
    assert main(words) == 0
    texts = dict(everything_in(Path("outputs")))
    assert texts
    assert [path for path, text in texts.items() if PLACE in text or str(Path.home()) + "/" in text] == []


OWN_FILES = {
    "a comparison": [
        "scenarios", "firm=own", "++firm.persons={place}/persons.csv", *TINY, "replicates=2", "fit=point"],
    "a sweep": [
        "sweep", "firm=own", "firm={{persons: {place}/persons.csv}}", "++firm.ties={place}/ties.csv", *TINY,
        "design=file", "design={{file: {place}/rows.csv}}"],
}  # fmt: skip


@pytest.mark.parametrize("words", OWN_FILES.values(), ids=OWN_FILES)
def test_no_stored_file_names_the_folders_of_its_files(words, place):
    check_stored([word.format(place=place) for word in words])


def test_no_file_of_a_sweep_over_files_names_their_folders(place):
    files = f"'{place}/persons.csv','{place}/persons (1).csv'"
    own = ["firm=own", f"firm.persons={place}/persons.csv", f"design.factors={{firm.persons: [{files}]}}"]
    check_stored(["sweep", *own, *TINY, "design=one_at_a_time"])
    (design,) = Path("outputs").rglob("design.csv")
    assert design.read_text(encoding="utf-8") == "row,firm.persons\n0,\n1,persons.csv\n2,persons (1).csv\n"


def test_errors_of_runs_are_stored_without_folders(place, monkeypatch):
    from sim.runs import batch

    def broken(plans):
        raise RuntimeError(f"cannot open {place}/persons.csv")

    monkeypatch.setattr(batch, "run_stacked", broken)
    rows = ["design=file", f"design.file={place}/rows.csv"]
    assert main(["sweep", *ONE, *TINY, *rows, "folder=mine"]) == 2
    assert list(Archive("mine").known().values()) == ["RuntimeError: cannot open persons.csv"] * 2


# -- repeating --------------------------------------------------------------------------------------------------------


def tables_of(folder: Path) -> dict[str, bytes]:
    """The bytes of every table below a folder."""
    paths = [path for path in folder.rglob("*") if path.suffix in (".parquet", ".csv")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def about_in(folder: Path) -> dict[str, Any]:
    (path,) = folder.rglob("about.json")
    return json.loads(path.read_text(encoding="utf-8"))


def put_beside(about: dict[str, Any], place: Path) -> None:
    for name in about["files_needed"]:
        shutil.copy(place / name, name)


def check_same_tables() -> None:
    """Check that the comparisons in the folders `first` and `second` have the same tables."""
    (first,), (second,) = Path("first/scenarios").iterdir(), Path("second/scenarios").iterdir()
    assert tables_of(first) == tables_of(second) and len(tables_of(first)) > 4


def own_comparison(place: Path) -> list[str]:
    return ["firm=own", f"firm.persons={place}/persons.csv", "scenario=right_to_disconnect", *TINY[:-1], "replicates=2"]


def drawn_comparison(place: Path) -> list[str]:
    return [*ONE, "mechanisms.recovery.night=0.2", *TINY, "replicates=2", "title='a, b = c'"]


@pytest.fixture
def without_figures(monkeypatch):
    """No figures and no report, which take seconds: tables are what must be the same."""
    monkeypatch.setattr("sim.studies.scenarios.show", lambda *_, **__: None)
    monkeypatch.setattr("sim.views.report.beside", lambda *_, **__: None)


@pytest.mark.parametrize("words", [own_comparison, drawn_comparison])
def test_a_comparison_is_repeated_by_what_it_stores(words: Callable[[Path], list[str]], place, without_figures):
    assert main(["scenarios", *words(place), "output=first"]) == 0
    about = about_in(Path("first"))
    put_beside(about, place)
    assert main(["scenarios", *about["asked"], "output=second"]) == 0
    check_same_tables()
    assert about_in(Path("second"))["asked"] == about["asked"]


def test_a_comparison_is_repeated_from_its_configuration(place, without_figures):
    assert main(["scenarios", *own_comparison(place), "output=first"]) == 0
    (path,) = Path("first").rglob("config.yaml")
    put_beside(about_in(Path("first")), place)
    stored = plan_builder.build_plans(OmegaConf.load(path))
    asked = plan_builder.build_plans(composition.compose(*own_comparison(place)))
    from sim.runs.identity import Identifier

    assert list(map(Identifier(), stored)) == list(map(Identifier(), asked))


def swept(place: Path) -> list[str]:
    return [*ONE, *TINY, "scenario=right_to_disconnect", "design=file", f"design.file={place}/rows.csv", "replicates=2"]


def test_a_sweep_is_repeated_by_what_it_stores_on_the_command_line_and_from_python(place):
    words = [word for word in swept(place) if not word.startswith("scenarios=")]
    assert main(["sweep", *words, "folder=first"]) == 0
    about = about_in(Path("first"))
    put_beside(about, place)
    again = [word for word in about["asked"] if not word.startswith("folder=")]
    assert main(["sweep", *again, "folder=second"]) == 0
    cfg = composition.compose(*again)
    run_sweep(sweep_of(cfg), "third", in_process_pool())
    for other in ("second", "third"):
        assert tables_of(Path("first")) == tables_of(Path(other))
        assert [word for word in about_in(Path(other))["asked"] if not word.startswith("folder=")] == again


def test_a_plan_from_python_knows_its_overrides():
    plan = plan_builder.plan("firm=one", firm__employees=40, seed=3)
    assert output_folder.about(plan)["asked"] == ["firm=one", "firm.employees=40", "seed=3"]
    plans = plan_builder.plans("firm=one", "scenario=breaks", replicates=2, weeks=3)
    assert all(plan.overrides == plans[0].overrides for plan in plans)
    assert output_folder.about(plans[1])["asked"] == ["firm=one", "scenario=breaks", "replicates=2", "weeks=3"]


def test_a_folder_of_ones_own_configuration_is_stored_by_its_name(place, without_figures):
    (place / "firm").mkdir()
    text = (default_settings.conf_folder() / "firm" / "one.yaml").read_text(encoding="utf-8")
    (place / "firm" / "mine.yaml").write_text(text, encoding="utf-8")
    words = ["firm=mine", "firm.employees=30", *TINY, "replicates=2", "fit=point"]
    assert main(["scenarios", "--config-dir", str(place), *words, "output=first"]) == 0
    about = about_in(Path("first"))
    assert about["asked"][0] == f"--config-dir={PLACE}" and about["files_needed"] == [PLACE]
    shutil.copytree(place, PLACE)
    assert main(["scenarios", *about["asked"], "output=second"]) == 0
    check_same_tables()


def test_overrides_is_no_setting():
    with pytest.raises(UserError, match="Unknown setting: overrides"):
        composition.compose("+overrides=[a]")


_FOREIGN = """
import json
import sys
import hydra
sys.path.insert(0, {root!r})
from sim.config import composition, default_settings, plan_builder
from sim.experiments import output_folder

@hydra.main(config_path=".", config_name="theirs", version_base=None)
def app(cfg):
    cfg = composition.compose("firm=one", "scenario=breaks")
    plans = plan_builder.build_plans(cfg)
    about = output_folder.about(plans[0])
    print(json.dumps([about["asked"], [s.name for s in plans[0].scenarios], list(composition.overrides_of_job()),
                      list(composition.config_dirs()), output_folder.about(plan_builder.plan("weeks=3"))["asked"]]))

app()
"""


def test_inside_another_hydra_application_its_overrides_are_not_ours(tmp_path):
    (tmp_path / "theirs.yaml").write_text("seed: 1\nscenario: theirs\nfirm: x\n", encoding="utf-8")
    (tmp_path / "app.py").write_text(_FOREIGN.format(root=str(ROOT)), encoding="utf-8")
    (tmp_path / "more" / "measure").mkdir(parents=True)
    command = [sys.executable, "app.py", "seed=99", "scenario=manager_training", "--config-dir", "more"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": ""})
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [
        ["firm=one", "scenario=breaks"], ["baseline", "breaks"], [], [], ["weeks=3"],
    ]  # fmt: skip


# -- places that cannot be written ------------------------------------------------------------------------------------

_SMALL = {
    "scenarios": [*ONE, *TINY, "replicates=2"], "sweep": [*ONE, *TINY, "design.n=2"], "sensitivity": [*TINY[:4]],
    "replicates": [*ONE, *TINY], "robust_ranking": [*TINY[:4], "design.n=2"], "packages": [*TINY[:4]],
    "panel": [*TINY[1:4]], "patterns": [*TINY[2:4]], "structure": [*TINY[1:4]], "inspection": [*TINY[1:4]],
    "docking": [], "vanishing_measures": [*TINY[1:4]],
}  # fmt: skip
_PLACES = [
    *((study, "output") for study in _SMALL),
    *((study, "folder") for study in ("sweep", "sensitivity", "replicates", "robust_ranking", "packages")),
    ("patterns", "patterns.docs"), ("structure", "structure.docs"), ("vanishing_measures", "vanishing.docs"),
    ("panel", "panel.page"),
]  # fmt: skip


@pytest.fixture
def nothing_runs(monkeypatch):
    from sim.engine.fused import FusedEngine
    from sim.engine.reference import ReferenceEngine

    def run(*_, **__):
        raise AssertionError("something is simulated")

    for engine in (FusedEngine, ReferenceEngine):
        monkeypatch.setattr(engine, "run_day", run)
        monkeypatch.setattr(engine, "run_week", run)


@pytest.mark.parametrize(("study", "setting"), spread(_PLACES, 9))
def test_a_place_that_cannot_be_written_is_reported_before_anything_is_simulated(
    study, setting, tmp_path, monkeypatch, capsys, nothing_runs
):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("no folder", encoding="utf-8")
    assert main([study, *_SMALL[study], f"{setting}=file/mine"]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()[-1:]
    assert "file/mine" in line or "file/" in line
    assert [path.name for path in tmp_path.iterdir() if path.name != "outputs"] == ["file"]
    assert not [path for path in tmp_path.rglob("outputs/*/*")]


def test_checking_a_folder_that_does_not_exist_yet_leaves_nothing(tmp_path):
    paths.check_writable(tmp_path / "a" / "b", "folder")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["n" * 300, "d/" * 3000, "zero\0byte", "file", "file/new", "/dev/null/new"])
def test_a_place_that_cannot_be_created_is_refused(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("no folder", encoding="utf-8")
    with pytest.raises(UserError, match=r"Invalid value for folder: .* cannot be written"):
        paths.check_writable(place, "folder")


def test_an_export_that_cannot_be_written_is_reported_in_one_line(place, capsys):
    rows = ["design=file", f"design.file={place}/rows.csv"]
    assert main(["sweep", *ONE, *TINY, *rows, "folder=mine"]) == 0
    Path("file").write_text("no folder", encoding="utf-8")
    assert main(["results", "mine", "export=file/levels.csv"]) == 2
    assert "Invalid value for export" in capsys.readouterr().err
