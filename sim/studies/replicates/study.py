"""How many replicates the smallest effect of interest needs, and what may be said with so many.

The procedure has two stages (Stein 1945). A pilot of n0 pairs of runs tells how much a difference spreads, s. Then

    n = max(n0, ceil((t s / h)²))

pairs are run in all, where h is half the smallest effect of interest, and t Student's quantile of n0 - 1 degrees of
freedom. The interval is the mean of all n, plus and minus t s / √n: the spread and the t are the pilot's alone. It is
then at most h to either side, and holds the true difference in 95 of 100 such studies, exactly where differences are
normal, since how many runs are added hangs on the pilot's spread, never on a mean, and nothing is looked at between.
One n, the largest that any policy and outcome needs, serves all of them; that keeps this so, and so does a most.

"No effect to speak of" is said of what is shown to be smaller than the smallest effect of interest, by two one-sided
tests at 5% (Schuirmann 1987): the 90% interval lies within plus and minus that effect.

Stein, C. (1945). A two-sample test for a linear hypothesis whose power is independent of the variance. Annals of
Mathematical Statistics, 16, 243-258. Schuirmann, D. J. (1987). A comparison of the two one-sided tests procedure and
the power approach for assessing the equivalence of average bioavailability. Journal of Pharmacokinetics and
Biopharmaceutics, 15, 657-680.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.config import composition, study_settings
from sim.engine.plan import BASELINE, Plan, check_memory
from sim.errors import UserError, as_written, instead, is_number
from sim.experiments import output_folder
from sim.experiments.designs import Design
from sim.experiments.factors import DesignContext
from sim.experiments.results import Results
from sim.experiments.sweep import Sweep, local_workers, named_folder, pool_of, retry_of, run_sweep
from sim.outcomes.definitions import OUTCOMES
from sim.outcomes.effects import CONFIDENCE
from sim.runs.identity import Identifier
from sim.runs.worker_pool import WorkerPool

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig

EQUIVALENCE = 0.90
"""The interval that lies within the smallest effect where two one-sided tests at 5% reject a larger one."""
OTHERS = {"half": 0.5, "same": 1.0, "twice": 2.0}
"""Smallest effects, as multiples of the one stated, for which the pairs needed are told too."""
_FEWEST = 2


@dataclass(frozen=True)
class Precision:
    """What `conf/study/replicates.yaml` may say under `precision`.

    smallest  outcome to its smallest effect of interest, in its unit; null leaves the outcome out
    pilot     pairs of runs of the first stage
    most      pairs of runs at most, both stages together
    """

    smallest: dict[str, Any]
    pilot: int
    most: int

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The outcomes that are looked at."""
        return tuple(self.smallest)


@dataclass(frozen=True)
class Pairs:
    """One policy and outcome: what replicates give with the policy and, on the same chance, as usual.

    `with_policy` and `as_usual` have one number a replicate, in the outcome's unit; the first `pilot` are the pilot's.
    """

    scenario: str
    kind: str
    outcome: str
    with_policy: np.ndarray
    as_usual: np.ndarray
    pilot: int

    @property
    def differences(self) -> np.ndarray:
        """With the policy less as usual."""
        return self.with_policy - self.as_usual

    @property
    def spread(self) -> float:
        """The standard deviation of the pilot's differences."""
        return float(np.std(self.differences[: self.pilot], ddof=1))


# -- the procedure ----------------------------------------------------------------------------------------------------


def pairs_needed(spread: float, pilot: int, half_width: float) -> int:
    """(t s / h)² rounded up, for the spread s of a pilot of so many pairs (Stein 1945); never fewer than two."""
    return max(_FEWEST, math.ceil((quantile(CONFIDENCE, pilot) * spread / half_width) ** 2))


def quantile(confidence: float, pilot: int) -> float:
    """Student's quantile for a two-sided interval from the spread of so many pairs."""
    from scipy.stats import t

    return float(t.ppf((1 + confidence) / 2, pilot - 1))


def enough(pairs: Sequence[Pairs], asked: Precision) -> int:
    """How many pairs are run in all: the largest number that any policy and outcome needs, within pilot and most."""
    needed = [pairs_needed(own.spread, own.pilot, half_width(asked.smallest[own.outcome])) for own in pairs]
    return min(max(asked.pilot, *needed), asked.most)


