"""Sensitivity: which assumptions move the levels and the policy's effect, and what doses of policies do.

Four parts in one folder, each of sweeps of its own: a Morris screening of everything open; Sobol indices of the factors
that moved most; every policy in several doses; pairs of policies, each dose with each. Screening and indices ask of the
levels under today's practice and of the paired difference that each scenario makes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.config import scenario_choice, study_settings
from sim.engine.plan import BASELINE, Plan, check_memory
from sim.errors import UserError, as_written, instead
from sim.experiments import designs, output_folder
from sim.experiments.designs import Design
from sim.experiments.factors import DesignContext, Factor, choose
from sim.experiments.results import Results
from sim.experiments.sweep import Sweep, batch_of, ground_of, local_workers, named_folder, pool_of, retry_of, run_sweep
from sim.files import claim, write_json
from sim.levers.measure import FAMILIES
from sim.outcomes.definitions import OUTCOMES
from sim.runs.identity import Identifier, digest
from sim.studies.sensitivity import doses
from sim.studies.sensitivity.indices import as_array, indices, leading, screened

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig

Carry = Callable[[str, Sweep], Results]
"""Carries out a sweep in a folder below the study's own, which is named first."""
Tables = dict[str, "pd.DataFrame"]
SCREENING, INDICES, DOSES, PAIRS = "screening", "indices", "doses", "pairs"
_NO_MATTER_TO_RUNS = ("outcomes", "trajectories", "n", "keep", "shown")
"""Settings that leave the study its folder: a larger design goes on in it, and other outcomes are read from it."""


@dataclass(frozen=True)
class Settings:
    """What stands under `sensitivity` in `conf/study/sensitivity.yaml`, where it is explained."""

    outcomes: list[str]
    trajectories: int
    levels: int
    keep: int
    n: int
    seed: int
    policies: list[str] | None
    doses: list[float]
    pairs: list[Any]
    shown: int
    factors: Any = None


@dataclass(frozen=True)
class Question:
    """What is asked, all of it checked; `screening` is of all factors, `others` are sweeps by folder."""

    settings: Settings
    ground: DesignContext
    screening: Sweep
    others: Mapping[str, Sweep]

    def indices(self, kept: Sequence[str]) -> Sweep:
        """The sweep behind the Sobol indices of these factors, all others as they are."""
        factors = [factor for factor in self.screening.design.factors if factor.name in kept]
        own = designs.Settings("sobol", n=self.settings.n, seed=self.settings.seed)
        return Sweep(self.ground, designs.make(own, factors))


def answers(question: Question, carry: Carry) -> tuple[Tables, dict[str, Results]]:
    """Carry out everything: the tables screening, indices, doses and pairs, and the results of each sweep by folder."""
    asked, screening = question.settings, question.screening
    results = {SCREENING: carry(SCREENING, screening)}
    tables = {
        SCREENING: _of_numbers(
            results[SCREENING], screening, asked.outcomes,
            lambda values: screened(screening.design, values, asked.levels, asked.seed),
        )
    }  # fmt: skip
    kept = leading(tables[SCREENING], asked.keep)
    sweep, folder = question.indices(kept), f"{INDICES}/{digest(kept)[:8]}"
    results[folder] = carry(folder, sweep)
    tables[INDICES] = _of_numbers(
        results[folder], sweep, asked.outcomes, lambda values: indices(sweep.design, values, asked.seed)
    )
    results |= {folder: carry(folder, sweep) for folder, sweep in question.others.items()}
    return tables | _of_doses(question, results), results


def _of_numbers(
    results: Results, sweep: Sweep, outcomes: Sequence[str], estimate: Callable[[np.ndarray], pd.DataFrame]
) -> pd.DataFrame:
    """An estimate of every number: each outcome's level in the baseline, and the difference each scenario makes."""
    import pandas as pd

    numbers = {(BASELINE.name, "level"): results.levels(outcomes)}
    numbers |= {(one.name, "difference"): results.differences(outcomes) for one in sweep.ground.plan.scenarios[1:]}
    words = {factor.name: in_words(factor) for factor in sweep.design.factors}
    found = []
    for (scenario, kind), frame in numbers.items():
        values = as_array(frame[frame["scenario"] == scenario], outcomes, len(sweep), 1)[0]
        for place, outcome in enumerate(outcomes):
            told = {"scenario": scenario, "kind": kind, "outcome": outcome, "unit": OUTCOMES[outcome].unit}
            own = estimate(values[:, place])
            own.insert(1, "words", own["factor"].map(words))
            found.append(pd.DataFrame(told, index=own.index).join(own))
    return pd.concat(found, ignore_index=True)


