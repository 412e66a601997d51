"""How Hydra itself is set up: the configuration that it composes first, which includes `conf/config.yaml`.

It stands in the code and not in `conf/`, so that no configuration file has a say in what Hydra runs or writes.
"""

from __future__ import annotations

from typing import Any


def primary(config: str) -> dict[str, Any]:
    """The configuration that Hydra composes first, around the one named `config`."""
    return {
        "defaults": [
            config,
            "_self_",
            {"override hydra/hydra_logging": "none"},
            {"override hydra/job_logging": "none"},
        ],
        "hydra": {  # a study keeps its own folder, so Hydra writes nothing
            "output_subdir": None,
            "run": {"dir": "."},
            "sweep": {"dir": ".", "subdir": "."},
            "job": {"chdir": False},
        },
    }
