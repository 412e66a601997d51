"""Posterior draws for other studies: complete parameter sets, which are refused after a change of the model.

Reading them requires neither sbi nor PyTorch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.config import composition, default_settings
from sim.config.fingerprint import Fingerprint, fingerprint
from sim.errors import UserError
from sim.files import write_json, write_text
from sim.paths import read_path

if TYPE_CHECKING:
    import pandas as pd

DRAWS, METADATA = "posterior.csv", "posterior.json"
_AGAIN = "Use hybridwork posterior to estimate it again, or fit=point."
_FEW = 3


def draws(folder: str | Path | None = None) -> pd.DataFrame:
    """Return the posterior draws.

    Parameters
    ----------
    folder : str or Path, optional
        Folder with posterior.csv and posterior.json; by default `fit` of the user's folder, or `conf/fit`.

    Returns
    -------
    DataFrame
        One row per draw, all of equal weight, and one column per parameter, named as on the command line.

    Raises
    ------
    UserError
        Where there is no posterior, and where equations, ranges or values have changed since it was estimated.
    """
    import pandas as pd

    where = _fit_folder() if folder is None else read_path(folder)
    content = read_metadata(where)
    table = pd.read_csv(where / DRAWS)
    changed = changes(content["fingerprint"], current_fingerprint())
    if changed:
        raise UserError(f"Invalid posterior: {where / DRAWS} is of another model ({changed}). {_AGAIN}")
    return table


def _fit_folder() -> Path:
    """Return `fit` of the user's configuration folder where it has any file of a posterior, else `conf/fit`."""
    folders = [folder / "fit" for folder in composition.own_folders()]
    own = [folder for folder in folders if any((folder / name).is_file() for name in (DRAWS, METADATA))]
    return own[0] if own else default_settings.conf_folder() / "fit"


def read_metadata(folder: Path) -> dict[str, Any]:
    """Return the metadata of the posterior in a folder; raise UserError where it is missing or damaged."""
    try:
        content: dict[str, Any] = json.loads((folder / METADATA).read_text(encoding="utf-8"))
        complete = isinstance(content, dict) and "fingerprint" in content and (folder / DRAWS).is_file()
    except OSError:
        raise UserError(f"Missing posterior in {folder}. {_AGAIN}") from None
    except ValueError:
        complete = False
    if not complete:
        raise UserError(f"Invalid posterior: {folder} is not as it was written. {_AGAIN}")
    return content


def current_fingerprint() -> Fingerprint:
    """Return the fingerprint of the present model with the values of `conf/fit/point.yaml`."""
    from omegaconf import OmegaConf

    point: Any = OmegaConf.to_container(OmegaConf.load(default_settings.conf_folder() / "fit" / "point.yaml"))
    processes = {name: own for name, own in point.items() if name != "mechanisms"}
    return fingerprint({**processes, **point.get("mechanisms", {})}, default_settings.measures())


def restamp(folder: Path, renames: Mapping[str, str] | None = None) -> str:
    """Replace the fingerprint of a posterior by that of the present model, and return the differences.

    Use it only after a change of code that changes no result: the draws keep their values. `renames` are new names of
    parameters, such as `mechanisms.recovery.night`, by their old ones. Raises UserError where a range, a value or data
    differ, since another posterior would be needed.
    """
    content, now, new = read_metadata(folder), current_fingerprint(), dict(renames or {})
    before = content["fingerprint"]
    before = {**before, "numbers": {new.get(name, name): value for name, value in before["numbers"].items()}}
    if differing := changes({**before, "equations": now["equations"]}, now):
        raise UserError(f"The posterior in {folder} cannot be stamped: {differing}. {_AGAIN}")
    if new:
        header, rest = (folder / DRAWS).read_text(encoding="utf-8").split("\n", 1)
        columns = ",".join(new.get(name, name) for name in header.split(","))
        write_text(f"{columns}\n{rest}", folder / DRAWS)
    write_json({**content, "fingerprint": now}, folder / METADATA)
    return changes(before, now)


def changes(before: Mapping[str, Any], now: Fingerprint) -> str:
    """Return the changes since a posterior was estimated, in a few words; empty without changes."""
    numbers, present_numbers = before["numbers"], now["numbers"]
    both = [name for name in numbers if name in present_numbers and numbers[name] != present_numbers[name]]
    spans = (numbers, present_numbers)
    ranges_changed = [name for name in both if any(isinstance(of[name], list) for of in spans)]
    differences = {
        "added": [name for name in present_numbers if name not in numbers],
        "gone": [name for name in numbers if name not in present_numbers],
        "other range": ranges_changed,
        "other value": [name for name in both if name not in ranges_changed],
        "other equations": _differing(before["equations"], now["equations"]),
        "other data": _differing(before["data"], now["data"]),
    }
    return "; ".join(f"{what}: {_first_names(names)}" for what, names in differences.items() if names)


def _differing(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return [name for name in {**before, **now} if before.get(name) != now.get(name)]


def _first_names(names: Sequence[str]) -> str:
    more = len(names) - _FEW
    return ", ".join(names[:_FEW]) + (f" and {more} more" if more > 0 else "")
