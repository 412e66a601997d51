"""Hybrid work, burn-out complaints and isolation: an agent-based model of people who work partly at home.

>>> import sim
>>> sim.plan("firm=one", weeks=26).weeks
26
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sim import compatibility

if TYPE_CHECKING:
    from sim.config.plan_builder import plan, plans
    from sim.model import HybridWorkModel
    from sim.runs.run import run, run_many

__version__ = "0.5.0"
__all__ = ["HybridWorkModel", "__version__", "plan", "plans", "run", "run_many"]

# Imported at first use, so that `import sim` and the command's help are fast.
_MODULES = {
    "HybridWorkModel": "sim.model",
    "plan": "sim.config.plan_builder",
    "plans": "sim.config.plan_builder",
    "run": "sim.runs.run",
    "run_many": "sim.runs.run",
}


compatibility.install()


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'sim' has no attribute '{name}'. Use one of {', '.join(__all__)}.")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
