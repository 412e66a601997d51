"""Discrimination of surveys of each design: how well their numbers show which explanation is on.

For each design and explanation a classifier learns from the numbers of the survey. Its AUC is the share of pairs of
studies, one with the explanation and one without, in which the one with it gets the higher probability: 0.5 is
guessing. It is computed in worlds that the classifier was not fitted to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.studies.vanishing.classifier import FOLDS, truths
from sim.studies.vanishing.explanations import Explanation
from sim.studies.vanishing.survey_designs import DESIGNS, FEW

if TYPE_CHECKING:
    import pandas as pd

FEWER = f"all together, {FEW} employers"
"""The widest design in a small study."""


def discrimination(explanations: Sequence[Explanation], tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return one row per explanation and design with the AUC and its standard error."""
    import pandas as pd

    worlds, surveys = tables["worlds"], tables["surveys"]
    columns = {
        design: [name for name in surveys if name.partition(".")[0] in questions]
        for design, questions in (*DESIGNS.items(), (FEWER, ("few",)))
    }
    rows = []
    for design, names in columns.items():
        for name, truth in truths(explanations, worlds).items():
            auc, error = _auc(surveys[names].to_numpy(float), truth, worlds["world"].to_numpy())
            rows.append({"explanation": name, "design": design, "auc": auc, "error": error})
    return pd.DataFrame(rows)


def _with_squares(numbers: np.ndarray) -> np.ndarray:
    return np.hstack([numbers, numbers**2])


def _auc(numbers: np.ndarray, truth: np.ndarray, world: np.ndarray) -> tuple[float, float]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import PredefinedSplit, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    classifier = make_pipeline(
        StandardScaler(), FunctionTransformer(_with_squares), StandardScaler(),
        LogisticRegression(solver="newton-cholesky", C=0.02),
    )  # fmt: skip
    folds = PredefinedSplit(world % FOLDS)
    probability = cross_val_predict(classifier, numbers, truth, cv=folds, method="predict_proba")[:, 1]
    auc = float(roc_auc_score(truth, probability))
    return auc, _error(auc, int(truth.sum()), int((1 - truth).sum()))


def _error(auc: float, on: int, off: int) -> float:
    """Return the standard error of an AUC (Hanley and McNeil 1982)."""
    first, second = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    variance = auc * (1 - auc) + (on - 1) * (first - auc**2) + (off - 1) * (second - auc**2)
    return float(np.sqrt(variance / (on * off)))
