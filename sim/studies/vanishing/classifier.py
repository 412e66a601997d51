"""Posterior probability of each explanation given the report of 2022, from a classifier of simulated studies.

The classifier (logistic regression) learns from reports of simulated studies whether an explanation was on in their
world. Its probability at the report of 2022 is the weight of the explanation. A weight equal to the prior means that
the report does not discriminate. Worlds that the classifier was not fitted to show whether its probabilities are valid.

    explanations  probability that each is on, with the prior of the settings
    amount        effect of measures on their users, in steps. The first step is no effect at all.
    behind        chance alone (permuted outcomes), answers without an effect of measures, or with one; a third each

A report has *findings* (what is significant), *numbers* (how many measures are known, how many answers differ) or
*both*. *Counts* are the numbers of favourable and unfavourable significant relations, wherever they are. Findings
contain the relations that the study chose to report, which favours an effect; counts do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.studies.vanishing.explanations import NO_EFFECT, Explanation
from sim.studies.vanishing.pattern import CONTACT, COUNTS, EMPLOYERS, NUMBERS, PARTS, agreement
from sim.studies.vanishing.survey_designs import DESIGNS, FEW

if TYPE_CHECKING:
    import pandas as pd

FINDINGS, NUMBERS_ONLY, BOTH_KINDS, BY_COUNTS = "findings", "numbers", "both", "counts"
_FINDINGS, _NUMBERS = tuple(part.name for part in PARTS), tuple(NUMBERS)
REPORTS: Mapping[str, tuple[str, ...]] = {
    FINDINGS: _FINDINGS, NUMBERS_ONLY: _NUMBERS, BOTH_KINDS: (*_FINDINGS, *_NUMBERS), BY_COUNTS: COUNTS,
}  # fmt: skip
"""Columns of each kind of report."""
FOLDS = 5
INTERVAL = (5.0, 95.0)
"""Percentiles over resamples of the worlds."""
STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Bounds of the steps of the amount, as shares of the largest one. No effect comes before the first step."""
AMOUNT, BEHIND, SECOND = "amount", "behind", "second_reading"
ORIGINS = ("chance alone", "answers, no effect", "an effect")
"""Possible origins of a report."""
PENALTIES = (1e-4, 1e-3, 1e-2)
"""Values of C of the classifier. Cross-validation over worlds selects the one that predicts best."""
BINS = 5
FEWER = f"all together, {FEW} employers"
"""The widest survey design in a small study."""
Tables = Mapping[str, "pd.DataFrame"]


@dataclass(frozen=True)
class ClassificationTask:
    """A question for the classifier: by row the report, the true class and the world."""

    name: str
    classes: tuple[str, ...]
    rows: pd.DataFrame
    truth: np.ndarray
    prior: np.ndarray
    world: np.ndarray

    @property
    def row_weights(self) -> np.ndarray:
        """Weights (row,) that give the classes their prior shares."""
        shares = np.bincount(self.truth, minlength=len(self.classes)) / len(self.truth)
        return (self.prior / np.maximum(shares, 1e-12))[self.truth]

    @property
    def reports(self) -> tuple[str, ...]:
        """Kinds of report to use: counts only for the amount and the origin."""
        return tuple(kind for kind in REPORTS if kind != BY_COUNTS or self.name in (AMOUNT, BEHIND))


def classification_tasks(
    explanations: Sequence[Explanation], tables: Tables, reports: pd.DataFrame, permuted: pd.DataFrame
) -> list[ClassificationTask]:
    """Return the tasks of all explanations, the amount and the origin, from real and permuted reports."""
    import pandas as pd

    world = tables["studies"]["world"].to_numpy()
    of_study = tables["worlds"].set_index("world").loc[world]
    priors, tasks = {one.name: one.prior for one in explanations}, []
    for name, truth in truths(explanations, of_study).items():
        prior = priors.get(name, float(truth.mean()))
        tasks.append(ClassificationTask(name, ("off", "on"), reports, truth, np.array([1 - prior, prior]), world))
    effect = 1 - of_study[f"on.{NO_EFFECT}"].to_numpy(int)
    step, names = _steps(of_study["amount"].to_numpy(float), effect)
    shares = np.bincount(step, minlength=len(names)) / len(step)
    tasks.append(ClassificationTask(AMOUNT, names, reports, step, shares, world))
    origin = np.concatenate([1 + effect, np.zeros(len(permuted), int)])
    thirds = np.full(len(ORIGINS), 1 / len(ORIGINS))
    every, worlds_of = pd.concat([reports, permuted]), np.concatenate([world, tables["permuted"]["world"].to_numpy()])
    return [*tasks, ClassificationTask(BEHIND, ORIGINS, every, origin, thirds, worlds_of)]


