"""Composition of the configuration by Hydra, from `conf/`, a folder of the user and overrides.

Default values are in the code of the equations. This module registers them with Hydra, so that every parameter can be
overridden by name, and the files in `conf/` hold only differences. Every measure is an option of its lever family and a
scenario, which a file of that name may extend.
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
from sim.config.overrides import read_overrides
from sim.config.provenance import complete_settings, overrides_noted
from sim.errors import UserError, invalid
from sim.levers.measure import Measure

VERSION_BASE = "1.3"
_TOO_LARGE = 2**63
_prepared: list[tuple[Path, ...]] = []
"""Folders of the last call of `prepare`; empty before the first one."""
_stored: list[tuple[str | None, str]] = []
"""Group and name of each entry that this module has stored in Hydra's ConfigStore."""
_hydra_lock = RLock()
"""Lock for Hydra's state, which all threads of the process share."""


def prepare(*more: Path) -> None:
    """Register the definitions of the code with Hydra: settings, all parameters, an option and a scenario per measure.

    `more` are the user's configuration folders, which replace those of the last call.
    """
    with _hydra_lock:
        if _prepared != [more]:
            _prepare(more)


def _prepare(more: tuple[Path, ...]) -> None:
    known = [(m, _is_extended(m.lever, m, more), _is_extended("scenario", m, more)) for m in measures(*more)]
    roots = _own_roots(more)
    _clear_store()
    _store(PRIMARY, _primary(root_name("config", *more)))
    _store("parameters", {**defaults(*more), "draws": None})  # a fit sets `draws`
    for name, content in roots.items():
        _store(name, content)
    for measure, is_option, is_scenario in known:
        if not is_option:
            _store(measure.name, _option_of(measure), measure.lever)
        if not is_scenario:
            _store(measure.name, _scenario_of(measure), "scenario", "_global_")
    _prepared[:] = [more]


def _primary(config: str) -> dict[str, Any]:
    """Return the configuration that Hydra composes first, around the one named `config`.

    It is not a file of `conf/`, so that no configuration file can change what Hydra runs or writes.
    """
    logging = [{"override hydra/hydra_logging": "none"}, {"override hydra/job_logging": "none"}]
    # Each study creates its own folder, so Hydra writes nothing.
    folders = {"output_subdir": None, "run": {"dir": "."}, "sweep": {"dir": ".", "subdir": "."}}
    return {"defaults": [config, "_self_", *logging], "hydra": {**folders, "job": {"chdir": False}}}


def forget_files() -> None:
    """Forget the content of configuration files, so that an edited file is read again."""
    clear_caches()
    _prepared.clear()


def root_name(name: str, *more: Path) -> str:
    """Return the name by which Hydra finds `config.yaml` or `levers.yaml`, merged with the user's file if any."""
    return f"own_{name}" if any((folder / f"{own}.yaml").is_file() for folder in more for own in ROOT_FILES) else name


def _own_roots(more: Sequence[Path]) -> dict[str, Any]:
    """Return `config.yaml` and `levers.yaml` merged with the user's entries, by the names of `root_name`."""
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
    """Return the user's entries of `config.yaml` or `levers.yaml`."""
    content: dict[str, Any] = {"defaults": []}
    for path in (folder / f"{name}.yaml" for folder in folders):
        if path.is_file():
            content = merge_root(content, read_yaml(path))
    return content


def _store(name: str, node: Any, group: str | None = None, package: str | None = None) -> None:
    ConfigStore.instance().store(name=name, node=node, group=group, package=package)
    _stored.append((group, name))


def _clear_store() -> None:
    """Remove the entries of an earlier call, whose measures may not exist any more."""
    repository = ConfigStore.instance().repo
    for group, name in _stored:
        repository.get(group, {}).pop(f"{name}.yaml", None) if group else repository.pop(f"{name}.yaml", None)
    _stored.clear()


def _is_extended(group: str, measure: Measure, more: Sequence[Path]) -> bool:
    """Return whether a file of the measure's name extends it; raise UserError where that file does not introduce it."""
    name = f"{group}/{measure.name}"
    files = [path for folder in (conf_folder(), *more) if (path := folder / f"{name}.yaml").is_file()]
    for path in files:
        if not _introduces(read_yaml(path), measure.name):
            raise UserError(
                f"Invalid name of a measure: {measure.name}. {name}.yaml is about something else. Use another name."
            )
    return bool(files)


def _introduces(content: Mapping[str, Any], measure: str) -> bool:
    """Return whether the file of an option or a scenario introduces a measure, itself or through an option."""
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


@contextmanager
def hydra_context() -> Iterator[None]:
    """Provide Hydra with this configuration: the running instance if it is ours, else a temporary one."""
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
    """Return whether Hydra's main folder is ours; another application may only add ours to its search path."""
    return any(
        source.provider == "main" and (source.path or "").removeprefix("file://") == str(conf_folder())
        for source in sources
    )


def _is_our_job() -> bool:
    """Return whether the running Hydra job belongs to this package and not to an application that calls it."""
    return HydraConfig.initialized() and _reads_ours(HydraConfig.get().runtime.config_sources)


def config_dirs() -> tuple[str, ...]:
    """Return the names of the folders that were added with `--config-dir`."""
    return tuple(folder.name for folder in own_folders())


def compose(*overrides: str, config: str = "config") -> DictConfig:
    """Compose the configuration with overrides; raise UserError for an invalid one.

    Parameters
    ----------
    *overrides : str
        Settings as on the command line, such as `firm.employees=300`.
    config : {"config", "levers"}
        The whole configuration, or the part that scenarios consist of.
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
    """Raise UserError for a reference without a target, and for a number that is not finite or too large.

    No setting of any study accepts such a number.
    """
    for name, value in _leaves(OmegaConf.to_container(cfg, resolve=True)):
        if isinstance(value, float) and not math.isfinite(value):
            raise UserError(invalid(name, value, "a finite number"))
        if isinstance(value, int | float) and abs(value) >= _TOO_LARGE:
            raise UserError(invalid(name, f"{str(value)[:30]}…", "a number of less than 2^63 in size"))


def _leaves(content: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(content, Mapping | list):
        for key, inner in content.items() if isinstance(content, Mapping) else enumerate(content):
            yield from _leaves(inner, f"{name}.{key}" if name else str(key))
    else:
        yield name, content


def own_folders() -> tuple[Path, ...]:
    """Return the folder that the user gave with `--config-dir` to the running command, if any."""
    if not _is_our_job():
        return ()
    sources = HydraConfig.get().runtime.config_sources
    return tuple(Path(s.path) for s in sources if s.schema == "file" and s.path and s.provider == "command-line")


def overrides_of(cfg: DictConfig) -> tuple[str, ...]:
    """Return the overrides of a composed configuration; if it lists none, those of our Hydra job."""
    noted = overrides_noted(cfg)
    return overrides_of_job() if noted is None else noted


def overrides_of_job() -> tuple[str, ...]:
    """Return the overrides of the running Hydra job of this package; none without one."""
    return tuple(HydraConfig.get().overrides.task) if _is_our_job() else ()


def options(group: str) -> tuple[str, ...]:
    """Return the names of the options of a group, such as a lever family."""
    return _options(group, *own_folders())


@cache_of_files
def _options(group: str, *more: Path) -> tuple[str, ...]:
    prepare(*more)
    with hydra_context():
        return tuple(GlobalHydra.instance().config_loader().get_group_options(group))
