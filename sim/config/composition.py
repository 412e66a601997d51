"""Composition of the configuration by Hydra, from `conf/`, a folder of the user and overrides.

Defaults stand beside their equations. They are handed to Hydra here, so that every parameter can be overridden by
name and the files in `conf/` hold only what differs. Every measure is an option of its lever family and a scenario,
unless a file of that name says more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from sim.config.default_settings import cache_of_files, clear_caches, conf_folder, defaults, groups, measures, read_yaml
from sim.config.error_messages import composing
from sim.config.folder import OWN_ENTRIES, PRIMARY, ROOT_FILES, merge_root
from sim.config.hydra_settings import primary
from sim.config.overrides import read_overrides
from sim.config.provenance import complete_settings, overrides_noted
from sim.errors import UserError
from sim.levers.measure import Measure

VERSION_BASE = "1.3"


_TOO_LARGE = 2**63


_prepared: list[tuple[Path, ...]] = []
"""The folders that Hydra knows of now, if it has been told anything."""


def prepare(*more: Path) -> None:
    """Hand Hydra what stands in the code: its own settings, the parameters, an option and a scenario for every measure.

    `more` are the user's own configuration folders, in place of those of the last call.
    """
    with _hydra_lock:
        if _prepared != [more]:
            _prepare(more)


def _prepare(more: tuple[Path, ...]) -> None:
    known = [(m, _is_extended(m.lever, m, more), _is_extended("scenario", m, more)) for m in measures(*more)]
    roots = _own_roots(more)
    _clear_store()
    _store(PRIMARY, primary(root_name("config", *more)))
    _store("parameters", {**defaults(*more), "draws": None})  # a fit says whether there are draws
    for name, content in roots.items():
        _store(name, content)
    for measure, is_option, is_scenario in known:
        if not is_option:
            _store(measure.name, _option_of(measure), measure.lever)
        if not is_scenario:
            _store(measure.name, _scenario_of(measure), "scenario", "_global_")
    _prepared[:] = [more]


def forget_files() -> None:
    """Forget the content of configuration files, so that an edited file is read again."""
    clear_caches()
    _prepared.clear()


def root_name(name: str, *more: Path) -> str:
    """The name under which Hydra finds `config.yaml` or `levers.yaml`, merged with the user's own if there is one."""
    return f"own_{name}" if any((folder / f"{own}.yaml").is_file() for folder in more for own in ROOT_FILES) else name


def _own_roots(more: Sequence[Path]) -> dict[str, Any]:
    """`config.yaml` and `levers.yaml` with the user's own entries, by the names of `root_name`; none without any."""
    if root_name("config", *more) == "config":
        return {}
    merged: dict[str, Any] = {}
    for name in ROOT_FILES:
        shipped, own = read_yaml(conf_folder() / f"{name}.yaml"), own_root(name, more)
        if name == "config":
            merged[OWN_ENTRIES] = {k: v for k, v in own.items() if k != "defaults" and (k, v) not in shipped.items()}
            own = {"defaults": own["defaults"]}
        content = merge_root(shipped, own)
        included = [f"own_{one}" if one in ROOT_FILES else one for one in content["defaults"]]
        if name == "config":
            included.insert(included.index("own_levers"), OWN_ENTRIES)
        merged[f"own_{name}"] = {**content, "defaults": included}
    return merged


def own_root(name: str, folders: Sequence[Path]) -> dict[str, Any]:
    """The user's own entries of `config.yaml` or `levers.yaml`."""
    content: dict[str, Any] = {"defaults": []}
    for path in (folder / f"{name}.yaml" for folder in folders):
        if path.is_file():
            content = merge_root(content, read_yaml(path))
    return content


_stored: list[tuple[str | None, str]] = []
"""Group and name of what this module has handed to Hydra's ConfigStore."""


def _store(name: str, node: Any, group: str | None = None, package: str | None = None) -> None:
    ConfigStore.instance().store(name=name, node=node, group=group, package=package)
    _stored.append((group, name))


def _clear_store() -> None:
    """Take back what an earlier call stored: measures of another folder are no options here."""
    repository = ConfigStore.instance().repo
    for group, name in _stored:
        repository.get(group, {}).pop(f"{name}.yaml", None) if group else repository.pop(f"{name}.yaml", None)
    _stored.clear()


def _is_extended(group: str, measure: Measure, more: Sequence[Path]) -> bool:
    """Whether a file of the measure's name says more of it; UserError where that file is about something else."""
    name = f"{group}/{measure.name}"
    files = [path for folder in (conf_folder(), *more) if (path := folder / f"{name}.yaml").is_file()]
    for path in files:
        if not _introduces(read_yaml(path), measure.name):
            raise UserError(
                f"measure {measure.name}: {name}.yaml is about something else; give the measure another name"
            )
    return bool(files)


