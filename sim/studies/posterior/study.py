"""Calibration with uncertainty: draws of all that is open which agree with what was observed, error and all.

Parameter sets from the prior are lived; a screening tells which parameters matter; a flow learns the posterior of these
(NPE), whatever would have been observed; and its draws at what was observed, with the prior's of all others, are lived
anew and weighed. Where too few of them count, further rounds are sought with a stand-in for the model, and weighed too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engine.plan import check_memory
from sim.errors import UserError, as_written
from sim.runs.identity import Identifier, digest, model_version
from sim.studies import configure, designs, store
from sim.studies.designs import ROW
from sim.studies.factors import Factor, Ground
from sim.studies.posterior import diagnostics, flow, prior, stand_in, weights
from sim.studies.posterior.draws import DRAWS, MADE
from sim.studies.posterior.fingerprint import fingerprint
from sim.studies.posterior.lived import CENTRE, OBSERVED, TABLE
from sim.studies.posterior.observed import Observation, check_reach, labels, observations
from sim.studies.posterior.screening import mattering, screening
from sim.studies.results import Results
from sim.studies.sweep import Draws, Sweep, batch_of, carry_out, crew_of, ground_of, named_folder, retry_of

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig

Carry = Callable[[str, Sweep], Results]
"""Carries out a sweep in a folder below the study's own, which is named first."""
PACKAGES = ("sbi", "torch", "numpy", "scipy", "scikit-learn", "SALib", "pandas", "numba")
LEAST_CORRELATION = 0.3
"""From which on a pair of parameters is told to trade off."""
_SHOWN_DRAWS = 300
"""Of the flow, for each truth."""
_DIGITS = 5
_PROPOSED = "at.npz"


@dataclass(frozen=True)
class Settings:
    """What stands under `posterior` in `conf/study/posterior.yaml`, where it is explained."""

    simulations: int
    held_out: int
    trajectories: int
    levels: int
    threshold: float
    proposals: int
    rounds: int
    alike: int
    enough: float
    draws: int
    seed: int
    kept: bool


@dataclass(frozen=True)
class Question:
    """What is asked, all of it checked."""

    settings: Settings
    ground: Ground
    factors: tuple[Factor, ...]
    observations: tuple[Observation, ...]

    @property
    def values(self) -> np.ndarray:
        """(observation,) what was observed."""
        return np.array([one.value for one in self.observations])

    @property
    def error(self) -> np.ndarray:
        """(observation,) the SD of error and discrepancy."""
        return np.array([one.total for one in self.observations])

    @property
    def prior(self) -> Sweep:
        """The draws from the prior, each with people and chance of its own."""
        design = prior.draws(self.factors, self.settings.simulations, self.settings.seed)
        return Draws(self.ground, design, 1, (TABLE,), OBSERVED)

    @property
    def screening(self) -> Sweep:
        """The Morris design over the same ranges; all rows on the same people and chance."""
        asked = designs.Settings(
            "morris", n=self.settings.trajectories, levels=self.settings.levels, seed=self.settings.seed
        )
        return Sweep(self.ground, designs.make(asked, self.factors), 1, (TABLE,), OBSERVED)

    @property
    def alike(self) -> Sweep:
        """Runs of the point, which differ in people and chance alone."""
        nothing = prior.design_at((), np.empty((1, 0)))
        return Draws(self.ground, nothing, self.settings.alike, (TABLE,), OBSERVED)

    def proposals(self, at: np.ndarray, number: int) -> Sweep:
        """Parameter sets (row, parameter), shares of the ranges, of a round; its people are those of no other round."""
        first = (number + 1) * 1_000_000
        return _Round(self.ground, prior.design_at(self.factors, at), 1, (TABLE,), OBSERVED, first)


@dataclass(frozen=True)
class _Round(Draws):
    """Draws whose replicates begin with a number of their own."""

    first: int = 0

    def _chance(self, plan: Any, number: int) -> Any:
        return super()._chance(plan, self.first + number)