def _of_doses(question: Question, results: Mapping[str, Results]) -> Tables:
    import pandas as pd

    outcomes, plan = question.settings.outcomes, question.ground.plan
    parts: dict[str, list[pd.DataFrame]] = {}
    for folder, sweep in question.others.items():
        rows = len(sweep.design.table)
        lived = as_array(results[folder].differences(outcomes), outcomes, rows, sweep.replicates)
        estimate = doses.interactions if folder == PAIRS else doses.responses
        parts.setdefault(folder.partition("/")[0], []).append(estimate(sweep.design, lived, outcomes))
    tables = {name: pd.concat(tables, ignore_index=True) for name, tables in parts.items()}
    if DOSES in tables:
        policies = tables[DOSES]["factor"].str.partition(".")[2].map(scenario_choice.scenario_named)
        tables[DOSES]["strengthens"] = [doses.strengthens(policy, plan) for policy in policies]
    return tables


def in_words(factor: Factor) -> str:
    """The name of a factor in plain words: the process or measure, then what of it.

    >>> in_words(Factor("mechanisms.recovery.demands_hold"))
    'recovery: demands hold'
    >>> in_words(Factor("measures.social_moments.recognition"))
    'social moments: recognition'
    """
    parts = factor.name.split(".")
    name = ": ".join(parts[1:] if parts[0] in ("mechanisms", "measures") else parts)
    return name.replace("_", " ") + (" (switch)" if factor.unit == "switch" else "")


# -- what is asked ----------------------------------------------------------------------------------------------------


def question_of(cfg: DictConfig) -> Question:
    """The question of a composed configuration; raises UserError for whatever is wrong with it."""
    asked: Settings = study_settings.read_dataclass("sensitivity", Settings, cfg.sensitivity)
    ground, replicates = ground_of(cfg), study_settings.settings_of(cfg).replicates
    plan = ground.plan
    check_memory(plan, len(plan.scenarios), local_workers(cfg))
    _check(asked, len(plan.scenarios), replicates)
    factors = _factors(asked.factors, ground)
    settings = designs.Settings("morris", n=asked.trajectories, levels=asked.levels, seed=asked.seed)
    screening = Sweep(ground, designs.make(settings, factors))
    designs.check_not_named(screening.design, ground.named | ground.held)
    others = {folder: Sweep(ground, design, replicates) for folder, design in _designs(asked, plan).items()}
    for row in (row for sweep in others.values() for row in sweep.design.rows()):
        ground.at(row)  # a mistake shows now, not after the hours of the screening
    return Question(asked, ground, screening, others)


def _factors(asked: Any, ground: DesignContext) -> tuple[Factor, ...]:
    """What is screened: all that is open, or what is asked for, but no levers."""
    if not isinstance(asked, str | list | dict | None):
        raise UserError(f"sensitivity.factors is {as_written(asked)}; a list is right, as in [assumed,switches]")
    factors = choose(designs.OPEN if asked is None else asked, ground.plan, ground.held)
    for factor in factors:
        if factor.name.partition(".")[0] in (*FAMILIES, "scenario", doses.DOSE, doses.STRENGTH):
            raise UserError(
                f"sensitivity.factors has the lever {factor.name}; name policies in scenarios, sensitivity.policies or "
                "sensitivity.pairs, and assumptions here"
            )
    return factors


def _designs(asked: Settings, plan: Plan) -> dict[str, Design]:
    """The designs of doses and pairs by folder, each kind of dose in one of its own."""
    steps, found = sorted(asked.doses), {}
    policies = doses.policies_asked(asked.policies, plan)
    for kind in (doses.DOSE, doses.STRENGTH):
        if names := [policy.name for policy in policies if kind in doses.kinds_of(policy, plan)]:
            found[f"{DOSES}/{kind}"] = doses.response_design(kind, names, steps, plan)
    if pairs := doses.pairs_asked(asked.pairs, plan):
        found[PAIRS] = doses.pair_design(pairs, steps, plan)
    return found


