"""Which explanation is on, given what the study of 2022 reports: weights by a classifier that has seen virtual studies.

The classifier (logistic regression) learns from the reports of virtual studies whether an explanation was on in their
world. Its chance at the report of 2022 is the explanation's weight; a weight equal to the prior says that the report
cannot tell. Whether weights deserve the name is asked of worlds that the classifier has not seen.

    explanations  chance that each is on, by itself, prior as stated in the settings
    amount        what measures do for their users, in steps; the first step is no effect at all
    behind        luck alone (answers dealt anew over the same people), real answers without any effect of measures,
                  real answers with one; a third each beforehand

What a report consists of may be looked at in parts: the *findings* (what is significant where), the *numbers* (how many
measures are known, how many answers differ), *both*; and *counts* alone: how many favourable and unfavourable relations
there are, wherever they stand. Findings name the very relations that the study came to name, which favours an effect;
counts do not know them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import UserError
from sim.studies.vanishing.explanations import NO_EFFECT, Explanation
from sim.studies.vanishing.pattern import CONTACT, COUNTS, EMPLOYERS, JOINT, NUMBERS, PARTS, QUIET, shows

if TYPE_CHECKING:
    import pandas as pd

FINDINGS, BOTH_KINDS, BY_COUNTS = "findings", "both", "counts"
_FINDINGS, _NUMBERS = tuple(part.name for part in PARTS), tuple(NUMBERS)
REPORTS: Mapping[str, tuple[str, ...]] = {
    FINDINGS: _FINDINGS, "numbers": _NUMBERS, BOTH_KINDS: (*_FINDINGS, *_NUMBERS), BY_COUNTS: COUNTS,
}  # fmt: skip
"""Which columns of a report are looked at."""
FOLDS = 5
INTERVAL = (5.0, 95.0)
"""Percentiles over resamples of the worlds."""
STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Ends of the steps of the amount, as shares of the largest of the prior; before the first stands no effect."""
AMOUNT, BEHIND = "amount", "behind"
WHAT_IS_BEHIND = ("luck alone", "answers, no effect", "an effect")
PENALTIES = (1e-4, 1e-3, 1e-2)
"""Of the classifier (sklearn's C): the one that predicts best in cross-validation over worlds is taken."""
BINS = 5


@dataclass(frozen=True)
class Asked:
    """One thing that the classifier is asked: of each row what it sees, the true class, and its world."""

    name: str
    classes: tuple[str, ...]
    seen: pd.DataFrame
    truth: np.ndarray
    prior: np.ndarray
    world: np.ndarray

    @property
    def row_weights(self) -> np.ndarray:
        """(row,) so that the classes have their prior shares."""
        shares = np.bincount(self.truth, minlength=len(self.classes)) / len(self.truth)
        return (self.prior / np.maximum(shares, 1e-12))[self.truth]

    @property
    def reports(self) -> tuple[str, ...]:
        """Which kinds of report are looked at: counts only where it is asked what is behind them."""
        return tuple(kind for kind in REPORTS if kind != BY_COUNTS or self.name in (AMOUNT, BEHIND))


def asked(
    explanations: Sequence[Explanation], tables: Mapping[str, pd.DataFrame], told: pd.DataFrame, dealt: pd.DataFrame
) -> list[Asked]:
    """Everything that is asked: of the worlds and their reports (`told`), and the same dealt anew (`dealt`)."""
    import pandas as pd

    worlds, world = tables["worlds"].set_index("world"), tables["studies"]["world"].to_numpy()
    of_study = worlds.loc[world]
    truths = {one.name: (of_study[f"on.{one.name}"].to_numpy(int), one.prior) for one in explanations}
    second = (of_study["reading"].to_numpy() == 2).astype(int)
    truths["second_reading"] = (second, float(second.mean()))
    questions = [
        Asked(name, ("off", "on"), told, truth, np.array([1 - prior, prior]), world)
        for name, (truth, prior) in truths.items()
    ]
    amount, effect = of_study["amount"].to_numpy(float), 1 - of_study[f"on.{NO_EFFECT}"].to_numpy(int)
    questions.append(_of_amount(amount, effect, told, world))
    behind = np.concatenate([1 + effect, np.zeros(len(dealt), int)])
    thirds = np.full(len(WHAT_IS_BEHIND), 1 / len(WHAT_IS_BEHIND))
    every, places = pd.concat([told, dealt]), np.concatenate([world, tables["dealt"]["world"].to_numpy()])
    return [*questions, Asked(BEHIND, WHAT_IS_BEHIND, every, behind, thirds, places)]


