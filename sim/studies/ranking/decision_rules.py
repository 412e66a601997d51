"""Where a ranking flips: a small tree over the factors of a design, put into words, or the word that there is none.

With hundreds of factors and a few hundred worlds some tree always fits the worlds it was made from. So a tree counts
only if, made from four fifths of the worlds, it sorts the other fifth clearly better than guessing does, and better
than trees made from shuffled answers; and what it says is made from one half of the worlds and counted in the other.
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

DEPTH, LEAF, FOLDS = 2, 0.05, 5
"""Questions in a row at most, least share of worlds in a leaf, and parts of the cross-validation."""
SCREENED = 30
"""Factors kept for a tree, by an F test made anew in each part, on what the tree itself is made from."""
DEEPER = 0.02
"""By how much more a second question must sort rightly to be asked."""
FEWEST = 15
"""Worlds of each answer below which no rule is looked for."""
_SEED = 1
_OF_USE = ("use", "hoops", "well", "transition")
"""Numbers of a measure that are no amounts of what it moves."""


@dataclass(frozen=True)
class Bound:
    """A factor above a value, or up to it."""

    factor: str
    above: bool
    value: float


@dataclass(frozen=True)
class Leaf:
    """Worlds within some bounds: how many there are in the half that was kept for counting, and how many say yes."""

    bounds: tuple[Bound, ...]
    worlds: int
    yes: int

    @property
    def share(self) -> float:
        """The share that says yes; nan where no world is left."""
        return self.yes / self.worlds if self.worlds else np.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95% interval of the share."""
        return wilson(self.yes, self.worlds)


@dataclass(frozen=True)
class Rule:
    """What a tree says of a question of yes or no, asked of `worlds` worlds of which `yes` said yes.

    accuracy  the mean share sorted rightly of those who say yes and of those who say no, in worlds that the tree was
              not made from; 0.5 is guessing; nan where too few say yes, or no
    by_luck   the best that trees made from shuffled answers reach; nan where accuracy was too low to ask
    leaves    empty where there is no simple rule, or too few worlds to look for one
    """

    worlds: int
    yes: int
    accuracy: float = np.nan
    by_luck: float = np.nan
    leaves: tuple[Leaf, ...] = ()


def rule(factors: pd.DataFrame, answers: np.ndarray, clear: float, shuffles: int) -> Rule:
    """The simple rule that tells which worlds say yes, if there is one.

    `factors` has a row a world and a column of numbers a factor, `answers` (world,) bool. `clear` is the accuracy from
    which a rule counts (above 0.5), `shuffles` how many times the answers are shuffled to see what luck reaches; the
    rule must beat them all.
    """
    answers = np.asarray(answers, bool)
    counts = len(answers), int(answers.sum())
    if min(counts[1], counts[0] - counts[1]) < FEWEST or not factors.shape[1]:
        return Rule(*counts)
    given = factors.to_numpy(np.float64)
    accuracies = [_accuracy(given, answers, depth) for depth in range(1, DEPTH + 1)]
    depth = 1
    for deeper, accuracy in enumerate(accuracies[1:], start=2):
        if accuracy > accuracies[depth - 1] + DEEPER:
            depth = deeper
    accuracy = accuracies[depth - 1]
    if accuracy < clear:
        return Rule(*counts, accuracy)
    rng = np.random.default_rng(_SEED)
    by_luck = max(_accuracy(given, rng.permutation(answers), depth) for _ in range(shuffles)) if shuffles else 0.5
    leaves = _leaves(factors, answers, depth) if accuracy > by_luck else ()
    return Rule(*counts, accuracy, by_luck, leaves if len(leaves) > 1 else ())


def _tree(depth: int, factors: int) -> Any:
    """Screening and tree, both made from the same worlds; yes and no weigh alike, however rare."""
    from sklearn.feature_selection import SelectKBest, f_classif
    from sklearn.pipeline import make_pipeline
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(
        max_depth=depth, min_samples_leaf=LEAF, class_weight="balanced", random_state=_SEED
    )  # fmt: skip
    return make_pipeline(SelectKBest(f_classif, k=min(SCREENED, factors)), tree)