def _check(asked: Settings, worlds: int, replicates: int) -> None:
    if worlds < 2:
        raise UserError("there is no policy's effect to ask about; at least one scenario beside the baseline is right")
    if not asked.outcomes:
        raise UserError("sensitivity.outcomes is empty; name one, as in sensitivity.outcomes=[burn_out_complaints]")
    for outcome in asked.outcomes:
        if outcome not in OUTCOMES:
            raise UserError(f"Invalid value for sensitivity.outcomes: {outcome}. {instead(outcome, OUTCOMES)}")
    for name, least in {"trajectories": 2, "keep": 1, "n": 2, "shown": 1}.items():
        if getattr(asked, name) < least:
            raise UserError(f"sensitivity.{name} is {getattr(asked, name)}; a whole number from {least} on is right")
    if asked.n & (asked.n - 1):
        raise UserError(f"sensitivity.n is {asked.n}; a power of two is right, as in 128")
    if asked.levels < 2 or asked.levels % 2:
        raise UserError(f"sensitivity.levels is {asked.levels}; an even number is right")
    if asked.seed < 0:
        raise UserError(f"sensitivity.seed is {asked.seed}; a whole number from 0 on is right")
    steps = asked.doses
    if len(set(steps)) < max(len(steps), 2) or 0 not in steps or not all(0 <= step <= 1 for step in steps):
        raise UserError(
            f"sensitivity.doses is {steps}; different numbers from 0 to 1, with 0, are right, as in [0,0.5,1]"
        )
    if replicates < 2:
        raise UserError(f"replicates is {replicates}; doses are given with intervals, so at least 2 are right")


def folder_of(cfg: DictConfig, question: Question) -> Path:
    """Where the study keeps everything: as asked, else a folder named after the question, so that it is found again."""
    asked = {name: of for name, of in vars(question.settings).items() if name not in _NO_MATTER_TO_RUNS}
    return named_folder(cfg, "sensitivity", digest([Identifier()(question.ground.plan), asked])[:8])


# -- the command ------------------------------------------------------------------------------------------------------


def study(cfg: DictConfig) -> None:
    """Answer the question of a composed configuration; write tables, page and figures beside the runs."""
    from sim.reporting import sensitivity as page

    question = question_of(cfg)
    folder, batch, retry = folder_of(cfg, question), batch_of(cfg), retry_of(cfg)
    claim(folder, "sensitivity")
    with pool_of(cfg) as crew:

        def carry(part: str, sweep: Sweep) -> Results:
            print(f"{part}: {len(sweep):,} runs", file=sys.stderr)
            return run_sweep(sweep, folder / part, crew, batch=batch, retry=retry)

        tables, results = answers(question, carry)
    about = output_folder.about(question.ground.plan) | facts(question, results)
    for name, table in tables.items():
        output_folder.write_table(table, folder / f"{name}.parquet")
    output_folder.write_config(cfg, folder / "config.yaml")
    write_json(about, folder / "about.json")
    output_folder.write_text(page.write(tables, about), folder / "summary.md")
    draw(tables, about, folder / "figures")
    print(page.headlines(tables))
    print(folder)


def facts(question: Question, results: Mapping[str, Results]) -> dict[str, Any]:
    """What a reader must know of the runs behind the numbers."""
    import pandas as pd

    screening, outcomes = results[SCREENING], question.settings.outcomes
    levels = screening.levels(("people", *outcomes))
    usual = levels[levels["scenario"] == BASELINE.name]
    both = pd.concat([usual, screening.differences(outcomes)])
    runs = pd.DataFrame({part: of.states["state"].value_counts() for part, of in results.items()}).fillna(0).astype(int)
    return {
        "people": round(usual["people"].median()),
        "factors": len(question.screening.design.factors),
        "shown": question.settings.shown,
        "runs": runs.to_dict(),
        "spread": {
            scenario: {name: [float(q) for q in np.nanpercentile(own[name], (5, 50, 95))] for name in outcomes}
            for scenario, own in both.groupby("scenario", sort=False)
        },
    }


def draw(tables: Tables, about: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draw every figure for which there is a table; the files written."""
    from sim.plotting.figures import save
    from sim.plotting.figures import sensitivity as figures

    footer = f"seed {about['seed']}, version {about['version']}"
    return [
        path
        for name, figure in figures.draw_all(tables, about["shown"], footer)
        for path in save(figure, folder / name)
    ]


def main(argv: list[str]) -> int:
    """`hybridwork sensitivity`: which assumptions move the results; Hydra's overrides follow."""
    from sim.config.hydra_command import command

    return command(study, "sensitivity", argv, group="sensitivity")