@dataclass(frozen=True)
class Lived:
    """Runs that were done: `at` (run, parameter) shares of the ranges, `seen` (run, observation), `centres` by name."""

    at: np.ndarray
    seen: np.ndarray
    centres: dict[str, np.ndarray]
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True)
class Weighed:
    """A round of draws that were lived anew, and their weights.

    `shown` is (draw, observation) what counts as shown by each: by the run itself or, with a stand-in, freed of a part
    of its luck. `agreement` and `misfit` tell how well a stand-in did; 1 is as it should be.
    """

    by: str
    lived: Lived
    shown: np.ndarray
    weights: np.ndarray
    agreement: float | None = None
    misfit: float | None = None

    @property
    def effective(self) -> float:
        """The effective number of draws."""
        return weights.effective_size(self.weights)


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
    truths, shown = scores[~learned_from], _with_error(before.seen[~learned_from], question)
    drawn = trained.draw_many(shown, _SHOWN_DRAWS, asked.seed)
    rounds = _Rounds(question, carry, folder, say, trained, columns, before).all()
    best = _best(rounds, asked.enough)
    chosen = weights.resampled(best.weights, asked.draws, asked.seed)
    tables = {
        "screening": table,
        **_of_flow(truths, drawn, [question.factors[place] for place in columns]),
        **_of_draws(question, best, before),
        "rounds": _told_of(rounds),
    }
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
        "effective": max(one.effective for one in rounds),
        "weighed": any(best is one for one in rounds),
        "by": best.by,
        "distinct": len(np.unique(chosen)),
    }
    return Answer(tables, _drawn(question, best.lived.at[chosen]), facts)


def _best(rounds: Sequence[Weighed], enough: float) -> Weighed:
    """The round whose draws count most, if they are enough; else the last one, unweighed.

    With weights that rest on a handful of draws everything would seem known. Without, draws are those of the stand-in
    (or of the flow), whose doubt about the model is in them: they err on the side of too little being known.
    """
    best = max(rounds, key=lambda one: one.effective)
    if best.effective >= enough:
        return best
    last = rounds[-1]
    return replace(last, weights=np.full(len(last.lived), 1 / len(last.lived)))


def lived(results: Results, question: Question) -> Lived:
    """The runs of a sweep that are done, in the order of its design."""
    names = [one.name for one in question.observations]
    table = _table(results, names)
    spans = np.array([(factor.low, factor.high) for factor in question.factors])
    drawn = results.design.loc[table[ROW], [factor.name for factor in question.factors]].to_numpy(float)
    centres = {str(name): table[name].to_numpy(float) for name in table if str(name).startswith(CENTRE)}
    at = np.clip((drawn - spans[:, 0]) / (spans[:, 1] - spans[:, 0]), 0, 1)
    return Lived(at, table[names].to_numpy(float), centres, table[ROW].to_numpy())


def seen_of(results: Results, question: Question) -> np.ndarray:
    """(run, observation) what the runs of a sweep that are done have shown."""
    names = [one.name for one in question.observations]
    return _table(results, names)[names].to_numpy(float)


def _table(results: Results, names: Sequence[str]) -> pd.DataFrame:
    if not results.any_done:
        raise UserError(f"no run was lived to its end; the first says: {results.states['error'].iloc[0]}")
    table = results.archive.table(TABLE).astype({"run": "str"}).merge(results.runs, on="run")
    whole: pd.DataFrame = table[np.isfinite(table[list(names)]).all(axis=1)].sort_values([ROW, "replicate"])
    return whole


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
        store.write_by(path, train().save)
    return flow.load(path)


def _with_error(seen: np.ndarray, question: Question) -> np.ndarray:
    """What simulations (run, observation) would look like if they had been observed."""
    luck = np.random.default_rng((question.settings.seed, 1))
    return np.asarray(seen + question.error * luck.standard_normal(seen.shape))


