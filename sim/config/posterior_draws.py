"""The posterior as other studies take it: complete parameter sets, refused where the model is another by now.

Cheap to import and to read: neither sbi nor PyTorch is needed.
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
_AGAIN = "`hybridwork posterior` estimates it again; `fit=point` does not need it"
_FEW = 3


def draws(folder: str | Path | None = None) -> pd.DataFrame:
    """The draws: one row a draw, all of equal weight, one column a parameter, named as on the command line.

    `folder` holds posterior.csv and posterior.json; None: `fit` of the user's own folder, or `conf/fit`.
    `numbers.at(plan, row)` gives the plan of a row. Raises UserError where there is no posterior, and where equations,
    ranges or values are others than those it was made for.
    """
    import pandas as pd

    where = _fit_folder() if folder is None else read_path(folder)
    content = read_metadata(where)
    table = pd.read_csv(where / DRAWS)
    changed = changes(content["fingerprint"], current_fingerprint())
    if changed:
        raise UserError(f"{where / DRAWS} was made for another model ({changed}); {_AGAIN}")
    return table


def _fit_folder() -> Path:
    """The first of the user's own configuration folder and `conf/` with a posterior, or a part of one, in `fit`."""
    folders = [folder / "fit" for folder in composition.own_folders()]
    own = [folder for folder in folders if any((folder / name).is_file() for name in (DRAWS, METADATA))]
    return own[0] if own else default_settings.conf_folder() / "fit"


def read_metadata(folder: Path) -> dict[str, Any]:
    """How the posterior in a folder was made; UserError where there is none, or it is not as it was written."""
    try:
        content: dict[str, Any] = json.loads((folder / METADATA).read_text(encoding="utf-8"))
        complete = isinstance(content, dict) and "fingerprint" in content and (folder / DRAWS).is_file()
    except OSError:
        raise UserError(f"there is no posterior in {folder}; {_AGAIN}") from None
    except ValueError:
        complete = False
    if not complete:
        raise UserError(f"the posterior in {folder} is not as it was written; {_AGAIN}")
    return content


def current_fingerprint() -> Fingerprint:
    """The fingerprint of the model as it is now, with the values of `conf/fit/point.yaml`."""
    from omegaconf import OmegaConf

    point: Any = OmegaConf.to_container(OmegaConf.load(default_settings.conf_folder() / "fit" / "point.yaml"))
    processes = {name: own for name, own in point.items() if name != "mechanisms"}
    return fingerprint({**processes, **point.get("mechanisms", {})}, default_settings.measures())


def restamp(folder: Path, renames: Mapping[str, str] | None = None) -> str:
    """Give a posterior the fingerprint of the present model, and return what differed.

    Only for a change of code that is proven to change no result, such as new names: the values of the draws stay.

    Parameters
    ----------
    folder : Path
        Where the posterior is.
    renames : mapping of str to str
        New names of parameters by their old ones, as `mechanisms.recovery.night`.

    Raises
    ------
    UserError
        When a range, a value or data differ, since the draws would then be different ones.
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
    """What is another now than when a posterior was made, in a few words; nothing where all is the same."""
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
