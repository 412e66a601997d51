"""Rounds of draws that are lived anew and weighed: the flow's first, then those sought with a stand-in."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import UserError
from sim.experiments.designs import ROW
from sim.experiments.results import Results
from sim.experiments.sweep import Sweep
from sim.files import claim, read_checked, write_checked
from sim.studies.posterior import flow, prior, surrogate, weights
from sim.studies.posterior.problem import Question
from sim.studies.posterior.simulator import CENTRE, TABLE

if TYPE_CHECKING:
    import pandas as pd

Carry = Callable[[str, Sweep], Results]
"""Carries out a sweep in a folder below the study's own, which is named first."""
_PROPOSED, _TESTED = "at.npz", "tested.npz"
_EACH, _FEW = 300, 20
"""Draws for each known truth, and the chains they come from."""


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


def with_error(seen: np.ndarray, question: Question) -> np.ndarray:
    """What simulations (run, observation) would look like if they had been observed."""
    luck = np.random.default_rng((question.settings.seed, 1))
    return np.asarray(seen + question.error * luck.standard_normal(seen.shape))


# -- rounds of draws that are lived anew ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rounds:
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
        counted = found[0].effective
        while counted < asked.enough and len(found) <= asked.rounds:
            found.append(self._by_stand_in([self.before, *(one.lived for one in found)], len(found)))
            counted = pooled(found[1:]).effective
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

    def _by_stand_in(self, so_far: Sequence[Lived], number: int) -> Weighed:
        """Draws from prior times the likelihood of a stand-in that has learned from every run so far.

        Their weight is the likelihood once they are lived over the one before: the prior is in both.
        """
        asked, error, values = self.question.settings, self.question.error, self.question.values

        def propose() -> dict[str, Any]:
            at, seen = (np.concatenate([getattr(one, name) for one in so_far]) for name in ("at", "seen"))
            model = surrogate.learned(at, seen, error, self._alike(), np.arange(len(at)) >= len(so_far[0]))
            drawn, agreement = surrogate.draws(model, values, asked.proposals, asked.seed + number)
            return {"at": drawn, "agreement": agreement, **vars(model)}

        proposed = self._proposed(number, propose)
        drawn, agreement = proposed.pop("at"), float(proposed.pop("agreement"))
        model, done = surrogate.StandIn(**proposed), self._lived(drawn, number)
        own = weights.normalised(model.log_weights(done.at, done.seen, values))
        shown = model.expected(done.at, done.seen)
        return Weighed("stand-in", done, shown, own, agreement, model.misfit(done.at, done.seen))

    def tested(self, learned_from: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Scores (truth, parameter) of known truths, and what a stand-in makes of each, (draw, truth, parameter).

        Truths are runs of the prior that a stand-in has not learned from, with error and discrepancy as if observed;
        `learned_from` (run,) tells which those are that it has. Both are of the parameters that matter.
        """
        asked, error, before = self.question.settings, self.question.error, self.before
        held = np.flatnonzero(~learned_from)[: asked.truths]

        def draw() -> dict[str, Any]:
            at, seen = before.at[learned_from], before.seen[learned_from]
            model = surrogate.learned(at, seen, error, self._alike(), np.full(len(at), True))
            model = replace(model, doubt=model.doubt + model.luck)  # a truth shows one run's luck as well
            shown = with_error(before.seen[held], self.question)
            self.say(f"{len(held)} known truths are sought with a stand-in")
            drawn = [surrogate.draws(model, one, _EACH, asked.seed + n, chains=_FEW)[0] for n, one in enumerate(shown)]
            return {"drawn": np.stack(drawn, axis=1)[:, :, self.columns]}

        found = _kept(self.folder / _TESTED, draw)["drawn"]
        return prior.normal(before.at[held][:, self.columns]), prior.normal(found)

    def _alike(self) -> np.ndarray:
        return seen_of(self.carry("alike", self.question.alike), self.question)

    def _lived(self, at: np.ndarray, number: int) -> Lived:
        sweep = self.question.proposals(at, number)
        return lived(self.carry(f"{self.folder.name}/round_{number}", sweep), self.question)

    def _proposed(self, number: int, propose: Callable[[], Mapping[str, Any]]) -> dict[str, np.ndarray]:
        """What a round proposes, kept before it is lived: an interrupted one goes on with the very same."""
        folder = self.folder / f"round_{number}"
        claim(folder, "runs")
        return _kept(folder / _PROPOSED, propose)


def _kept(path: Path, make: Callable[[], Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """The arrays in a file, which are made and written where it is missing or is not what was written."""
    content = read_checked(path)
    if content is None:
        if path.exists():
            print(f"{path} is not as it was written: made again", file=sys.stderr)
        path.parent.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        np.savez(buffer, **make())
        content = buffer.getvalue()
        write_checked(content, path)
    with np.load(io.BytesIO(content)) as kept:
        return dict(kept)


def best(rounds: Sequence[Weighed], enough: float) -> Weighed:
    """The draws of all rounds of one kind together, if enough of them count; else those of the last one, unweighed.

    With weights that rest on a handful of draws everything would seem known. Without, draws are those of the stand-in
    (or of the flow), whose doubt about the model is in them: they err on the side of too little being known.
    """
    together = pooled([one for one in rounds if one.by == rounds[-1].by])
    if together.effective >= enough:
        return together
    last = rounds[-1]
    return replace(last, weights=np.full(len(last.lived), 1 / len(last.lived)))


def pooled(rounds: Sequence[Weighed]) -> Weighed:
    """Rounds as one: each counts for as many draws as are effective in it, so that these add up."""
    lives = [one.lived for one in rounds]
    whole = Lived(
        np.concatenate([one.at for one in lives]),
        np.concatenate([one.seen for one in lives]),
        {name: np.concatenate([one.centres[name] for one in lives]) for name in lives[0].centres},
        np.concatenate([one.rows for one in lives]),
    )
    counts = np.concatenate([one.weights * one.effective for one in rounds])
    return Weighed(rounds[-1].by, whole, np.concatenate([one.shown for one in rounds]), counts / counts.sum())
