"""Import paths of version 0.4, which this version still accepts with a DeprecationWarning.

`MOVED` lists modules that users import. A finder at the end of `sys.meta_path` serves the old path and looks up each
name in its new module. To end the support of an old path, delete its entry.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_COMPOSITION, _POOL = "sim.config.composition", "sim.runs.worker_pool"
MOVED: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "sim.studies.configure": ("sim.config.plan_builder", {
        "compose": f"{_COMPOSITION}.compose",
        "options": f"{_COMPOSITION}.options",
        "conf_folder": "sim.config.default_settings.conf_folder",
        "measures": "sim.config.default_settings.measures",
        "scenario_names": "sim.config.scenario_choice.scenario_names",
        "scenario_named": "sim.config.scenario_choice.scenario_named",
        "settings_of": "sim.config.study_settings.settings_of",
        "plan_of": "sim.config.plan_builder.build_plan",
        "plans_of": "sim.config.plan_builder.build_plans",
    }),
    "sim.studies.designs": ("sim.experiments.designs", {}),
    "sim.studies.factors": ("sim.experiments.factors", {"Ground": "sim.experiments.factors.DesignContext"}),
    "sim.studies.results": ("sim.experiments.results", {}),
    "sim.studies.sweep": ("sim.experiments.sweep", {
        "carry_out": "sim.experiments.sweep.run_sweep",
        "crew_of": "sim.experiments.sweep.pool_of",
    }),
    "sim.runs.crew": (_POOL, {
        "Crew": f"{_POOL}.WorkerPool",
        "alone": f"{_POOL}.in_process_pool",
        "processes": f"{_POOL}.process_pool",
        "given": f"{_POOL}.borrowed_pool",
        "dask": f"{_POOL}.dask_pool",
        "finished": f"{_POOL}.map_unordered",
    }),
    "sim.outcomes.outcomes": ("sim.outcomes.definitions", {}),
}  # fmt: skip
"""New module of each old one, and the new places of names that have moved elsewhere or changed."""


class _MovedModules(MetaPathFinder, Loader):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname in MOVED else None

    def exec_module(self, module: ModuleType) -> None:
        old = module.__name__

        def __getattr__(name: str) -> Any:  # noqa: N807
            if name.startswith("__"):
                raise AttributeError(f"module '{old}' has no attribute '{name}'")
            default, renamed = MOVED[old]
            place, _, new = renamed.get(name, f"{default}.{name}").rpartition(".")
            value = getattr(import_module(place), new)
            message = f"{old}.{name} is now {place}.{new}. The old path ends with the next version."
            warnings.warn(message, DeprecationWarning, stacklevel=2)
            return value

        module.__dict__["__getattr__"] = __getattr__


def install() -> None:
    """Accept the old import paths in this process."""
    if not any(isinstance(finder, _MovedModules) for finder in sys.meta_path):
        sys.meta_path.append(_MovedModules())
