"""Simple rules for the conditions under which a ranking reverses: small trees over the factors of a design.

With hundreds of factors and a few hundred draws, some tree always fits the draws it was trained on. A rule is therefore
reported only if its cross-validated accuracy is clearly above guessing and above that of trees trained on permuted
answers. Its counts come from the half of the draws that it was not trained on.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.studies.ranking.statistics import wilson

if TYPE_CHECKING:
    import pandas as pd

MAX_DEPTH, MIN_LEAF, FOLDS = 2, 0.05, 5
"""Depth of a tree, smallest share of draws in a leaf, and parts of the cross-validation."""
SCREENED = 30
"""Factors that a tree may use, chosen by an F test within the draws that the tree is trained on."""
MIN_GAIN = 0.02
"""Accuracy that a deeper tree must add."""
MIN_ANSWERS = 15
"""Draws of each answer that a rule needs."""
_SEED = 1
_SHARES = ("use", "hoops", "well", "transition")
"""Numbers of a measure that are not amounts by which it moves a condition."""


@dataclass(frozen=True)
class Bound:
    """A factor above a value, or at most that value."""

    factor: str
    above: bool
    value: float


@dataclass(frozen=True)
class Leaf:
    """Draws within some bounds: their number in the held-out half, and how many of them answer yes."""

    bounds: tuple[Bound, ...]
    worlds: int
    yes: int

    @property
    def share(self) -> float:
        """Return the share that answers yes; nan without draws."""
        return self.yes / self.worlds if self.worlds else np.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Return Wilson's 95% interval of the share."""
        return wilson(self.yes, self.worlds)


@dataclass(frozen=True)
class Rule:
    """The rule for a yes-or-no question about `worlds` draws, of which `yes` answer yes; without leaves there is none.

    `accuracy` is cross-validated and balanced: 0.5 is guessing; nan where too few draws answer yes, or no. `permuted`
    is the highest accuracy of trees trained on permuted answers; nan where `accuracy` was too low to compute it.
    """

    worlds: int
    yes: int
    accuracy: float = np.nan
    permuted: float = np.nan
    leaves: tuple[Leaf, ...] = ()


def find_rule(factors: pd.DataFrame, answers: np.ndarray, min_accuracy: float, permutations: int) -> Rule:
    """Return the simple rule that separates yes from no, if there is one.

    `factors` has a row per draw and a column of numbers per factor. A rule needs a balanced accuracy of `min_accuracy`,
    and must beat every one of the random `permutations` of the answers.
    """
    answers = np.asarray(answers, bool)
    total, yes = len(answers), int(answers.sum())
    if min(yes, total - yes) < MIN_ANSWERS or not factors.shape[1]:
        return Rule(total, yes)
    values = factors.to_numpy(np.float64)
    depth, accuracy = 1, _accuracy(values, answers, 1)
    for deeper in range(2, MAX_DEPTH + 1):
        if (higher := _accuracy(values, answers, deeper)) > accuracy + MIN_GAIN:
            depth, accuracy = deeper, higher
    if accuracy < min_accuracy:
        return Rule(total, yes, accuracy)
    rng = np.random.default_rng(_SEED)
    permuted = max((_accuracy(values, rng.permutation(answers), depth) for _ in range(permutations)), default=0.5)
    leaves = _leaves(factors, answers, depth) if accuracy > permuted else []
    return Rule(total, yes, accuracy, permuted, tuple(leaves) if len(leaves) > 1 else ())


def _tree(depth: int, factors: int) -> Any:
    """Return a pipeline of screening and tree; both answers weigh the same, however rare one is."""
    from sklearn.feature_selection import SelectKBest, f_classif
    from sklearn.pipeline import make_pipeline
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(
        max_depth=depth, min_samples_leaf=MIN_LEAF, class_weight="balanced", random_state=_SEED
    )  # fmt: skip
    return make_pipeline(SelectKBest(f_classif, k=min(SCREENED, factors)), tree)