def half_width(smallest: float) -> float:
    """How far the interval may reach to either side: half the smallest effect of interest.

    An effect of nothing is then nearly always shown to be smaller than the smallest, and one of twice the smallest to
    be larger.
    """
    return smallest / 2


def interval(pairs: Pairs, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Stein's interval, low and high: about the mean of all pairs, with the pilot's spread and degrees of freedom."""
    mean = float(pairs.differences.mean())
    reach = quantile(confidence, pairs.pilot) * standard_error(pairs)
    return mean - reach, mean + reach


def standard_error(pairs: Pairs) -> float:
    """Of the mean difference of all pairs, from the spread of the pilot."""
    return pairs.spread / math.sqrt(len(pairs.differences))


def decision(pairs: Pairs, smallest: float) -> str:
    """What may be said of the difference: in plain words, and of no effect only where equivalence is shown."""
    low, high = interval(pairs)
    least, most = interval(pairs, EQUIVALENCE)
    equivalent = -smallest < least and most < smallest
    if low <= 0 <= high:
        margin = f"±{smallest:g}"
        return f"no effect to speak of: equivalent to none within {margin}" if equivalent else "not decided"
    moves = "lowers" if high < 0 else "raises"
    if low > smallest or high < -smallest:
        return f"{moves} by more than {smallest:g}"
    if equivalent:
        return f"{moves}, but by less than {smallest:g}"
    return f"{moves}, but not shown to be by more than {smallest:g}"


def stopping(pairs: Pairs, smallest: float, most: int) -> str:
    """Why no more pairs were run, as far as this policy and outcome are concerned."""
    low, high = interval(pairs)
    asked, reached = half_width(smallest), (high - low) / 2
    if pairs_needed(pairs.spread, pairs.pilot, asked) <= pairs.pilot:
        return "the pilot was enough"
    if pairs_needed(pairs.spread, pairs.pilot, asked) <= len(pairs.differences):
        return f"reached the half-width of {asked:g}"
    why = f"stopped at the most allowed, {most:,}" if len(pairs.differences) >= most else "some runs failed"
    return f"{why}: half-width {reached:.2g} instead of {asked:g}"


def pairing(pairs: Pairs) -> tuple[float, float]:
    """The correlation within the pairs, and how many times as many runs unpaired worlds would need.

    The latter is the variance of a difference of two worlds with nothing in common, over that of the paired one;
    nan or infinite where there is no chance in a world, or none in the difference.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        together = np.corrcoef(pairs.with_policy, pairs.as_usual)[0, 1]
        apart = np.var(pairs.with_policy, ddof=1) + np.var(pairs.as_usual, ddof=1)
        return float(together), float(apart / np.var(pairs.differences, ddof=1))


# -- both stages ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Settled:
    """The pairs of every policy and outcome, and how many further replicates failed."""

    pairs: list[Pairs]
    failed: int


def settled(
    ground: DesignContext, asked: Precision, folder: str | Path, crew: WorkerPool, retry: bool = False
) -> Settled:
    """Run the pilot, and then as many more pairs as it shows to be needed.

    What is in the folder is never run again, and what stands there beyond what is needed, as from a study of a smaller
    effect, is not looked at. Raises UserError where so many runs fail that there is no spread.
    """
    pilot = _run(ground, asked, folder, crew, asked.pilot, retry)
    count = enough(pairs_of(pilot, ground.plan, asked, asked.pilot), asked)
    pairs = pairs_of(_run(ground, asked, folder, crew, count), ground.plan, asked, count)
    return Settled(pairs, count - min(len(own.differences) for own in pairs))


def _run(
    ground: DesignContext, asked: Precision, folder: str | Path, crew: WorkerPool, count: int, retry: bool = False
) -> Results:
    return run_sweep(
        Sweep(ground, nothing_varied(), max(count, _begun(Results(folder)))),
        folder,
        crew,
        retry=retry,
        about={"precision": asdict(asked)},
    )


def _begun(before: Results) -> int:
    """How many replicates a folder was begun with; 0 where it does not say so as it was written."""
    try:
        return len(before.runs) if before.begun else 0
    except UserError:
        return 0  # which carry_out reports and mends


def nothing_varied() -> Design:
    """A design of one row, in which everything is as it is."""
    import pandas as pd

    return Design("replicates", (), pd.DataFrame(index=range(1)))


def pairs_of(results: Results, plan: Plan, asked: Precision, count: int) -> list[Pairs]:
    """The pairs of every policy and outcome among the first `count` replicates; those that failed are left out."""
    levels = results.levels(asked.outcomes)
    levels = levels[levels["replicate"] < count]
    found = []
    for outcome in asked.outcomes:
        wide = levels.pivot(index="replicate", columns="scenario", values=outcome).astype(float)
        for scenario in plan.scenarios[1:]:
            own = wide.reindex(columns=[scenario.name, BASELINE.name]).dropna()
            pilot = int((own.index < asked.pilot).sum())
            _check_spread(pilot, outcome, results)
            with_policy, as_usual = own.to_numpy().T
            found.append(Pairs(scenario.name, scenario.kind, outcome, with_policy, as_usual, pilot))
    return found


def _check_spread(pilot: int, outcome: str, results: Results) -> None:
    if pilot < _FEWEST:
        raise UserError(
            f"{pilot} pairs of the pilot have {outcome}, and a spread needs {_FEWEST}; "
            f"`hybridwork results {results.folder}` says what failed"
        )


# -- tables -----------------------------------------------------------------------------------------------------------


def findings(pairs: Sequence[Pairs], asked: Precision) -> pd.DataFrame:
    """One row for each policy and outcome.

    smallest, half_width        the smallest effect of interest, and half of it
    replicates, pilot, needed   pairs looked at, of which in the pilot, and what this policy and outcome alone needs
    difference, standard_error  the mean, and its error from the pilot's spread
    low, high                   Stein's 95% interval
    equivalence_low, _high      Stein's 90% interval, which two one-sided tests compare with plus and minus `smallest`
    decision, stopping          in words
    correlation, pairing        of the pair; how many times as many runs unpaired worlds would need
    needed_unpaired             the same in pairs; nan where there is no chance in the difference
    needed_half, _same, _twice  pairs needed for a smallest effect of half, as large as, and twice that stated
    """
    import pandas as pd

    return pd.DataFrame([_finding(own, asked.smallest[own.outcome], asked.most) for own in pairs])


def _finding(pairs: Pairs, smallest: float, most: int) -> dict[str, Any]:
    low, high = interval(pairs)
    equivalence_low, equivalence_high = interval(pairs, EQUIVALENCE)
    correlation, factor = pairing(pairs)
    needed = {
        name: pairs_needed(pairs.spread, pairs.pilot, half_width(smallest * times)) for name, times in OTHERS.items()
    }
    return {
        "scenario": pairs.scenario,
        "kind": pairs.kind,
        "outcome": pairs.outcome,
        "unit": OUTCOMES[pairs.outcome].unit,
        "smallest": smallest,
        "half_width": half_width(smallest),
        "replicates": len(pairs.differences),
        "pilot": pairs.pilot,
        "needed": max(pairs.pilot, needed["same"]),
        "difference": float(pairs.differences.mean()),
        "standard_error": standard_error(pairs),
        "low": low,
        "high": high,
        "equivalence_low": equivalence_low,
        "equivalence_high": equivalence_high,
        "decision": decision(pairs, smallest),
        "stopping": stopping(pairs, smallest, most),
        "correlation": correlation,
        "pairing": factor,
        "needed_unpaired": _needed_unpaired(pairs, factor, half_width(smallest)),
        **{f"needed_{name}": number for name, number in needed.items()},
    }


def _needed_unpaired(pairs: Pairs, factor: float, asked: float) -> float:
    return pairs_needed(pairs.spread * math.sqrt(factor), pairs.pilot, asked) if math.isfinite(factor) else math.nan


def running(pairs: Sequence[Pairs], asked: Precision) -> pd.DataFrame:
    """How the mean differences settle: one row for each policy, outcome and number of `pairs`, from 2 on.

    `low` and `high` are the interval by the pilot's spread at that number alone; the last of each policy and outcome is
    Stein's.
    """
    import pandas as pd

    return pd.concat([_running(own, asked.smallest[own.outcome]) for own in pairs], ignore_index=True)


def _running(pairs: Pairs, smallest: float) -> pd.DataFrame:
    import pandas as pd

    counts = np.arange(_FEWEST, len(pairs.differences) + 1)
    means = np.cumsum(pairs.differences)[counts - 1] / counts
    reach = quantile(CONFIDENCE, pairs.pilot) * pairs.spread / np.sqrt(counts)
    return pd.DataFrame(
        {
            "scenario": pairs.scenario,
            "kind": pairs.kind,
            "outcome": pairs.outcome,
            "unit": OUTCOMES[pairs.outcome].unit,
            "pairs": counts,
            "difference": means,
            "low": means - reach,
            "high": means + reach,
            "smallest": smallest,
            "pilot": pairs.pilot,
            "replicates": len(pairs.differences),
        }
    )


# -- the command ------------------------------------------------------------------------------------------------------


def study(cfg: DictConfig) -> None:
    """Find how many replicates are enough for a composed configuration; print and write what came out."""
    asked, ground = precision_of(cfg), DesignContext(cfg, composition.overrides_of(cfg))
    check_ground(ground.plan, local_workers(cfg))
    folder, retry = folder_of(cfg, ground.plan), retry_of(cfg)
    with pool_of(cfg) as crew:
        reached = settled(ground, asked, folder, crew, retry)
    output_folder.write_config(cfg, folder / "config.yaml")
    print(write(reached, asked, ground.plan, folder))
    print(folder)


def write(reached: Settled, asked: Precision, plan: Plan, folder: Path) -> str:
    """Write the tables, the page and the figure into `folder`; the tables as text."""
    from sim.plotting.figures import replicates, save
    from sim.studies.replicates import page

    found, settling = findings(reached.pairs, asked), running(reached.pairs, asked)
    output_folder.write_table(found, folder / "replicates.parquet")
    output_folder.write_table(settling, folder / "running.parquet")
    output_folder.write_text(page.write(found, asked, plan, reached.failed), folder / "summary.md")
    footer = f"seed {plan.seed}, version {output_folder.version()}"
    save(replicates.draw(settling, footer=footer), folder / "figures" / "replicates")
    return f"{page.verdict(found)}\n\n{page.tables(found)}"


def precision_of(cfg: DictConfig) -> Precision:
    """What a composed configuration asks for; raises UserError for whatever cannot be."""
    from omegaconf import OmegaConf

    for name in ("precision", "precision.smallest"):
        _check_group(name, OmegaConf.select(cfg, name))
    asked: Precision = study_settings.read_dataclass("precision", Precision, cfg.precision)
    smallest = {name: size for name, size in asked.smallest.items() if size is not None}
    for name, size in smallest.items():
        if name not in OUTCOMES:
            raise UserError(f"precision.smallest names '{name}' {instead(name, OUTCOMES)}")
        if not is_number(size) or not 0 < size < math.inf:
            raise UserError(
                f"precision.smallest.{name} is {as_written(size)}; a number above 0 is right, in {OUTCOMES[name].unit}"
            )
    if not smallest:
        raise UserError("precision.smallest is empty; name an outcome, as in precision.smallest.burn_out_complaints=1")
    if not _FEWEST <= asked.pilot <= asked.most:
        raise UserError(
            f"precision.pilot is {asked.pilot} and precision.most {asked.most}; "
            f"a pilot of at least {_FEWEST} pairs and at most precision.most is right"
        )
    return replace(asked, smallest=smallest)


def _check_group(name: str, group: Any) -> None:
    if not isinstance(group, Mapping):
        raise UserError(f"{name} is '{as_written(group)}'; it is a group, so write {name}.<name>=<value>")


def check_ground(plan: Plan, workers: int) -> None:
    """Raise UserError where there is no policy to look at, or not the memory for a pair in each of the processes."""
    if len(plan.scenarios) < 2:
        raise UserError(
            "there is no policy to look at; name one beside the baseline, as in scenario=right_to_disconnect"
        )
    check_memory(plan, len(plan.scenarios), workers)


def folder_of(cfg: DictConfig, plan: Plan) -> Path:
    """Where the runs are kept: as asked, else a folder named after what is compared, so that it is found again.

    How large the smallest effect of interest is does not belong to the name: a smaller one goes on in the same folder.
    """
    return named_folder(cfg, "replicates", Identifier()(plan)[:8])


def main(argv: list[str]) -> int:
    """`hybridwork replicates`: how many replicates are enough; Hydra's overrides follow."""
    from sim.config.hydra_command import command

    return command(study, "replicates", argv, group="replicates")
