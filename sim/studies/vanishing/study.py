"""Compare rival explanations of why employers' answers are unrelated to health, and surveys that distinguish them.

Each explanation is a set of parameters. Worlds are drawn in which explanations are on or off, and each world is
surveyed as in 2022. The study reports in which worlds the pattern of 2022 appears.

`worlds.py`, `power.py` and `home_share.py` simulate, `classifier.py` analyses, `facts.py` summarises, and
`report.md.j2` is the page.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import chain, islice
from operator import call
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field

from sim.calibration.point_estimate import merged
from sim.config import explicit_settings, plan_builder
from sim.config.settings import StudySettings
from sim.engine.plan import Plan, check_memory
from sim.errors import UserError, first_line, invalid
from sim.experiments.sweep import local_workers
from sim.paths import read_path
from sim.runs.worker_pool import WorkerPool, map_ordered
from sim.studies.base import Study
from sim.studies.vanishing import classifier, home_share, power
from sim.studies.vanishing import facts as page_facts
from sim.studies.vanishing.alternative_counting import FREE, Reading, second_reading
from sim.studies.vanishing.explanations import NO_EFFECT, SELECTION, Explanation, explanations_of
from sim.studies.vanishing.pattern import limits_of, report_of_2022, reports_of
from sim.studies.vanishing.worlds import (
    PERMUTED,
    case_table,
    cases,
    check_burn_in,
    prior_tables,
    simulate_case,
    simulate_prior,
)
from sim.survey.instruments import INSTRUMENTS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from omegaconf import DictConfig

_WORLDS_AT_A_TIME = 5
_BYTES_PER_STUDY, _BYTES_PER_WORLD = 3_200, 43_000
"""Memory of the rows of a simulated study, and of a world without its studies."""


def _sizes(values: list[int]) -> list[int]:
    if not values or min(values) < 10:
        raise ValueError("whole numbers of 10 or more, as in [120, 640]")
    return values


def _interval(values: list[float]) -> list[float]:
    if len(values) != 2 or not 0 <= values[0] < values[1]:
        raise ValueError("two numbers of 0 or more, the smaller one first, as in [0, 2]")
    return values


class Settings(StudySettings):
    """Settings below `vanishing`; `conf/study/vanishing_measures.yaml` explains them."""

    worlds: int = Field(ge=50)
    visits: int = Field(ge=PERMUTED)
    alone: int = Field(ge=2)
    visits_alone: int = Field(ge=1)
    resamples: int = Field(ge=2)
    trials: int = Field(ge=1)
    samples: int = Field(ge=10)
    respondents: Annotated[list[int], AfterValidator(_sizes)]
    home: int = Field(ge=2)
    second_reading: float = Field(gt=0, lt=1)
    works: Annotated[list[float], AfterValidator(_interval)]
    docs: str | None
    tables: str | None
    explanations: dict[str, Any]


@dataclass(frozen=True)
class Results:
    """The plan, the settings, the explanations, the tables by name, and the fit of the alternative counting."""

    plan: Plan
    settings: Settings
    explanations: tuple[Explanation, ...]
    tables: Mapping[str, pd.DataFrame]
    reading: Reading


class VanishingStudy(Study[Settings, Results]):
    """Explanations of the null findings of 2022, alone and together, and surveys that distinguish them."""

    name = "vanishing_measures"
    group = "vanishing"
    settings_type = Settings

    def plans(self, cfg: DictConfig, settings: Settings) -> list[Plan]:
        """Return the plan on which all worlds are based."""
        for name in (NO_EFFECT, SELECTION):
            if name not in settings.explanations:
                raise UserError(f"Missing setting: vanishing.explanations.{name}. The page describes it.")
        explanations = explanations_of(settings.explanations)
        plan = plan_builder.build_plan(cfg)
        check_memory(plan, len(power.EFFECTS) + 1, local_workers(cfg), _bytes_held(settings, explanations))
        _check_not_drawn(cfg, explanations, plan)
        _check_packages()
        return [plan]

    def run(self, plans: Sequence[Plan], settings: Settings, pool: WorkerPool) -> Results:
        """Fit the alternative counting, simulate all worlds and make the tables, or read those of an earlier run."""
        explanations, plan = explanations_of(settings.explanations), plans[0]
        if settings.tables is not None:
            return Results(plan, settings, explanations, *read(read_path(settings.tables)))
        check_burn_in(plan)
        reading = second_reading(plan)
        second = replace(plan, parameters=merged(plan.parameters, {"cascade": reading.parameters}))
        tasks = _tasks(settings, explanations, (plan, second))
        every = iter(map_ordered(call, [task for own in tasks.values() for task in own], pool, self.name))
        results = {part: list(islice(every, len(own))) for part, own in tasks.items()}
        return Results(plan, settings, explanations, _tables(settings, explanations, plan, results), reading)

    def about(self, results: Results) -> dict[str, Any]:
        """Return the settings and the fit of the alternative counting, which `read` needs."""
        return {"vanishing": results.settings.model_dump(), "second_reading_fitted": asdict(results.reading)}

    def facts(self, results: Results) -> dict[str, Any]:
        """Return the values of `report.md.j2`."""
        return {
            "establishments": results.plan.firm.establishments,
            "visits": results.settings.visits,
            "works": results.settings.works,
            **page_facts.facts(results.explanations, results.tables, results.reading),
        }

    def figures(self, results: Results, footer: str) -> Iterable[tuple[str, Figure]]:
        """Yield the figures of weights, single explanations, discrimination and power."""
        from sim.plotting.figures import vanishing

        labels = {
            "explanations": page_facts.labels(results.explanations),
            "effects": {name: label for name, (_, label) in power.EFFECTS.items()},
            "designs": {name: design.label for name, design in power.DESIGNS.items()},
        }
        yield from vanishing.draw_all(results.tables, labels, footer)


def _check_not_drawn(cfg: DictConfig, explanations: Sequence[Explanation], plan: Plan) -> None:
    """Raise UserError for a parameter of the user that worlds draw or the alternative counting fits."""
    moved = {own for one in explanations for own in one.moves} | {("cascade", name) for name in FREE}
    replaced = {f"{owner}.{own}" if owner in INSTRUMENTS else f"mechanisms.{owner}.{own}" for owner, own in moved}
    for measure in (one for one in plan.measures if one.in_study):
        replaced |= {f"measures.{measure.name}.{name}" for name in measure.shifts}
        replaced |= {f"measures.{measure.name}.{own}" for owner, own in moved if owner == "measures"}
    for name in sorted(replaced & explicit_settings.set_parameters(cfg)):
        raise UserError(f"Invalid setting: {name}. vanishing_measures draws its value in each world; leave it out.")


def _check_packages() -> None:
    try:
        import sklearn  # noqa: F401
    except ImportError:
        raise UserError("Missing package: scikit-learn. Install hybridwork[analysis].") from None


def _bytes_held(settings: Settings, explanations: Sequence[Explanation]) -> float:
    """Return about how many bytes the rows of all worlds take until the tables are made."""
    single = len(cases(explanations)) * settings.alone * settings.visits_alone
    studies = settings.worlds * (settings.visits + PERMUTED) + single
    return _BYTES_PER_STUDY * studies + _BYTES_PER_WORLD * settings.worlds


# -- simulation -------------------------------------------------------------------------------------------------------


def _tasks(
    settings: Settings, explanations: tuple[Explanation, ...], plans: tuple[Plan, Plan]
) -> dict[str, list[Callable[[], Any]]]:
    """Return the tasks of each part of the study, the long ones first."""
    every = range(settings.worlds)
    numbers = [every[first : first + _WORLDS_AT_A_TIME] for first in every[::_WORLDS_AT_A_TIME]]
    prior = (plans, explanations, settings.works, settings.second_reading, settings.visits)
    return {
        "power": [
            partial(power.simulate, plans[0], trial, strength)
            for trial in range(settings.trials)
            for strength in power.STRENGTHS
        ],
        "home": [partial(home_share.simulate, plans[0], number) for number in range(settings.home)],
        "alone": [
            partial(simulate_case, plans, case, number, settings.visits_alone)
            for case in cases(explanations)
            for number in range(settings.alone)
        ],
        "prior": [partial(simulate_prior, *prior, own) for own in numbers],
    }


def _tables(
    settings: Settings, explanations: Sequence[Explanation], plan: Plan, results: Mapping[str, list[Any]]
) -> dict[str, pd.DataFrame]:
    """Return the tables from the results of all tasks by part."""
    import pandas as pd

    of_worlds = prior_tables(results["prior"])
    limits = limits_of(of_worlds["permuted"])
    reports, permuted = (reports_of(of_worlds[name], limits) for name in ("studies", "permuted"))
    report = pd.DataFrame([report_of_2022(plan.measures)])
    tasks = classifier.classification_tasks(explanations, of_worlds, reports, permuted)
    return {
        **of_worlds,
        **classifier.weight_tables(tasks, report, settings.resamples, plan.seed),
        "pattern_shares": classifier.pattern_shares(of_worlds, reports, permuted),
        "alone": case_table(list(chain(*results["alone"])), limits),
        "discrimination": classifier.discrimination(explanations, of_worlds),
        "power": power.detection_rates(results["power"], settings.respondents, settings.samples, plan.seed),
        "home": home_share.summary(list(chain(*results["home"]))),
        "reported": report,
        "limits": pd.DataFrame([limits]),
    }


# -- tables of an earlier run -----------------------------------------------------------------------------------------

_TABLES = {"told_apart": "discrimination", "dealt": "permuted", "counted": "pattern_shares"}
_COLUMNS = {"told_apart": "auc", "seen": "positive", "wrong": "negative"}
_VALUES = {
    "as_it_stands": "default", "as it stands": power.ASSUMED, "largest assumed": power.LARGEST, "perfect": "lossless",
    "removed": "corrected",
    "luck alone": classifier.ORIGINS[0], "+ used? used well? since when?": "+ use, correct use, duration",
    "+ what is really there": "+ documents and the desk", "all of it": "all together",
    "all of it, 50 employers": classifier.FEWER,
}  # fmt: skip
"""Present names of tables, columns and values by those of version 0.3."""


def read(folder: Path) -> tuple[dict[str, pd.DataFrame], Reading]:
    """Return the tables and the fit of the alternative counting in a folder of this study.

    Raises UserError for a folder of something else.
    """
    import pandas as pd

    try:
        fitted = json.loads((folder / "about.json").read_text(encoding="utf-8"))["second_reading_fitted"]
        tables = {path.stem: pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}
    except (OSError, ValueError, KeyError) as error:
        value = f"{folder} ({first_line(error)})"
        raise UserError(invalid("vanishing.tables", value, "a finished folder of this study")) from None
    return {_TABLES.get(name, name): _current(name, table) for name, table in tables.items()}, Reading(**fitted)


def _current(name: str, table: pd.DataFrame) -> pd.DataFrame:
    if name == "home":
        table = table.drop(columns="says", errors="ignore")
    columns = _COLUMNS if name in ("home", "recovery", "told_apart") else {}
    texts = table.select_dtypes(["object", "string"]).columns
    return table.assign(**{column: table[column].replace(_VALUES) for column in texts}).rename(columns=columns)


main = VanishingStudy().main
