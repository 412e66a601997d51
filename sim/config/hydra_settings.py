"""How Hydra itself is set up: the configuration that it composes first, which includes `conf/config.yaml`.

It stands in the code and not in `conf/`, so that no configuration file has a say in what Hydra runs or writes.
"""

from __future__ import annotations

from typing import Any

from sim.config.folder import PRIMARY
from sim.levers.measure import FAMILIES

_EXAMPLES = """\
Settings are given as name=value, for example
  weeks=52 seed=3 firm=one firm.employees=300
  'scenarios=[baseline,right_to_disconnect,whole_package]'
  scenario=whole_package                           one scenario beside the baseline
  availability=quiet_evenings schedule=anchor_days levers of your own beside the baseline
  mechanisms.recovery.demands_hold=0.25            a parameter, within its range
  --multirun availability=always_on,right_to_disconnect hydra/launcher=joblib
  --config-dir mine                                files of your own, which win over those of conf/
  --cfg job                                        everything as it would be run"""
_HEADINGS = {
    "Families of levers and their options": FAMILIES,
    "What else has options": ("scenario", "firm", "experiment", "fit"),
    "Of sweeps and the studies made of them": ("design", "executor"),
}


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
            "help": {"app_name": PRIMARY, "template": _help()},
        },
    }


def _help() -> str:
    listed = [
        line
        for heading, groups in _HEADINGS.items()
        for line in (heading, *(f"  {group}: ${{options:{group}}}" for group in groups))
    ]
    return "\n".join([_EXAMPLES, "", *listed])
