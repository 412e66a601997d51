"""The panel as tables: long, wide, and the truth apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.engine.plan import Plan
from sim.studies.panel import codebook
from sim.studies.panel.codebook import ANSWERED, HAS_LEFT, HAS_STOPPED, LEFT, NOT_ASKED, OF_MANAGERS, STOPPED, Variable
from sim.studies.panel.data_collection import Panel

if TYPE_CHECKING:
    import pandas as pd


def long(panel: Panel, plan: Plan) -> pd.DataFrame:
    """One row for each world, person and wave, with codes where nothing was answered; `panel` is on its waves."""
    import pandas as pd

    status, rows = _status(panel), _keys(panel)
    gap = np.select([status == STOPPED, status == LEFT], [HAS_STOPPED, HAS_LEFT], 0)
    own = {"status": status, "establishment": panel.establishment + 1, "is_manager": panel.is_manager}
    for variable in codebook.asked(plan):
        values = np.broadcast_to(own[variable.name] if variable.name in own else _said(panel, variable), status.shape)
        rows[variable.name] = _whole(np.where(gap < 0, gap, values) if variable.missing else values, variable)
    return pd.DataFrame(rows)


def wide(table: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """One row for each world and person: what is asked at each wave has the wave's number behind its name."""
    asked, index = codebook.asked(plan), ["world", "person"]
    fixed = [variable.name for variable in asked if not variable.each_wave]
    repeated = [variable.name for variable in asked if variable.each_wave]
    of_wave = {wave: rows.set_index(index) for wave, rows in table.groupby("wave")}
    waves = [rows[repeated].add_suffix(f"_w{wave}") for wave, rows in of_wave.items()]
    return of_wave[1][fixed].join(waves).reset_index()


def truth(panel: Panel, plan: Plan) -> pd.DataFrame:
    """States without error of all who are still with the firm, whether or not they answer."""
    import pandas as pd

    rows = _keys(panel)
    chance = panel.stop_chance.copy()
    chance[:, 0] = 0
    own = {"status": _status(panel), "stop_chance": chance}
    for variable in codebook.truth(plan):
        values = own[variable.name] if variable.name in own else panel.true[variable.said]
        gone = ~panel.stays & bool(variable.missing)
        rows[variable.name] = _whole(np.where(gone, HAS_LEFT, values), variable)
    return pd.DataFrame(rows)


def _status(panel: Panel) -> np.ndarray:
    """(world, wave, member) of codes."""
    return np.select([panel.answers, panel.stays], [ANSWERED, STOPPED], LEFT)


def _keys(panel: Panel) -> dict[str, np.ndarray]:
    worlds, waves, members = panel.stays.shape
    world, wave, member = np.indices((worlds, waves, members)).reshape(3, -1)
    return {"world": world, "person": member + 1, "wave": wave + 1, "week": np.array(panel.weeks)[wave]}


def _said(panel: Panel, variable: Variable) -> np.ndarray:
    said = panel.said[variable.said]
    if variable.each_wave:
        return np.where(panel.is_manager, said, NOT_ASKED) if variable.name == OF_MANAGERS else said
    return said[:, :1]


def _whole(values: np.ndarray, variable: Variable) -> np.ndarray:
    flat = values.reshape(-1)
    return flat.astype(int) if variable.decimals == 0 else np.round(flat, variable.decimals)
