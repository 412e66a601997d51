"""Data files of the panel: long, wide, and the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.engine.plan import Plan
from sim.studies.panel import codebook
from sim.studies.panel.codebook import HAS_LEFT, HAS_STOPPED, LEFT, NOT_ASKED, OF_MANAGERS, STOPPED, TOOK_PART, Variable
from sim.studies.panel.data_collection import Panel

if TYPE_CHECKING:
    import pandas as pd


def long(panel: Panel, plan: Plan) -> pd.DataFrame:
    """Return one row for each world, person and wave, with codes for missing answers; every occasion is a wave."""
    import pandas as pd

    status, rows = _status(panel), _keys(panel)
    gap = np.select([status == STOPPED, status == LEFT], [HAS_STOPPED, HAS_LEFT], 0)
    own = {"status": status, "establishment": panel.establishment + 1, "is_manager": panel.is_manager}
    for variable in codebook.questions(plan):
        values = np.broadcast_to(
            own[variable.name] if variable.name in own else _responses(panel, variable), status.shape
        )
        rows[variable.name] = _whole(np.where(gap < 0, gap, values) if variable.missing else values, variable)
    return pd.DataFrame(rows)


def wide(table: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Return one row for each world and person; questions of each wave have the number of the wave in their name."""
    questions, index = codebook.questions(plan), ["world", "person"]
    fixed = [variable.name for variable in questions if not variable.each_wave]
    repeated = [variable.name for variable in questions if variable.each_wave]
    of_wave = {wave: rows.set_index(index) for wave, rows in table.groupby("wave")}
    waves = [rows[repeated].add_suffix(f"_w{wave}") for wave, rows in of_wave.items()]
    return of_wave[1][fixed].join(waves).reset_index()


def truth(panel: Panel, plan: Plan) -> pd.DataFrame:
    """Return states without error of all who are still with the firm, whether or not they answer."""
    import pandas as pd

    rows = _keys(panel)
    chance = panel.stop_chance.copy()
    chance[:, 0] = 0
    own = {"status": _status(panel), "stop_chance": chance}
    for variable in codebook.truth(plan):
        values = own[variable.name] if variable.name in own else panel.states[variable.source]
        left = ~panel.with_firm & bool(variable.missing)
        rows[variable.name] = _whole(np.where(left, HAS_LEFT, values), variable)
    return pd.DataFrame(rows)


def _status(panel: Panel) -> np.ndarray:
    """Return codes, (world, wave, member)."""
    return np.select([panel.answers, panel.with_firm], [TOOK_PART, STOPPED], LEFT)


def _keys(panel: Panel) -> dict[str, np.ndarray]:
    worlds, waves, members = panel.with_firm.shape
    world, wave, member = np.indices((worlds, waves, members)).reshape(3, -1)
    return {"world": world, "person": member + 1, "wave": wave + 1, "week": np.array(panel.weeks)[wave]}


def _responses(panel: Panel, variable: Variable) -> np.ndarray:
    responses = panel.responses[variable.source]
    if variable.each_wave:
        return np.where(panel.is_manager, responses, NOT_ASKED) if variable.name == OF_MANAGERS else responses
    return responses[:, :1]


def _whole(values: np.ndarray, variable: Variable) -> np.ndarray:
    flat = values.reshape(-1)
    return flat.astype(int) if variable.decimals == 0 else np.round(flat, variable.decimals)