def _of_amount(amount: np.ndarray, effect: np.ndarray, seen: pd.DataFrame, world: np.ndarray) -> Asked:
    ends = np.array(STEPS) * amount.max()
    step = np.where(effect > 0, np.clip(np.digitize(amount, ends[1:-1]) + 1, 1, len(STEPS) - 1), 0)
    names = ("none", *(f"{low:.2g} to {high:.2g}" for low, high in pairwise(ends)))
    prior = np.bincount(step, minlength=len(names)) / len(step)
    return Asked(AMOUNT, names, seen, step, prior, world)


# -- weights ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Weighed:
    """weights, recovery, calibration: tables as `weigh` tells."""

    weights: pd.DataFrame
    recovery: pd.DataFrame
    calibration: pd.DataFrame


def weigh(questions: Sequence[Asked], report: pd.DataFrame, resamples: int, seed: int) -> Weighed:
    """Weights at the report of 2022, and how far they can be believed; one row for each question, report and class.

    weights      `prior`, `weight` at the report, `low` and `high` over resampled worlds
    recovery     in worlds not seen: mean chance where the class is true and where not (`where_true`, `where_not`); of
                 two studies, one with and one without, how often the right one gets the higher chance (`told_apart`,
                 .5 is guessing); and of the `near` studies that show two of the three findings on contact the mean
                 chance (`near_chance`) and the share that is true (`near_share`)
    calibration  for each fifth of the chances their mean and the share that is true
    """
    import pandas as pd

    weights, recovery, calibration = [], [], []
    for question in questions:
        for kind in question.reports:
            numbers, here = _in_numbers(question.seen, kind), _in_numbers(report, kind)
            penalty, chance = _best_penalty(question, numbers, question.row_weights), _out_of_fold(question, numbers)
            same = [{"question": question.name, "report": kind, "class": name} for name in question.classes]
            weight = _learned(question, numbers, question.row_weights, penalty).predict_proba(here)[0]
            ends = _interval(question, numbers, here, penalty, resamples, seed)
            for place, row in enumerate(same):
                if row["class"] == "off":
                    continue
                weights.append(
                    {**row, "prior": question.prior[place], "weight": weight[place], "low": ends[0][place],
                     "high": ends[1][place]}
                )  # fmt: skip
                recovery.append({**row, "prior": question.prior[place], **_recovered(question, place, chance)})
                calibration += [{**row, **fifth} for fifth in _calibrated(question, place, chance)]
    return Weighed(*map(pd.DataFrame, (weights, recovery, calibration)))


def _in_numbers(reports: pd.DataFrame, kind: str) -> np.ndarray:
    """(report, number): what the classifier sees, numbers with their squares about the middle of what is possible."""
    columns = REPORTS[kind]
    plain = reports[list(columns)].to_numpy(float)
    bent = [reports[name].to_numpy(float) for name in columns if name not in _FINDINGS]
    return np.hstack([plain, *((values[:, None] - _MIDDLE) ** 2 for values in bent)])


_MIDDLE = 6.0
"""Of numbers between 0 and 15, so that a square bends within them; what it is hardly matters."""


def _learned(question: Asked, numbers: np.ndarray, row_weights: np.ndarray, penalty: float) -> Any:
    """A classifier that has seen the rows with a weight."""
    try:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
    except ImportError:
        raise UserError("vanishing_measures needs scikit-learn; install hybridwork[analysis]") from None
    rows = row_weights > 0
    made = make_pipeline(StandardScaler(), LogisticRegression(solver="newton-cholesky", C=penalty))
    return made.fit(numbers[rows], question.truth[rows], logisticregression__sample_weight=row_weights[rows])


def _best_penalty(question: Asked, numbers: np.ndarray, row_weights: np.ndarray) -> float:
    """The penalty that predicts best, by cross-validation over the worlds of the rows that have a weight."""

    def loss(penalty: float) -> float:
        chance, rows = np.zeros((len(question.truth), len(question.classes))), row_weights > 0
        for unseen in _folds(question):
            if (unseen & rows).any():
                fitted = _learned(question, numbers, np.where(unseen, 0.0, row_weights), penalty)
                chance[unseen] = fitted.predict_proba(numbers[unseen])
        own = chance[np.arange(len(chance)), question.truth][rows]
        return float(-np.average(np.log(np.maximum(own, 1e-12)), weights=row_weights[rows]))

    return min(PENALTIES, key=loss)