def _accuracy(values: np.ndarray, answers: np.ndarray, depth: int) -> float:
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    parts = StratifiedKFold(FOLDS, shuffle=True, random_state=_SEED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a factor that is constant within a part has no F
        scores = cross_val_score(
            _tree(depth, values.shape[1]), values, answers, scoring="balanced_accuracy", cv=parts, error_score="raise"
        )
    return float(scores.mean())


# -- leaves -----------------------------------------------------------------------------------------------------------


def _leaves(factors: pd.DataFrame, answers: np.ndarray, depth: int) -> list[Leaf]:
    """Train a tree on one half of the draws and return its leaves as counted in the other half."""
    from sklearn.model_selection import train_test_split

    training, held_out = train_test_split(
        np.arange(len(answers)), test_size=0.5, stratify=answers, random_state=_SEED
    )  # fmt: skip
    values = factors.to_numpy(np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipeline = _tree(depth, values.shape[1]).fit(values[training], answers[training])
    screen, tree = (step for _, step in pipeline.steps)
    names = [str(name) for name in np.asarray(factors.columns)[screen.get_support()]]
    return _leaves_below(tree.tree_, 0, (), names, factors.iloc[held_out], answers[held_out])


def _leaves_below(
    tree: Any, node: int, bounds: tuple[Bound, ...], names: Sequence[str], factors: pd.DataFrame, answers: np.ndarray
) -> list[Leaf]:
    """Return the leaves below a node; two sibling leaves whose intervals overlap become one."""
    inside = np.ones(len(answers), bool)
    for bound in bounds:
        inside &= (factors[bound.factor].to_numpy(np.float64) > bound.value) == bound.above
    here = Leaf(bounds, int(inside.sum()), int(answers[inside].sum()))
    children = tree.children_left[node], tree.children_right[node]
    if children[0] < 0:
        return [here]
    name, value = names[tree.feature[node]], float(tree.threshold[node])
    low, high = (
        _leaves_below(tree, child, (*bounds, Bound(name, above, value)), names, factors, answers)
        for child, above in zip(children, (False, True), strict=True)
    )
    return [here] if len(low) == len(high) == 1 and _overlap(low[0], high[0]) else [*low, *high]


def _overlap(one: Leaf, other: Leaf) -> bool:
    """Return whether the intervals overlap, which those without draws always do."""
    return not (one.interval[0] > other.interval[1] or other.interval[0] > one.interval[1])


# -- factors as numbers and in words ----------------------------------------------------------------------------------


def as_numbers(design: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of a design that vary and have no blank, as numbers.

    A column of options becomes one column of 0 and 1 per option, named `<factor>=<option>`.
    """
    import pandas as pd

    columns: dict[str, pd.Series] = {}
    for name, values in design.items():
        if values.isna().any() or values.nunique() < 2:
            continue
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            columns[str(name)] = values.astype(float)
        else:
            options = sorted(values.unique(), key=str)
            columns |= {f"{name}={option}": (values == option).astype(float) for option in options}
    return pd.DataFrame(columns, index=design.index)


def describe_bounds(bounds: Sequence[Bound], units: Mapping[str, str]) -> str:
    """Return the bounds of a leaf in words, as in `night (recovery) is above 0.21 sd/sd`; `units` are by factor."""
    by_factor: dict[str, list[Bound]] = {}
    for bound in bounds:
        by_factor.setdefault(bound.factor, []).append(bound)
    return " and ".join(_describe(own, units.get(name, "")) for name, own in by_factor.items())


def _describe(bounds: Sequence[Bound], unit: str) -> str:
    name, option = _label(bounds[0].factor)
    if option:
        return f"{name} is {'' if bounds[-1].above else 'not '}{option}"
    if unit == "switch":
        return f"{name} is switched {'on' if bounds[-1].above else 'off'}"
    ends = [f"{'above' if bound.above else 'at most'} {bound.value:.2g}" for bound in bounds]
    return f"{name} is {' and '.join(ends)} {unit}".rstrip()


def describe_factors(
    leaves: Sequence[Leaf], factors: pd.DataFrame, units: Mapping[str, str], notes: Mapping[str, str]
) -> str:
    """Return the note and the range of each factor of a rule, as in `night (recovery): from 0.05 to 0.3 sd/sd`."""
    descriptions = []
    for name in dict.fromkeys(bound.factor for leaf in leaves for bound in leaf.bounds):
        label, option = _label(name)
        is_number = not option and units.get(name) != "switch"
        span = f"{_range(factors[name])} {units.get(name, '')}".rstrip() if is_number else ""
        if text := ", ".join(part for part in (notes.get(name, ""), span) if part):
            descriptions.append(f"{label}: {text}")
    return "; ".join(descriptions)


def _range(values: pd.Series) -> str:
    """Return the lowest and highest value, rounded to about a tenth of the distance between them."""
    digits = 1 - int(np.floor(np.log10(values.max() - values.min())))
    low, high = (round(float(end), digits) + 0.0 for end in (values.min(), values.max()))
    return f"from {low:g} to {high:g}"


def _label(factor: str) -> tuple[str, str]:
    """Return a factor in plain words, and the option where it stands for one."""
    name, _, option = factor.partition("=")
    top, _, rest = name.partition(".")
    owner, own = (part.replace("_", " ") for part in (rest.partition(".")[0], rest.partition(".")[2]))
    if top == "measures":
        return (f"{own} of {owner}" if own in _SHARES else f"effect of {owner} on {own}"), option
    if top == "mechanisms":
        return f"{own} ({owner})", option
    return name.replace("_", " "), option