# -- rounds of draws that are lived anew ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Rounds:
    """What every round needs: who lives it, where it is kept, and what was found before."""

    question: Question
    carry: Carry
    folder: Path
    say: Callable[[str], None]
    trained: flow.Flow
    columns: np.ndarray
    before: Lived

    def all(self) -> list[Weighed]:
        """The flow's round, and those sought with a stand-in until enough draws count."""
        asked = self.question.settings
        found = [self._by_flow()]
        self.say(f"drawn by the flow: {found[0].effective:.0f} effective of {len(found[0].lived):,}")
        if found[0].effective < asked.enough and asked.rounds:
            alike = seen_of(self.carry("alike", self.question.alike), self.question)
            while found[-1].effective < asked.enough and len(found) <= asked.rounds:
                found.append(self._by_stand_in([self.before, *(one.lived for one in found)], alike, len(found)))
                self.say(f"sought with a stand-in: {found[-1].effective:.0f} effective of {len(found[-1].lived):,}")
        return found

    def _by_flow(self) -> Weighed:
        """The parameters that matter from the flow at what was observed, the others from the prior."""
        question, asked = self.question, self.question.settings

        def propose() -> dict[str, Any]:
            at = np.random.default_rng((asked.seed, 2)).random((asked.proposals, len(question.factors)))
            scores = self.trained.draw(question.values, asked.proposals, asked.seed)
            at[:, self.columns] = prior.shares(scores)
            return {"at": at, "ratio": weights.log_prior(scores) - self.trained.log_density(scores, question.values)}

        proposed = self._proposed(0, propose)
        done = self._lived(proposed["at"], 0)
        likelihood = weights.log_likelihood(done.seen, question.values, question.error)
        return Weighed("flow", done, done.seen, weights.normalised(likelihood + proposed["ratio"][done.rows]))

    def _by_stand_in(self, so_far: Sequence[Lived], alike: np.ndarray, number: int) -> Weighed:
        """Draws from prior times the likelihood of a stand-in that has learned from every run so far.

        Their weight is the likelihood once they are lived over the one before: the prior is in both.
        """
        asked, error, values = self.question.settings, self.question.error, self.question.values

        def propose() -> dict[str, Any]:
            at, seen = (np.concatenate([getattr(one, name) for one in so_far]) for name in ("at", "seen"))
            model = stand_in.learned(at, seen, error, alike, np.arange(len(at)) >= len(so_far[0]))
            drawn, agreement = stand_in.draws(model, values, asked.proposals, asked.seed + number)
            return {"at": drawn, "agreement": agreement, **vars(model)}

        proposed = self._proposed(number, propose)
        drawn, agreement = proposed.pop("at"), float(proposed.pop("agreement"))
        model, done = stand_in.StandIn(**proposed), self._lived(drawn, number)
        own = weights.normalised(model.log_weights(done.at, done.seen, values))
        shown = model.expected(done.at, done.seen)
        return Weighed("stand-in", done, shown, own, agreement, model.misfit(done.at, done.seen))

    def _lived(self, at: np.ndarray, number: int) -> Lived:
        sweep = self.question.proposals(at, number)
        return lived(self.carry(f"{self.folder.name}/round_{number}", sweep), self.question)

    def _proposed(self, number: int, propose: Callable[[], Mapping[str, Any]]) -> dict[str, np.ndarray]:
        """What a round proposes, kept before it is lived: an interrupted one goes on with the very same."""
        path = self.folder / f"round_{number}" / _PROPOSED
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            found = propose()

            def write(temporary: Path) -> None:
                with temporary.open("wb") as file:
                    np.savez(file, **found)

            store.write_by(path, write)
        with np.load(path) as kept:
            return dict(kept)


# -- what came out ----------------------------------------------------------------------------------------------------


def _of_flow(truths: np.ndarray, drawn: np.ndarray, factors: Sequence[Factor]) -> dict[str, pd.DataFrame]:
    return {
        "recovery": diagnostics.recovery(truths, drawn, factors),
        "coverage": diagnostics.coverage(truths, drawn, [factor.name for factor in factors]),
    }