def _accuracy(given: np.ndarray, answers: np.ndarray, depth: int) -> float:
    """Cross-validated balanced accuracy."""
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    parts = StratifiedKFold(FOLDS, shuffle=True, random_state=_SEED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a factor that never varies within a part has no F
        found = cross_val_score(
            _tree(depth, given.shape[1]), given, answers, scoring="balanced_accuracy", cv=parts, error_score="raise"
        )
    return float(found.mean())


# -- from a tree to leaves --------------------------------------------------------------------------------------------


def _leaves(factors: pd.DataFrame, answers: np.ndarray, depth: int) -> tuple[Leaf, ...]:
    """The leaves of a tree made from one half of the worlds, counted in the other.

    Leaves that stand beside each other and whose intervals overlap are one.
    """
    from sklearn.model_selection import train_test_split

    rows = np.arange(len(answers))
    made_from, counted = train_test_split(rows, test_size=0.5, stratify=answers, random_state=_SEED)
    given = factors.to_numpy(np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        screen, tree = (
            step for _, step in _tree(depth, given.shape[1]).fit(given[made_from], answers[made_from]).steps
        )
    names = np.asarray(factors.columns)[screen.get_support()]
    columns = {name: factors[name].to_numpy(np.float64)[counted] for name in names}
    return tuple(_below(tree.tree_, 0, (), names, columns, answers[counted]))


def _below(
    tree: Any,
    node: int,
    bounds: tuple[Bound, ...],
    names: Sequence[str],
    columns: Mapping[str, np.ndarray],
    answers: np.ndarray,
) -> list[Leaf]:
    """The leaves below a node; `columns` and `answers` are of all worlds that are counted."""
    inside = np.ones(len(answers), bool)
    for bound in bounds:
        inside &= (columns[bound.factor] > bound.value) == bound.above
    here = Leaf(bounds, int(inside.sum()), int(answers[inside].sum()))
    children = tree.children_left[node], tree.children_right[node]
    if children[0] < 0:
        return [here]
    name, value = str(names[tree.feature[node]]), float(tree.threshold[node])
    sides = [
        _below(tree, child, (*bounds, Bound(name, above, value)), names, columns, answers)
        for child, above in zip(children, (False, True), strict=True)
    ]
    if all(len(side) == 1 for side in sides) and _overlap(sides[0][0], sides[1][0]):
        return [here]
    return [*sides[0], *sides[1]]


def _overlap(one: Leaf, other: Leaf) -> bool:
    """Whether the intervals overlap; those of no world overlap with everything."""
    (low, high), (other_low, other_high) = one.interval, other.interval
    return not (low > other_high or other_low > high)


# -- the factors of a design as numbers -------------------------------------------------------------------------------


def as_numbers(design: pd.DataFrame) -> pd.DataFrame:
    """The columns of a design that vary and have no blank, as numbers; each option of a choice is a column of its own.

    A column of options is named `<factor>=<option>` and holds 0 and 1.
    """
    import pandas as pd

    columns: dict[str, Any] = {}
    for name in design.columns:
        values = design[name]
        if values.isna().any() or values.nunique() < 2:
            continue
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            columns[name] = values.astype(float)
        else:
            columns |= {
                f"{name}={option}": (values == option).astype(float) for option in sorted(values.unique(), key=str)
            }
    return pd.DataFrame(columns, index=design.index)


# -- in words ---------------------------------------------------------------------------------------------------------


def in_words(bounds: Sequence[Bound], units: Mapping[str, str]) -> str:
    """What holds in a leaf, as in `night (recovery) is above 0.21 sd/sd`; `units` are of the factors that have one."""
    by_factor: dict[str, list[Bound]] = {}
    for bound in bounds:
        by_factor.setdefault(bound.factor, []).append(bound)
    return " and ".join(_told(own, units.get(name, "")) for name, own in by_factor.items())


def _told(bounds: Sequence[Bound], unit: str) -> str:
    name, option = _named(bounds[0].factor)
    if option:
        return f"{name} is {'' if bounds[-1].above else 'not '}{option}"
    if unit == "switch":
        return f"{name} is {'at work' if bounds[-1].above else 'switched off'}"
    ends = [f"{'above' if bound.above else 'at most'} {bound.value:.2g}" for bound in bounds]
    return f"{name} is {' and '.join(ends)}{f' {unit}' if unit else ''}"


def explained(leaves: Sequence[Leaf], factors: pd.DataFrame, units: Mapping[str, str], notes: Mapping[str, str]) -> str:
    """What the factors of a rule are, as in `night (recovery): drawn from 0.05 to 0.3 sd/sd`.

    `factors` is the table of numbers that the tree was made from; `notes` are of the factors that have one.
    """
    told = []
    for name in dict.fromkeys(bound.factor for leaf in leaves for bound in leaf.bounds):
        label, option = _named(name)
        is_number = not option and units.get(name) != "switch"
        span = f"drawn from {_span(factors[name])} {units.get(name, '')}".rstrip()
        said = ", ".join(part for part in (notes.get(name, ""), span if is_number else "") if part)
        told += [f"{label}: {said}"] if said else []
    return "; ".join(told)


def _span(drawn: pd.Series) -> str:
    """From the lowest to the highest value drawn, to about a tenth of the way between them."""
    digits = 1 - int(np.floor(np.log10(drawn.max() - drawn.min())))
    low, high = (round(float(end), digits) + 0.0 for end in (drawn.min(), drawn.max()))
    return f"{low:g} to {high:g}"


def _named(factor: str) -> tuple[str, str]:
    """A factor as people would say it, and the option where it stands for one."""
    name, _, option = factor.partition("=")
    top, _, rest = name.partition(".")
    owner, own = (part.replace("_", " ") for part in (rest.partition(".")[0], rest.partition(".")[2]))
    if top == "measures":
        return (f"{own} of {owner}" if own in _OF_USE else f"what {owner} does to {own}"), option
    if top == "mechanisms":
        return f"{own} ({owner})", option
    return name.replace("_", " "), option
