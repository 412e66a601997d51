"""Calibration with uncertainty: draws of all that is open which agree with what was observed, error and all.

Parameter sets from the prior are lived; a screening tells which parameters matter; a flow learns the posterior of these
(NPE), whatever would have been observed; and its draws at what was observed, with the prior's of all others, are lived
anew and weighed. Where too few of them count, further rounds are sought with a stand-in for the model, and weighed too.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.config import default_settings
from sim.config.fingerprint import fingerprint
from sim.config.posterior_draws import DRAWS, METADATA
from sim.config.provenance import stored_overrides
from sim.errors import UserError
from sim.experiments import output_folder
from sim.experiments.factors import Factor
from sim.experiments.results import Results
from sim.experiments.sweep import Sweep, batch_of, named_folder, pool_of, retry_of, run_sweep
from sim.files import claim, write_json
from sim.paths import check_writable, shorten
from sim.runs.identity import Identifier, digest, model_version
from sim.studies.posterior import diagnostics, flow, prior, weights
from sim.studies.posterior.importance_rounds import Carry, Lived, Rounds, Weighed, best, lived, pooled, with_error
from sim.studies.posterior.observations import check_reach, labels
from sim.studies.posterior.problem import Question, Settings, question_of
from sim.studies.posterior.screening import mattering, screening
from sim.studies.posterior.simulator import OBSERVED

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig

PACKAGES = ("sbi", "torch", "numpy", "scipy", "scikit-learn", "SALib", "pandas", "numba")
LEAST_CORRELATION = 0.3
"""From which on a pair of parameters is told to trade off."""
_SHOWN_DRAWS = 300
"""Of the flow, for each truth."""
_DIGITS = 5


@dataclass(frozen=True)
class Answer:
    """What a calibration gives: tables by name, the draws, and the facts a reader must know beside them."""

    tables: dict[str, pd.DataFrame]
    draws: pd.DataFrame
    facts: dict[str, Any]


# -- the procedure ----------------------------------------------------------------------------------------------------


def answer(question: Question, carry: Carry, folder: Path, say: Callable[[str], None]) -> Answer:
    """Carry out everything; the flow and what was proposed are kept in `folder`, so that nothing is sought twice.

    Raises UserError for an observation that the model does not reach, and where all but a few runs fail.
    """
    asked = question.settings
    before = lived(carry("prior", question.prior), question)
    check_reach(question.observations, before.seen)
    table = _screened(carry("screening", question.screening), question)
    kept = mattering(table, asked.threshold)
    _check_enough(kept, before, asked)
    columns = np.array([place for place, factor in enumerate(question.factors) if factor.name in kept])
    learned_from = before.rows < asked.simulations - asked.held_out
    say(f"{len(kept)} parameters of {len(question.factors)} matter; a flow learns from {learned_from.sum():,} runs")
    scores = prior.normal(before.at[:, columns])
    trained = _flow(
        folder, lambda: flow.train(scores[learned_from], before.seen[learned_from], question.error, asked.seed)
    )
    truths, shown = scores[~learned_from], with_error(before.seen[~learned_from], question)
    drawn = trained.draw_many(shown, _SHOWN_DRAWS, asked.seed)
    seeking = Rounds(question, carry, folder, say, trained, columns, before)
    rounds = seeking.all()
    kept_round = best(rounds, asked.enough)
    chosen = weights.resampled(kept_round.weights, asked.draws, asked.seed)
    own = [question.factors[place] for place in columns]
    tables = {
        "screening": table,
        **_where_the_truth_is_known(truths, drawn, own),
        **_of_draws(question, kept_round, before),
        "rounds": _told_of(rounds),
    }
    if kept_round.by == "stand-in":
        tables |= _where_the_truth_is_known(*seeking.tested(learned_from), own, "_of_stand_in")
    effective = pooled([one for one in rounds if one.by == kept_round.by]).effective
    facts = {
        "parameters": len(question.factors),
        "matter": kept,
        "learned_from": int(learned_from.sum()),
        "epochs": trained.epochs,
        "truths": len(truths),
        "sbi": diagnostics.of_sbi(trained, truths, drawn, shown),
        "simulations": {
            "prior": len(before),
            "screening": len(question.screening),
            "weighed": sum(map(len, (r.lived for r in rounds))),
        },
        "effective": effective,
        "weighed": effective >= asked.enough,
        "by": kept_round.by,
        "distinct": len(np.unique(chosen)),
    }
    return Answer(tables, _drawn(question, kept_round.lived.at[chosen]), facts)


def _screened(results: Results, question: Question) -> pd.DataFrame:
    """The table of the screening; runs that failed are nan, and take their trajectories with them."""
    done, sweep = lived(results, question), question.screening
    values = np.full((len(sweep), len(question.observations)), np.nan)
    values[done.rows] = done.seen
    asked = question.settings
    return screening(sweep.design, values, question.observations, asked.levels, asked.seed)


def _check_enough(kept: Sequence[str], before: Lived, asked: Settings) -> None:
    if not kept:
        raise UserError(
            f"no parameter moves any observation by {asked.threshold:g} SDs of its error; a lower posterior.threshold, "
            "or observations with smaller errors, are right"
        )
    if len(before) < asked.held_out + 100:
        raise UserError(
            f"{len(before):,} runs of the prior are done, of which {asked.held_out:,} are held out; "
            "more posterior.simulations are right"
        )


def _flow(folder: Path, train: Callable[[], flow.Flow]) -> flow.Flow:
    """The flow that is kept, or else one that learns now and is kept."""
    path = folder / "flow.pt"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        output_folder.write_by(path, train().save)
    return flow.load(path)


# -- what came out ----------------------------------------------------------------------------------------------------


def _where_the_truth_is_known(
    truths: np.ndarray, drawn: np.ndarray, factors: Sequence[Factor], of: str = ""
) -> dict[str, pd.DataFrame]:
    return {
        f"recovery{of}": diagnostics.recovery(truths, drawn, factors),
        f"coverage{of}": diagnostics.coverage(truths, drawn, [factor.name for factor in factors]),
    }


def _of_draws(question: Question, own: Weighed, before: Lived) -> dict[str, pd.DataFrame]:
    asked, done = question.settings, own.lived
    return {
        "shrinkage": diagnostics.shrinkage(done.at, own.weights, question.factors),
        "trade_offs": diagnostics.trade_offs(done.at, own.weights, question.factors, LEAST_CORRELATION),
        "predictive": diagnostics.predictive(
            question.observations, own.shown, own.weights, before.seen, labels(), asked.seed
        ),
        "scales": diagnostics.scales(done.centres, own.weights),
    }


def _told_of(rounds: Sequence[Weighed]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "round": number,
                "by": one.by,
                "runs": len(one.lived),
                "effective": one.effective,
                "largest_weight": one.weights.max(),
                "agreement": one.agreement,
                "misfit": one.misfit,
            }
            for number, one in enumerate(rounds)
        ]
    )


def _drawn(question: Question, at: np.ndarray) -> pd.DataFrame:
    """Shares (draw, parameter) as values with a few digits, which never leave their range."""
    import pandas as pd

    columns = {}
    for place, factor in enumerate(question.factors):
        rounded = [float(f"{value:.{_DIGITS}g}") for value in factor.at(at[:, place])]
        columns[factor.name] = np.clip(rounded, factor.low, factor.high)
    return pd.DataFrame(columns)


# -- the command ------------------------------------------------------------------------------------------------------


def study(cfg: DictConfig) -> None:
    """Answer the question of a composed configuration; write draws, tables, page and figures."""
    from sim.studies.posterior import page

    flow.check_installed()
    question = question_of(cfg)
    output_folder.check_docs(question.settings.docs, "posterior")
    if question.settings.kept:
        _check_writable()
    folder, batch, retry = folder_of(cfg, question), batch_of(cfg), retry_of(cfg)
    own = folder / f"calibration-{_name_of(question)}"
    claim(folder, "posterior")
    claim(own, "calibration")
    with pool_of(cfg) as crew:

        def carry(part: str, sweep: Sweep) -> Results:
            _say(f"{part}: {len(sweep):,} runs")
            return run_sweep(sweep, folder / part, crew, batch=batch, retry=retry)

        found = answer(question, carry, own, _say)
    plan = question.ground.plan
    about = {**output_folder.about(plan), **found.facts, "firm": shorten(vars(plan.firm), "firm")}
    _write(found, about, question, own, cfg)
    print(page.headlines(found.tables, about))
    print(own)


def _write(found: Answer, about: Mapping[str, Any], question: Question, folder: Path, cfg: DictConfig) -> None:
    from sim.plotting.figures import posterior as figures
    from sim.plotting.figures import save
    from sim.studies.posterior import page

    for name, table in found.tables.items():
        output_folder.write_table(table, folder / f"{name}.parquet")
    output_folder.write_config(cfg, folder / "config.yaml")
    write_json(about, folder / "about.json")
    output_folder.write_text(page.write(found.tables, about), folder / "summary.md")
    footer = f"seed {question.settings.seed}, version {about['version']}"
    for name, figure in figures.draw_all(found.tables, footer):
        save(figure, folder / "figures" / f"calibration_{name}")
    if question.settings.docs:
        output_folder.publish(folder, question.settings.docs, "calibration")
    made = _made(found, question)
    for where in (folder, default_settings.conf_folder() / "fit") if question.settings.kept else (folder,):
        output_folder.write_by(where / DRAWS, lambda path: found.draws.to_csv(path, index=False))
        write_json(made, where / METADATA)


def _made(found: Answer, question: Question) -> dict[str, Any]:
    """How the posterior was made, for those who take it and for `draws`, which refuses one of another model."""
    plan = question.ground.plan
    return {
        "what": "draws of all open numbers, of equal weight, given the observations below",
        "command": shlex.join(["hybridwork", "posterior", *stored_overrides(plan.overrides)]),
        "version": output_folder.version(),
        "model": model_version(),
        "settings": shorten(vars(question.settings), "posterior"),
        "firm": shorten(vars(plan.firm), "firm"),
        "weeks": {"lived before": plan.burn_in, "looked at": plan.weeks},
        "seed": plan.seed,
        **{name: found.facts[name] for name in ("simulations", "by", "effective", "weighed", "distinct")},
        "packages": output_folder.versions(PACKAGES),
        "observations": {one.name: [one.value, one.error, one.discrepancy] for one in question.observations},
        "fingerprint": fingerprint(plan.parameters, plan.measures),
    }


def folder_of(cfg: DictConfig, question: Question) -> Path:
    """Where runs are kept, whatever is observed: as asked, else named after the model and what is drawn."""
    asked = question.settings
    told = [Identifier()(question.ground.plan), OBSERVED.version, asked.levels, asked.seed]
    return named_folder(cfg, "posterior", digest(told)[:8])


def _name_of(question: Question) -> str:
    """A name for one calibration on these runs."""
    asked = replace(question.settings, kept=True, docs=None)  # where it is put makes it no other
    return digest([vars(asked), question.observations, model_version(), OBSERVED.version])[:8]


def _check_writable() -> None:
    folder = default_settings.conf_folder() / "fit"
    try:
        check_writable(folder, "posterior.kept")
    except UserError as error:
        raise UserError(f"{error} {DRAWS} goes there, so work in a checkout or ask posterior.kept=false") from None


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def main(argv: list[str]) -> int:
    """`hybridwork posterior`: parameter sets that agree with what was observed; Hydra's overrides follow."""
    from sim.config.hydra_command import command

    return command(study, "posterior", argv, group="posterior")
