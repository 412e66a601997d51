"""The record of a folder of runs: design.csv, runs.csv and about.json, with a list of checksums.

The files are read together and must be unchanged. Any change, such as another order of rows, makes the record
unreadable; the command that wrote it rebuilds it from the design and the finished runs.
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
"""Version of these files; version 0.3.0 of the package wrote no version and no checksums."""
_RUN_COLUMNS = ["run", ROW, "replicate"]
_TRIES, _PAUSE = 4, 0.1
"""Number of readings, and seconds between them: another process may be replacing the files."""


@dataclass(frozen=True)
class SweepRecord:
    """The content of the record of a folder of runs."""

    about: dict[str, Any]  # versions and settings, which repeat the study
    design: pd.DataFrame  # settings, indexed by row
    runs: pd.DataFrame  # run, row and replicate in the order of the design
    verified: bool  # whether the files match their checksums; version 0.3.0 had none


def exists(folder: Path) -> bool:
    """Return whether a folder has any file of a record."""
    return any((folder / name).is_file() for name in NAMES)


def read(folder: Path) -> SweepRecord:
    """Return the record of a folder; raise UserError where a file is missing or damaged."""
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
    """Return the contents of the three files by name; `design` is indexed by row."""
    text = json.dumps({"schema_version": SCHEMA, **about}, indent=2, ensure_ascii=False, default=str)
    return {
        ABOUT: f"{text}\n".encode(),
        DESIGN: design.rename_axis(ROW).reset_index().to_csv(index=False, lineterminator="\n").encode(),
        RUNS: runs[_RUN_COLUMNS].to_csv(index=False, lineterminator="\n").encode(),
    }


def write(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write the files of a record and then the list of their checksums; raise UserError where that fails."""
    for name, content in contents.items():
        write_bytes(content, folder / name)
    write_bytes(files.checksum_listing(contents).encode("ascii"), folder / SUMS)


def _read_files(folder: Path) -> tuple[dict[str, bytes], bool]:
    """Return the contents of the three files, and whether there were checksums to verify them."""
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
        f"Damaged file: {folder / name} {what}. Repeat the command that wrote the folder: it rebuilds the file and "
        "keeps finished runs."
    )