def _introduces(content: Mapping[str, Any], measure: str) -> bool:
    """Whether an option or a scenario, as its file has it, takes this measure by its own entries or by an option."""
    options = [change for change in content.get("defaults") or () if isinstance(change, Mapping)]
    options_of_it = [content, *(part for part in content.values() if isinstance(part, Mapping))]
    return any(measure in change.values() for change in options) or any(
        measure in (option.get("measures") or ()) for option in options_of_it
    )


def _option_of(measure: Measure) -> dict[str, Any]:
    use = {"start": 0, "end": None, "share": 1.0, "intensity": 1.0}
    return {"text": f"{measure.text}.", "measures": {measure.name: use}, "withdrawn": [], "settings": {}}


def _scenario_of(measure: Measure) -> dict[str, Any]:
    return {"defaults": [{f"override /{measure.lever}": measure.name}], "kind": "policy", "text": f"{measure.text}."}


_hydra_lock = RLock()
"""Hydra's state is of the whole process: one thread at a time may change or read it."""


@contextmanager
def hydra_context() -> Iterator[None]:
    """Hydra on our configuration: the one that runs if it is ours, else one of our own that leaves no trace."""
    with _hydra_lock:
        running = GlobalHydra.instance()
        if running.is_initialized() and _is_ours(running):
            yield
            return
        theirs = running.hydra
        running.clear()
        try:
            with hydra.initialize_config_dir(str(conf_folder()), job_name="hybridwork", version_base=VERSION_BASE):
                yield
        finally:
            GlobalHydra.instance().hydra = theirs


def _is_ours(running: GlobalHydra) -> bool:
    return _reads_ours(running.config_loader().get_search_path().get_path())


def _reads_ours(sources: Iterable[Any]) -> bool:
    """Whether the main folder among the places that Hydra searches is ours; another application may search it too."""
    return any(
        source.provider == "main" and (source.path or "").removeprefix("file://") == str(conf_folder())
        for source in sources
    )


def _is_our_job() -> bool:
    """Whether a Hydra job of this package runs, and not one of another application that calls it."""
    return HydraConfig.initialized() and _reads_ours(HydraConfig.get().runtime.config_sources)


def config_dirs() -> tuple[str, ...]:
    """Return the names of the folders that were added with `--config-dir`."""
    return tuple(folder.name for folder in own_folders())


def compose(*overrides: str, config: str = "config") -> DictConfig:
    """The configuration under these overrides, as Hydra composes it; UserError for one that does not exist.

    `config` "levers" is the part that scenarios are made of.
    """
    folders = own_folders()
    prepare(*folders)
    with composing(), hydra_context():
        name = PRIMARY if config == "config" else root_name(config, *folders)
        read = read_overrides(overrides, groups())
        composed = hydra.compose(name, read)
        check_values(composed)
        return complete_settings(composed, read)


def check_values(cfg: DictConfig) -> None:
    """Raise UserError for a reference that leads nowhere, and for a number that is not finite or too large.

    No setting of any study takes such a number, so all are checked here, before anybody reads them.
    """
    for name, value in _leaves(OmegaConf.to_container(cfg, resolve=True)):
        if isinstance(value, float) and not math.isfinite(value):
            raise UserError(f"Invalid value for {name}: {value}. Use a finite number.")
        if isinstance(value, int | float) and abs(value) >= _TOO_LARGE:
            raise UserError(f"Invalid value for {name}: {str(value)[:30]}…. Use a number of less than 2^63 in size.")


def _leaves(content: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(content, Mapping | list):
        for key, inner in content.items() if isinstance(content, Mapping) else enumerate(content):
            yield from _leaves(inner, f"{name}.{key}" if name else str(key))
    else:
        yield name, content


def own_folders() -> tuple[Path, ...]:
    """The folder that the user has given with `--config-dir` to the command that runs; nothing if there is none."""
    if not _is_our_job():
        return ()
    sources = HydraConfig.get().runtime.config_sources
    return tuple(Path(s.path) for s in sources if s.schema == "file" and s.path and s.provider == "command-line")


def overrides_of(cfg: DictConfig) -> tuple[str, ...]:
    """Return the overrides that a configuration was composed with; where it does not say, those of our Hydra job."""
    noted = overrides_noted(cfg)
    return overrides_of_job() if noted is None else noted


def overrides_of_job() -> tuple[str, ...]:
    """Return the overrides of the Hydra job that runs; none where it is another application's, or none runs."""
    return tuple(HydraConfig.get().overrides.task) if _is_our_job() else ()


def options(group: str) -> tuple[str, ...]:
    """The named options of a group of the configuration, a lever family for example."""
    return _options(group, *own_folders())


@cache_of_files
def _options(group: str, *more: Path) -> tuple[str, ...]:
    prepare(*more)
    with hydra_context():
        return tuple(GlobalHydra.instance().config_loader().get_group_options(group))
