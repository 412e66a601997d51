"""What a folder of runs says of itself: design.csv, runs.csv and about.json, under the checksums of one list.

The files are read together and only as they were written. Whatever changed one of them, rows in another order included,
makes all of them unreadable; the command that wrote them rebuilds them from the design and the runs that are kept.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim import files
from sim.errors import UserError
from sim.experiments.designs import ROW
from sim.files import SUMS, write_bytes

if TYPE_CHECKING:
    import pandas as pd

ABOUT, DESIGN, RUNS = "about.json", "design.csv", "runs.csv"
NAMES = (ABOUT, DESIGN, RUNS)
SCHEMA = 2
"""The version of these files. Version 0.3.0 wrote none and had no checksums for them."""
_RUN_COLUMNS = ["run", ROW, "replicate"]
_TRIES, _PAUSE = 4, 0.1
"""How often, and after how many seconds, files are read again that another process may be about to replace."""


@dataclass(frozen=True)
class SweepRecord:
    """The files of a folder of runs, read.

    about     what it takes to repeat the study
    design    the table of settings, indexed by row
    runs      the runs asked for, in the order of the design: run, row, replicate
    verified  whether checksums show that the files are what was written; version 0.3.0 kept none
    """

    about: dict[str, Any]
    design: pd.DataFrame
    runs: pd.DataFrame
    verified: bool


def exists(folder: Path) -> bool:
    """Whether a folder holds any file of such a record."""
    return any((folder / name).is_file() for name in NAMES)


def read(folder: Path) -> SweepRecord:
    """The record of a folder; raises UserError where a file is missing or is not what was written."""
    contents, verified = _read_files(folder)
    about = _about(contents[ABOUT], folder)
    if not verified and "schema_version" in about:
        raise _damaged(folder, SUMS, "is missing")
    design, runs = _table(contents[DESIGN], folder, DESIGN), _table(contents[RUNS], folder, RUNS)
    if ROW not in design.columns or list(runs.columns) != _RUN_COLUMNS:
        raise _damaged(folder, DESIGN if ROW not in design.columns else RUNS, "lacks a column")
    runs = runs.sort_values([ROW, "replicate"], kind="stable", ignore_index=True)
    whole = set(design[ROW]) == set(runs[ROW]) and design[ROW].is_unique and not runs["run"].isna().any()
    if not whole or runs.duplicated([ROW, "replicate"]).any():
        raise _damaged(folder, f"{DESIGN} or {RUNS}", "lacks rows or repeats some")
    return SweepRecord(about, design.set_index(ROW), runs, verified)


def encode(about: Mapping[str, Any], design: pd.DataFrame, runs: pd.DataFrame) -> dict[str, bytes]:
    """The contents of the three files by their names; `design` is indexed by row."""
    text = json.dumps({"schema_version": SCHEMA, **about}, indent=2, ensure_ascii=False, default=str)
    return {
        ABOUT: f"{text}\n".encode(),
        DESIGN: design.rename_axis(ROW).reset_index().to_csv(index=False, lineterminator="\n").encode(),
        RUNS: runs[_RUN_COLUMNS].to_csv(index=False, lineterminator="\n").encode(),
    }


def write(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write the files of a record, and the list of their checksums after them; raises UserError where that fails."""
    for name, content in contents.items():
        write_bytes(content, folder / name)
    write_bytes(files.checksum_listing(contents).encode("ascii"), folder / SUMS)


def _read_files(folder: Path) -> tuple[dict[str, bytes], bool]:
    """The contents of the three files, and whether checksums were there to verify them."""
    for _ in range(_TRIES - 1):
        with suppress(UserError):
            return _read_files_once(folder)
        time.sleep(_PAUSE)
    return _read_files_once(folder)


def _read_files_once(folder: Path) -> tuple[dict[str, bytes], bool]:
    contents = {}
    for name in NAMES:
        try:
            contents[name] = (folder / name).read_bytes()
        except FileNotFoundError:
            raise _damaged(folder, name, "is missing") from None
        except OSError as error:
            raise _damaged(folder, name, f"cannot be read ({error.strerror})") from None
    try:
        listed = files.read_checksums(folder)
    except FileNotFoundError:
        return contents, False
    except (OSError, ValueError):
        raise _damaged(folder, SUMS, "cannot be read") from None
    for name, content in contents.items():
        if listed.get(name) != files.checksum(content):
            raise _damaged(folder, name, f"differs from its checksum in {SUMS}")
    return contents, True


def _about(content: bytes, folder: Path) -> dict[str, Any]:
    try:
        about = json.loads(content)
        design = about["design"]
        factors = design["factors"]
        known = isinstance(design["method"], str) and isinstance(factors, list)
        known = known and all(isinstance(factor["name"] + factor["unit"], str) for factor in factors)
        known = known and isinstance(about["scenarios"], dict) and isinstance(about["replicates"], int)
    except (ValueError, KeyError, TypeError, RecursionError):
        known = False
    if not known:
        raise _damaged(folder, ABOUT, "is not as it was written")
    result: dict[str, Any] = about
    return result


def _table(content: bytes, folder: Path, name: str) -> pd.DataFrame:
    import pandas as pd

    try:
        table = pd.read_csv(io.BytesIO(content), dtype={"run": "str"} if name == RUNS else None)
    except ValueError:
        raise _damaged(folder, name, "is not as it was written") from None
    for column in (ROW, "replicate"):
        if column in table and not pd.api.types.is_integer_dtype(table[column]):
            raise _damaged(folder, name, "is not as it was written")
    return table


def _damaged(folder: Path, name: str, what: str) -> UserError:
    return UserError(
        f"{folder / name} {what}, so its rows cannot be trusted; give the command that made the folder again, which "
        "rebuilds it and keeps the runs that are done"
    )
