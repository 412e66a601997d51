"""How well surveys of other designs would tell the explanations apart: of two virtual studies, which has it on?

For every design and explanation a classifier learns from the numbers that the survey would have. The share told apart
is that of pairs of studies, one with the explanation and one without, in which the one with it gets the higher chance:
.5 is guessing, 1 is certainty. It is counted in worlds that the classifier has not seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.studies.vanishing.classifier import FOLDS
from sim.studies.vanishing.explanations import Explanation
from sim.studies.vanishing.survey_designs import DESIGNS, FEW

if TYPE_CHECKING:
    import pandas as pd

FEWER = f"all of it, {FEW} employers"
"""The widest design once more, in a small study."""


def told_apart(explanations: Sequence[Explanation], tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row for each explanation and design: the share `told_apart` and its standard error."""
    import pandas as pd

    worlds, surveys = tables["worlds"], tables["surveys"]
    truths = {one.name: worlds[f"on.{one.name}"].to_numpy(int) for one in explanations}
    truths["second_reading"] = (worlds["reading"] == 2).to_numpy(int)
    columns = {design: _columns(surveys, questions) for design, questions in DESIGNS.items()}
    columns[FEWER] = [name for name in surveys if name.startswith("few.")]
    rows = []
    for design, names in columns.items():
        seen = surveys[names].to_numpy(float)
        for name, truth in truths.items():
            share, error = _share(seen, truth, worlds["world"].to_numpy())
            rows.append({"explanation": name, "design": design, "told_apart": share, "error": error})
    return pd.DataFrame(rows)


def _columns(surveys: pd.DataFrame, questions: Sequence[str]) -> list[str]:
    return [name for name in surveys if name.partition(".")[0] in questions]


def _with_squares(numbers: np.ndarray) -> np.ndarray:
    return np.hstack([numbers, numbers**2])


def _share(seen: np.ndarray, truth: np.ndarray, world: np.ndarray) -> tuple[float, float]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    chance = np.zeros(len(truth))
    for fold in range(FOLDS):
        known = world % FOLDS != fold
        made = make_pipeline(
            StandardScaler(), FunctionTransformer(_with_squares), StandardScaler(),
            LogisticRegression(solver="newton-cholesky", C=0.02),
        )  # fmt: skip
        chance[~known] = made.fit(seen[known], truth[known]).predict_proba(seen[~known])[:, 1]
    share = float(roc_auc_score(truth, chance))
    return share, _error(share, int(truth.sum()), int((1 - truth).sum()))


def _error(share: float, on: int, off: int) -> float:
    """Standard error of such a share (Hanley and McNeil 1982)."""
    first, second = share / (2 - share), 2 * share * share / (1 + share)
    variance = share * (1 - share) + (on - 1) * (first - share**2) + (off - 1) * (second - share**2)
    return float(np.sqrt(variance / (on * off)))