def truths(explanations: Sequence[Explanation], worlds: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return by explanation and, last, for the alternative counting whether it is on in each world, as 1 or 0."""
    own = {one.name: worlds[f"on.{one.name}"].to_numpy(int) for one in explanations}
    return {**own, SECOND: (worlds["reading"] == 2).to_numpy(int)}


def _steps(amount: np.ndarray, effect: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the step of each amount and the names of the steps."""
    ends = np.array(STEPS) * amount.max()
    step = np.where(effect > 0, np.clip(np.digitize(amount, ends[1:-1]) + 1, 1, len(STEPS) - 1), 0)
    return step, ("none", *(f"{low:.2g} to {high:.2g}" for low, high in pairwise(ends)))


# -- weights ----------------------------------------------------------------------------------------------------------


def weight_tables(
    tasks: Sequence[ClassificationTask], report: pd.DataFrame, resamples: int, seed: int
) -> dict[str, pd.DataFrame]:
    """Return tables of the weights at the report of 2022 and of their validity, with a row per task, report and class.

    - `weights`: `prior`, `weight`, and `low` and `high` over resamples of the worlds.
    - `recovery`, in unseen worlds: mean probability where the class is true and where not (`where_true`, `where_not`),
      the `auc`, and for the `near` studies with at least two of the three findings on contact the mean probability
      (`near_chance`) and the share in which the class is true (`near_share`).
    - `calibration`: mean probability and share in which the class is true, by fifth of the probabilities.
    """
    import pandas as pd

    weights, recovery, calibration = [], [], []
    for task in tasks:
        for kind in task.reports:
            numbers, here = _in_numbers(task.rows, kind), _in_numbers(report, kind)
            penalty = _best_penalty(task, numbers, task.row_weights)
            chance = _out_of_fold(task, numbers, task.row_weights)
            weight = _fit(task, numbers, task.row_weights, penalty).predict_proba(here)[0]
            low, high = _interval(task, numbers, here, penalty, resamples, seed)
            for place, name in enumerate(task.classes):
                if name == "off":
                    continue
                same = {"question": task.name, "report": kind, "class": name}
                prior = {**same, "prior": task.prior[place]}
                weights.append({**prior, "weight": weight[place], "low": low[place], "high": high[place]})
                recovery.append({**prior, **_recovery(task, place, chance)})
                calibration += [{**same, **fifth} for fifth in _calibration(task, place, chance)]
    tables = {"weights": weights, "recovery": recovery, "calibration": calibration}
    return {name: pd.DataFrame(rows) for name, rows in tables.items()}


def _in_numbers(reports: pd.DataFrame, kind: str) -> np.ndarray:
    """Return (report, number): the columns of a report, and squares of its numbers about a middle value."""
    columns = REPORTS[kind]
    linear = reports[list(columns)].to_numpy(float)
    numbers = [reports[name].to_numpy(float) for name in columns if name not in _FINDINGS]
    return np.hstack([linear, *((values[:, None] - _MIDDLE) ** 2 for values in numbers)])


_MIDDLE = 6.0
"""Middle of numbers between 0 and 15. Its exact value hardly matters."""


def _fit(task: ClassificationTask, numbers: np.ndarray, row_weights: np.ndarray, penalty: float) -> Any:
    """Return a classifier that is fitted to the rows with a positive weight."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows = row_weights > 0
    classifier = make_pipeline(StandardScaler(), LogisticRegression(solver="newton-cholesky", C=penalty))
    return classifier.fit(numbers[rows], task.truth[rows], logisticregression__sample_weight=row_weights[rows])


def _best_penalty(task: ClassificationTask, numbers: np.ndarray, row_weights: np.ndarray) -> float:
    """Return the penalty that predicts best in cross-validation over the worlds of rows with a positive weight."""
    rows = row_weights > 0

    def loss(penalty: float) -> float:
        chance = _out_of_fold(task, numbers, row_weights, penalty)
        own = chance[np.arange(len(chance)), task.truth][rows]
        return float(-np.average(np.log(np.maximum(own, 1e-12)), weights=row_weights[rows]))

    return min(PENALTIES, key=loss)


def _out_of_fold(
    task: ClassificationTask, numbers: np.ndarray, row_weights: np.ndarray, penalty: float | None = None
) -> np.ndarray:
    """Return (row, class) probabilities by classifiers that do not use the row's world.

    Without a penalty each classifier has the best one for the worlds it uses.
    """
    chance = np.zeros((len(task.truth), len(task.classes)))
    for fold in range(FOLDS):
        unseen = task.world % FOLDS == fold
        if row_weights[unseen].any():
            weights = np.where(unseen, 0.0, row_weights)
            own = _best_penalty(task, numbers, weights) if penalty is None else penalty
            chance[unseen] = _fit(task, numbers, weights, own).predict_proba(numbers[unseen])
    return chance


def _interval(
    task: ClassificationTask, numbers: np.ndarray, here: np.ndarray, penalty: float, resamples: int, seed: int
) -> np.ndarray:
    """Return the (2, class) ends of the weights over worlds resampled with replacement."""
    known, row = np.unique(task.world, return_inverse=True)
    weights = []
    for number in range(resamples):
        random = np.random.default_rng([seed, number, *map(ord, task.name)])
        times = np.bincount(random.integers(0, len(known), len(known)), minlength=len(known))
        weights.append(_fit(task, numbers, task.row_weights * times[row], penalty).predict_proba(here)[0])
    return np.percentile(np.array(weights), INTERVAL, axis=0)


# -- validity of the weights ------------------------------------------------------------------------------------------


def _recovery(task: ClassificationTask, place: int, chance: np.ndarray) -> dict[str, float]:
    from sklearn.metrics import roc_auc_score

    true, own, weight = task.truth == place, chance[:, place], task.row_weights
    near = task.rows[list(CONTACT)].sum(axis=1).to_numpy() >= len(CONTACT) - 1

    def mean(values: np.ndarray, rows: np.ndarray) -> float:
        return float(np.average(values[rows], weights=weight[rows])) if rows.any() else np.nan

    return {
        "where_true": mean(own, true),
        "where_not": mean(own, ~true),
        "auc": float(roc_auc_score(true, own, sample_weight=weight)),
        "near": float(near.sum()),
        "near_chance": mean(own, near),
        "near_share": mean(true, near),
    }


def _calibration(task: ClassificationTask, place: int, chances: np.ndarray) -> list[dict[str, float]]:
    true, own, weight = task.truth == place, chances[:, place], task.row_weights
    fifths = np.array_split(np.argsort(own, kind="stable"), BINS)
    means = ([float(np.average(values[rows], weights=weight[rows])) for values in (own, true)] for rows in fifths)
    return [{"fifth": number, "chance": chance, "share": share} for number, (chance, share) in enumerate(means, 1)]


# -- discrimination of survey designs --------------------------------------------------------------------------------


def discrimination(explanations: Sequence[Explanation], tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return how well surveys of each design discriminate each explanation, with a row per explanation and design.

    A classifier learns from the numbers of the survey. Its AUC is the share of pairs of studies, one with the
    explanation and one without, in which the one with it gets the higher probability: 0.5 is guessing. It and its
    standard error are computed in worlds that the classifier was not fitted to.
    """
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


# -- shares of studies ------------------------------------------------------------------------------------------------


def pattern_shares(tables: Tables, reports: pd.DataFrame, permuted: pd.DataFrame) -> pd.DataFrame:
    """Return shares of simulated studies with parts of the pattern, and mean counts, by origin.

    - `few`: as few significant relations between known measures and risks as the study reports, of both signs together
    - `any_wrong`: at least one significant relation of the wrong sign with the employer's answers
    """
    import pandas as pd

    effect = tables["worlds"].set_index("world")[f"on.{NO_EFFECT}"].loc[tables["studies"]["world"]].to_numpy() == 0
    findings = sum(part.reported for part in PARTS)
    rows = []
    for name, own in zip(ORIGINS, (permuted, reports[~effect], reports[effect]), strict=True):
        row = agreement(own)
        row["two_contact"] = own[list(CONTACT)].sum(axis=1) >= len(CONTACT) - 1
        row |= {part.name: own[part.name] == part.reported for part in PARTS}
        row |= {count: own[count] for count in (*COUNTS, *EMPLOYERS)}
        row["any_wrong"] = own[EMPLOYERS[1]] > 0
        row["few"] = own[list(COUNTS)].sum(axis=1) <= findings
        rows.append(
            {"behind": name, "studies": len(own), **{what: float(values.mean()) for what, values in row.items()}}
        )
    return pd.DataFrame(rows)