def _out_of_fold(question: Asked, numbers: np.ndarray) -> np.ndarray:
    """(row, class) chances by classifiers that have not seen the row's world, not for the choice of penalty either."""
    chance = np.zeros((len(question.truth), len(question.classes)))
    for unseen in _folds(question):
        weights = np.where(unseen, 0.0, question.row_weights)
        penalty = _best_penalty(question, numbers, weights)
        chance[unseen] = _learned(question, numbers, weights, penalty).predict_proba(numbers[unseen])
    return chance


def _folds(question: Asked) -> Iterator[np.ndarray]:
    """(row,) masks that split the rows by their worlds."""
    return (question.world % FOLDS == number for number in range(FOLDS))


def _interval(
    question: Asked, numbers: np.ndarray, here: np.ndarray, penalty: float, resamples: int, seed: int
) -> np.ndarray:
    """(2, class) ends of the weights where worlds are drawn anew with replacement."""
    known, row = np.unique(question.world, return_inverse=True)
    found = []
    for luck in _lucks(seed, question.name, resamples):
        times = np.bincount(luck.integers(0, len(known), len(known)), minlength=len(known))
        found.append(_learned(question, numbers, question.row_weights * times[row], penalty).predict_proba(here)[0])
    return np.percentile(np.array(found), INTERVAL, axis=0)


def _lucks(seed: int, name: str, count: int) -> Iterator[np.random.Generator]:
    letters = [ord(letter) for letter in name]
    return (np.random.default_rng([seed, number, *letters]) for number in range(count))


# -- whether the weights can be believed ------------------------------------------------------------------------------


def _recovered(question: Asked, place: int, chance: np.ndarray) -> dict[str, float]:
    from sklearn.metrics import roc_auc_score

    true, given, weight = question.truth == place, chance[:, place], question.row_weights
    near = question.seen[list(CONTACT)].sum(axis=1).to_numpy() >= len(CONTACT) - 1
    found = {
        "where_true": np.average(given[true], weights=weight[true]),
        "where_not": np.average(given[~true], weights=weight[~true]),
        "told_apart": roc_auc_score(true, given, sample_weight=weight),
        "near": float(near.sum()),
        "near_chance": np.average(given[near], weights=weight[near]) if near.any() else np.nan,
        "near_share": np.average(true[near], weights=weight[near]) if near.any() else np.nan,
    }
    return {name: float(value) for name, value in found.items()}


def _calibrated(question: Asked, place: int, chance: np.ndarray) -> list[dict[str, float]]:
    true, given, weight = question.truth == place, chance[:, place], question.row_weights
    fifths = np.array_split(np.argsort(given, kind="stable"), BINS)
    return [
        {
            "fifth": number + 1,
            "chance": float(np.average(given[rows], weights=weight[rows])),
            "share": float(np.average(true[rows], weights=weight[rows])),
        }
        for number, rows in enumerate(fifths)
    ]


# -- without a classifier ---------------------------------------------------------------------------------------------


def counted(tables: Mapping[str, pd.DataFrame], told: pd.DataFrame, dealt: pd.DataFrame) -> pd.DataFrame:
    """The share of virtual studies that show parts of the pattern, and mean counts, by what is behind them.

    few        as few significant relations of what is known with the risks as the study reports, both signs together
    any_wrong  at least one significant relation of the wrong sign with the employer's answers
    """
    import pandas as pd

    effect = tables["worlds"].set_index("world")[f"on.{NO_EFFECT}"].loc[tables["studies"]["world"]].to_numpy() == 0
    reported = sum(part.reported for part in PARTS)
    rows = []
    for name, own in zip(WHAT_IS_BEHIND, (dealt, told[~effect], told[effect]), strict=True):
        together = {"quiet": QUIET, "contact": CONTACT, "joint": JOINT}
        row = {what: float(shows(own, parts).mean()) for what, parts in together.items()}
        row["any_contact"] = float(own[list(CONTACT)].max(axis=1).mean())
        row["two_contact"] = float((own[list(CONTACT)].sum(axis=1) >= len(CONTACT) - 1).mean())
        row |= {part.name: float((own[part.name] == part.reported).mean()) for part in PARTS}
        row |= {count: float(own[count].mean()) for count in (*COUNTS, *EMPLOYERS)}
        row["any_wrong"] = float((own[EMPLOYERS[1]] > 0).mean())
        row["few"] = float((own[list(COUNTS)].sum(axis=1) <= reported).mean())
        rows.append({"behind": name, "studies": len(own), **row})
    return pd.DataFrame(rows)