def _of_draws(question: Question, best: Weighed, before: Lived) -> dict[str, pd.DataFrame]:
    asked, done = question.settings, best.lived
    return {
        "shrinkage": diagnostics.shrinkage(done.at, best.weights, question.factors),
        "trade_offs": diagnostics.trade_offs(done.at, best.weights, question.factors, LEAST_CORRELATION),
        "predictive": diagnostics.predictive(
            question.observations, best.shown, best.weights, before.seen, labels(), asked.seed
        ),
        "scales": diagnostics.scales(done.centres, best.weights),
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


def question_of(cfg: DictConfig) -> Question:
    """The question of a composed configuration; raises UserError for whatever is wrong with it."""
    asked: Settings = configure.read("posterior", Settings, cfg.posterior)
    ground = ground_of(cfg)
    check_memory(ground.plan, 1)
    _check(asked, len(ground.plan.scenarios))
    path = cfg.get("observations")
    if path is not None and not isinstance(path, str):
        raise UserError(f"observations is {as_written(path)}; the path of a csv file is right, or null")
    return Question(asked, ground, prior.factors(ground.plan), observations(ground.plan.measures, path))


def _check(asked: Settings, scenarios: int) -> None:
    if scenarios > 1:
        raise UserError("a posterior is of the practice of 2022 alone; scenarios=[baseline] is right")
    least = {
        "simulations": 200,
        "held_out": 100,
        "trajectories": 2,
        "proposals": 10,
        "rounds": 0,
        "alike": 20,
        "draws": 1,
        "seed": 0,
    }
    for name, fewest in least.items():
        if getattr(asked, name) < fewest:
            raise UserError(f"posterior.{name} is {getattr(asked, name)}; a whole number from {fewest} on is right")
    if asked.levels < 2 or asked.levels % 2:
        raise UserError(f"posterior.levels is {asked.levels}; an even number is right")
    for name in ("threshold", "enough"):
        if not getattr(asked, name) >= 0:
            raise UserError(f"posterior.{name} is {getattr(asked, name):g}; a number from 0 on is right")


def study(cfg: DictConfig) -> None:
    """Answer the question of a composed configuration; write draws, tables, page and figures."""
    from sim.studies.posterior import page

    flow.check_installed()
    question = question_of(cfg)
    if question.settings.kept:
        _check_writable()
    folder, batch, retry = folder_of(cfg, question), batch_of(cfg), retry_of(cfg)
    own = folder / f"calibration-{_name_of(question)}"
    with crew_of(cfg) as crew:

        def carry(part: str, sweep: Sweep) -> Results:
            _say(f"{part}: {len(sweep):,} runs")
            return carry_out(sweep, folder / part, crew, batch=batch, retry=retry)

        found = answer(question, carry, own, _say)
    about = {**store.about(question.ground.plan), **found.facts, "firm": vars(question.ground.plan.firm)}
    _write(found, about, question, own, cfg)
    print(page.headlines(found.tables, about))
    print(own)


def _write(found: Answer, about: Mapping[str, Any], question: Question, folder: Path, cfg: DictConfig) -> None:
    from sim.outcomes.figures import posterior as figures
    from sim.outcomes.figures import save
    from sim.studies.posterior import page

    for name, table in found.tables.items():
        store.write_table(table, folder / f"{name}.parquet")
    store.write_config(cfg, folder / "config.yaml")
    store.write_json(about, folder / "about.json")
    store.write_text(page.write(found.tables, about), folder / "summary.md")
    footer = f"seed {question.settings.seed}, version {about['version']}"
    for name, figure in figures.draw_all(found.tables, footer):
        save(figure, folder / "figures" / name)
    made = _made(found, question)
    for where in (folder, configure.conf_folder() / "fit") if question.settings.kept else (folder,):
        store.write_by(where / DRAWS, lambda path: found.draws.to_csv(path, index=False))
        store.write_json(made, where / MADE)


def _made(found: Answer, question: Question) -> dict[str, Any]:
    """How the posterior was made, for those who take it and for `draws`, which refuses one of another model."""
    plan = question.ground.plan
    return {
        "what": "draws of all open numbers, of equal weight, given the observations below",
        "command": " ".join(["hybridwork posterior", *store.asked()]),
        "version": store.version(),
        "model": model_version(),
        "settings": vars(question.settings),
        "firm": vars(plan.firm),
        "weeks": {"lived before": plan.burn_in, "looked at": plan.weeks},
        "seed": plan.seed,
        **{name: found.facts[name] for name in ("simulations", "by", "effective", "weighed", "distinct")},
        "packages": store.versions(PACKAGES),
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
    return digest([vars(question.settings), question.observations, model_version(), OBSERVED.version])[:8]


def _check_writable() -> None:
    folder = configure.conf_folder() / "fit"
    if not os.access(folder, os.W_OK):
        raise UserError(
            f"{folder} cannot be written; {DRAWS} goes there, so work in a checkout or ask posterior.kept=false"
        )


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def main(argv: list[str]) -> int:
    """`hybridwork posterior`: parameter sets that agree with what was observed; Hydra's overrides follow."""
    from sim.studies.command import command

    return command(study, "posterior", argv, group="posterior")
