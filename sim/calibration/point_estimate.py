"""Point estimate: parameters in `conf/fit/point.yaml`, which differ from the defaults of the equations."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import reduce
from pathlib import Path

from sim.errors import UserError
from sim.language.discovery import mechanisms
from sim.language.grammar import ParameterMetadata
from sim.survey.instruments import INSTRUMENTS

Parameters = dict[str, dict[str, float]]
_HEADER = """# @package _global_
# Written by `hybridwork fit` and `hybridwork centre`: values that differ from the defaults of the equations.
"""


def metadata_of(process: str, name: str) -> ParameterMetadata:
    """Return the metadata of a parameter."""
    return mechanisms()[process].parameter_metadata()[name]


def merged(first: Mapping[str, Mapping[str, float]], second: Mapping[str, Mapping[str, float]]) -> Parameters:
    """Return the parameters of both; the second has priority."""
    return {p: {**first.get(p, {}), **second.get(p, {})} for p in sorted({*first, *second})}


def check_writable() -> None:
    """Raise UserError if `conf/fit/point.yaml` cannot be written, to be called before hours of simulation."""
    from sim.config.default_settings import conf_folder

    folder = conf_folder() / "fit"
    if not os.access(folder, os.W_OK):
        raise UserError(f"{folder} cannot be written, so point.yaml cannot be stored. Use a checkout of the project.")


def write_fit(*layers: Mapping[str, Mapping[str, float]]) -> Path:
    """Write parameters to conf/fit/point.yaml, atomically, and return its path; later layers have priority."""
    import yaml

    from sim.config.default_settings import conf_folder
    from sim.experiments.output_folder import write_text

    together: Parameters = reduce(merged, layers, {})
    rounded = {p: {n: round(v, 4) for n, v in sorted(own.items())} for p, own in together.items() if own}
    of_mechanisms = {p: own for p, own in rounded.items() if p not in INSTRUMENTS}
    content = {"mechanisms": of_mechanisms, "survey": rounded.get("survey", {})}
    path = conf_folder() / "fit" / "point.yaml"
    write_text(_HEADER + yaml.safe_dump(content, sort_keys=True), path)
    return path
