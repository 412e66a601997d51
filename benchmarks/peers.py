"""The small model in other frameworks.

Mesa: agents with `shuffle_do` and a data collector at model level. Starsim: one module.
"""

from __future__ import annotations

from importlib.util import find_spec
from math import sqrt

import mesa
import numpy as np

from benchmarks.small import COLLEAGUES, DAYS_A_WEEK, REPORTED, STATES, Small, partners_of
from benchmarks.timing import Runner

_LONGEST = 100_000


class Employee(mesa.Agent):
    """Employee with eight states and eight colleagues."""

    def __init__(self, model: mesa.Model):
        super().__init__(model)
        self.situation = self.fatigue = self.detachment = self.exhaustion = 0.0
        self.support = self.isolation = self.norm = self.engagement = 0.0
        self.colleagues: list[Employee] = []

    def step(self) -> None:
        """Simulate one day and the following night."""
        p, gauss = self.model.p, self.random.gauss
        demands = self.situation + p.tired_work * self.fatigue
        company = sum([colleague.exhaustion for colleague in self.colleagues])
        held = p.hold * demands + p.expectation * self.norm + p.tired_evening * self.exhaustion
        evening = _saturating(p.evening_luck * gauss(0.0, 1.0) - held, p.limit)
        morning = p.stays * self.fatigue + p.effort * demands - p.night * evening + p.night_luck * gauss(0.0, 1.0)
        drained = p.strain * self.fatigue + p.alone * self.isolation - p.relief * self.support
        helped = p.warmth * self.engagement - p.withdrawal * company / p.colleagues
        missed = p.lonely * company / p.colleagues - p.shield * self.support
        expected = p.reading * demands - p.clearing * self.detachment
        vigour = p.fed * self.support - p.drained * self.exhaustion
        self.situation = p.keep * self.situation + p.push * gauss(0.0, 1.0)
        self.detachment += (evening - self.detachment) / p.evenings
        self.fatigue = _saturating(morning, p.limit)
        self.exhaustion += (drained - self.exhaustion) / p.weeks_to_tire
        self.support += (helped - self.support) / p.support_days
        self.isolation += (missed - self.isolation) / p.isolation_days
        self.norm += (expected - self.norm) / p.norm_days
        self.engagement += (vigour - self.engagement) / p.engagement_days


def _saturating(x: float, limit: float) -> float:
    return limit * x / sqrt(limit * limit + x * x)


class MesaModel(mesa.Model):
    """The small model in Mesa; agents act in random order each day."""

    def __init__(self, people: int, rng: int = 1):
        super().__init__(rng=rng)
        self.p, self.day = Small(), 0
        employees = list(Employee.create_agents(self, people))
        for own, partners in zip(employees, partners_of(people, rng).T.tolist(), strict=True):
            own.colleagues = [employees[place] for place in partners]
        self.datacollector = mesa.DataCollector(model_reporters={name: _mean_of(name) for name in REPORTED})

    def step(self) -> None:
        """Simulate one day; report once a week."""
        self.agents.shuffle_do("step")
        self.day += 1
        if self.day % DAYS_A_WEEK == 0:
            self.datacollector.collect(self)

    def run(self, days: int) -> None:
        """Simulate `days` days."""
        for _ in range(days):
            self.step()

    @property
    def reports(self) -> dict[str, list[float]]:
        """Return the means at the end of each week."""
        return self.datacollector.model_vars


def _mean_of(name: str):
    return lambda model: model.agents.agg(name, np.mean)


# -- Starsim ---------------------------------------------------------------------------------------------------------


def starsim_runner(people: int, seed: int = 1) -> Runner:
    """Return a runner of the small model in Starsim. Setting it up does not count as time."""
    return Runner("Starsim", people, 1, _Starsim(people, seed).live)


class _Starsim:
    """The small model in Starsim, which fixes the length of a run, so a long run is simulated in pieces."""

    def __init__(self, people: int, seed: int):
        import starsim

        partner, p = partners_of(people, seed), Small()

        class Burnout(starsim.Module):
            def __init__(self):
                super().__init__()
                self.define_states(*[starsim.FloatArr(name, default=0.0) for name in STATES])
                self.day = 0
                self.luck = [starsim.normal(name=f"luck {number}") for number in range(3)]
                self.reports: dict[str, list[float]] = {name: [] for name in REPORTED}

            def step(self):
                luck = [normal.rvs(self.sim.people.auids) for normal in self.luck]
                now = {name: getattr(self, name).values for name in STATES}
                for name, value in night(p, now, now["exhaustion"][partner].sum(axis=0), luck).items():
                    getattr(self, name)[:] = value
                self.day += 1
                if self.day % DAYS_A_WEEK == 0:
                    for name, means in self.reports.items():
                        means.append(float(getattr(self, name).values.mean()))

        self.burnout = Burnout()
        self.sim = starsim.Sim(
            n_agents=people,
            modules=self.burnout,
            start=0,
            dur=starsim.days(_LONGEST),
            dt=starsim.days(1),
            rand_seed=seed,
            verbose=0,
            copy_inputs=False,
        )
        self.sim.init()

    def live(self, days: int) -> None:
        """Simulate `days` more days."""
        for _ in range(days):
            self.sim.run_one_step()


def night(p: Small, now: dict[str, np.ndarray], company: np.ndarray, luck: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Return the states of the next day, each (people,); `luck` has three normal draws per person."""
    demands = now["situation"] + p.tired_work * now["fatigue"]
    held = p.hold * demands + p.expectation * now["norm"] + p.tired_evening * now["exhaustion"]
    evening = p.evening_luck * luck[0] - held
    evening = p.limit * evening / np.sqrt(p.limit * p.limit + evening * evening)
    morning = p.stays * now["fatigue"] + p.effort * demands - p.night * evening + p.night_luck * luck[1]
    targets = {
        "detachment": (evening, p.evenings),
        "exhaustion": (
            p.strain * now["fatigue"] + p.alone * now["isolation"] - p.relief * now["support"],
            p.weeks_to_tire,
        ),
        "support": (p.warmth * now["engagement"] - p.withdrawal * company / COLLEAGUES, p.support_days),
        "isolation": (p.lonely * company / COLLEAGUES - p.shield * now["support"], p.isolation_days),
        "norm": (p.reading * demands - p.clearing * now["detachment"], p.norm_days),
        "engagement": (p.fed * now["support"] - p.drained * now["exhaustion"], p.engagement_days),
    }
    moved = {name: now[name] + (target - now[name]) / days for name, (target, days) in targets.items()}
    moved["situation"] = p.keep * now["situation"] + p.push * luck[2]
    moved["fatigue"] = p.limit * morning / np.sqrt(p.limit * p.limit + morning * morning)
    return moved


def missing_peers() -> list[str]:
    """Return one line for each framework that is not in the table, with the reason."""
    notes = []
    if find_spec("starsim") is None:
        notes.append("Starsim is not installed (pip install starsim), so its rows are omitted.")
    if find_spec("mesa_frames") is None:
        notes.append("mesa-frames needs numpy 1 and cannot be installed with this project, so its rows are omitted.")
    return notes
