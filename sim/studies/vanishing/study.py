"""Why measures vanish, studied: virtual studies by the thousand, weights of explanations, and surveys that could tell.

The study of 2022 found that what employers report relates to nobody's health, and could not say why. Here its rival
explanations are numbers of the model. Worlds are drawn in which they hold or do not; every world is visited as the
inspectorate visited its establishments; and it is asked in which worlds the study's joint pattern comes out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.config import explicit_settings, plan_builder, study_settings
from sim.engine.plan import Plan, check_memory
from sim.errors import UserError, as_written, first_line, is_number
from sim.experiments import output_folder
from sim.experiments.sweep import local_workers, pool_of
from sim.files import write_json
from sim.paths import read_path
from sim.runs.worker_pool import WorkerPool, map_unordered
from sim.studies.vanishing import discrimination, home_share, power, prior_worlds, single_explanations
from sim.studies.vanishing.alternative_counting import FREE, Reading, read_so, second_reading
from sim.studies.vanishing.classifier import asked, counted, weigh
from sim.studies.vanishing.explanations import NO_EFFECT, SELECTION, Explanation, explanations_of
from sim.studies.vanishing.pattern import limits_of, reported, told
from sim.survey.instruments import INSTRUMENTS

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig

STUDY = "vanishing_measures"
_WORLDS_AT_A_TIME = 5
_BYTES_A_STUDY, _BYTES_A_WORLD = 3_200, 43_000
"""What is kept of each virtual study, and of each world beside its studies."""
_FEWEST = {
    "worlds": 50, "visits": prior_worlds.DEALT, "alone": 2, "visits_alone": 1, "resamples": 2, "trials": 1,
    "samples": 10, "home": 2,
}  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """What stands under `vanishing` in `conf/study/vanishing_measures.yaml`, where it is explained."""

    worlds: int
    visits: int
    alone: int
    visits_alone: int
    resamples: int
    trials: int
    samples: int
    respondents: list[int]
    home: int
    second_reading: float
    works: list[float]
    docs: str | None
    tables: str | None
    explanations: dict[str, Any]


@dataclass(frozen=True)
class Question:
    """What is asked, all of it checked."""

    settings: Settings
    explanations: tuple[Explanation, ...]
    plan: Plan


@dataclass(frozen=True)
class Found:
    """All that came out: tables by name, and the fitted second reading."""

    tables: Mapping[str, pd.DataFrame]
    reading: Reading


# -- what is asked ----------------------------------------------------------------------------------------------------


def question_of(cfg: DictConfig) -> Question:
    """What a composed configuration asks; raises UserError for whatever cannot be."""
    if not hasattr(cfg.get("vanishing"), "items"):
        raise UserError(
            f"vanishing is '{as_written(cfg.get('vanishing'))}'; it is a group, so write vanishing.<name>=…"
        )
    settings: Settings = study_settings.read_dataclass("vanishing", Settings, cfg.vanishing)
    for name, least in _FEWEST.items():
        if getattr(settings, name) < least:
            raise UserError(f"vanishing.{name} is {getattr(settings, name)}; at least {least} is right")
    if not settings.respondents or min(settings.respondents) < 10:
        raise UserError(f"vanishing.respondents is {settings.respondents}; numbers of respondents from 10 on are right")
    if not 0 < settings.second_reading < 1:
        raise UserError(f"vanishing.second_reading is {settings.second_reading}; a chance between 0 and 1 is right")
    works = settings.works
    if len(works) != 2 or not all(map(is_number, works)) or not 0 <= works[0] < works[1]:
        raise UserError(f"vanishing.works is {as_written(works)}; the least and the most are right, as in [0, 2]")
    for name in (NO_EFFECT, SELECTION):
        if name not in settings.explanations:
            raise UserError(f"vanishing.explanations lacks {name}, of which the page speaks by itself")
    plan = plan_builder.build_plan(cfg)
    check_memory(plan, len(power.EFFECTS) + 1, local_workers(cfg), _bytes_held(settings))
    explanations = explanations_of(settings.explanations)
    _check_not_drawn(cfg, explanations, plan)
    return Question(settings, explanations, plan)


def _check_not_drawn(cfg: DictConfig, explanations: Sequence[Explanation], plan: Plan) -> None:
    """Raise UserError where a user has set a number that worlds draw, or that the second reading is fitted with."""
    moved = {number for one in explanations for number in one.moves} | {("cascade", name) for name in FREE}
    replaced = {f"{owner}.{own}" if owner in INSTRUMENTS else f"mechanisms.{owner}.{own}" for owner, own in moved}
    for measure in (one for one in plan.measures if one.in_study):
        replaced |= {f"measures.{measure.name}.{name}" for name in measure.shifts}
        replaced |= {f"measures.{measure.name}.{own}" for owner, own in moved if owner == "measures"}
    for name in sorted(replaced & explicit_settings.set_parameters(cfg)):
        raise UserError(f"{name} is set, and the worlds of vanishing_measures have a value of their own. Leave it out.")


def _bytes_held(settings: Settings) -> float:
    """About how many bytes the rows of all worlds take, kept until the tables are made."""
    of_cases = (
        len(single_explanations.cases(explanations_of(settings.explanations))) * settings.alone * settings.visits_alone
    )
    studies = settings.worlds * (settings.visits + prior_worlds.DEALT) + of_cases
    return _BYTES_A_STUDY * studies + _BYTES_A_WORLD * settings.worlds


# -- what is done -----------------------------------------------------------------------------------------------------


def answered(question: Question, crew: WorkerPool) -> Found:
    """Fit the second reading, live all worlds, and make the tables."""
    reading = second_reading(question.plan)
    plans = (question.plan, read_so(question.plan, reading.parameters))
    lived = _lived(_tasks(question, plans), crew)
    return Found(_tables(question, lived), reading)


def _tasks(question: Question, plans: tuple[Plan, Plan]) -> list[Any]:
    """Everything that has to be lived, the long ones first."""
    asked, own, base = question.settings, question.explanations, plans[0]
    works = (asked.works[0], asked.works[1])
    numbers = range(0, asked.worlds, _WORLDS_AT_A_TIME)
    return [
        *(power.Task(base, number, strength) for number in range(asked.trials) for strength in power.STRENGTHS),
        *(home_share.Task(base, number) for number in range(asked.home)),
        *(
            single_explanations.Task(plans, case, number, asked.visits_alone)
            for case in single_explanations.cases(own)
            for number in range(asked.alone)
        ),
        *(
            prior_worlds.Task(plans, own, works, asked.second_reading, asked.visits,
                        tuple(range(first, min(first + _WORLDS_AT_A_TIME, asked.worlds))))
            for first in numbers
        ),
    ]  # fmt: skip


_LIVE: Mapping[type, Callable[[Any], Any]] = {
    module.Task: module.live for module in (prior_worlds, single_explanations, power, home_share)
}


def live(numbered: tuple[int, Any]) -> Any:
    """Live one task of any kind."""
    return _LIVE[type(numbered[1])](numbered[1])


def _lived(tasks: Sequence[Any], crew: WorkerPool) -> dict[type, list[Any]]:
    """What became of all tasks, by their kind, in their order."""
    from tqdm import tqdm

    done: dict[int, Any] = {}
    with tqdm(total=len(tasks), unit="task", disable=None, file=sys.stderr, smoothing=0.05) as bar:
        for (number, _), result in map_unordered(live, list(enumerate(tasks)), crew):
            if result is None:
                raise UserError("workers ended again and again; where memory is short, ask for workers=1")
            done[number] = result
            bar.update()
    by_kind: dict[type, list[Any]] = {kind: [] for kind in _LIVE}
    for number, task in enumerate(tasks):
        by_kind[type(task)].append(done[number])
    return by_kind


def _tables(question: Question, lived: Mapping[type, list[Any]]) -> dict[str, pd.DataFrame]:
    import pandas as pd

    asked_for, seed = question.settings, question.plan.seed
    of_worlds = prior_worlds.tables(lived[prior_worlds.Task])
    limits = limits_of(of_worlds["dealt"])
    real, dealt = (told(of_worlds[name], limits) for name in ("studies", "dealt"))
    report = pd.DataFrame([reported(question.plan.measures)])
    weighed = weigh(asked(question.explanations, of_worlds, real, dealt), report, asked_for.resamples, seed)
    cases = [row for rows in lived[single_explanations.Task] for row in rows]
    return {
        **of_worlds,
        "weights": weighed.weights,
        "recovery": weighed.recovery,
        "calibration": weighed.calibration,
        "counted": counted(of_worlds, real, dealt),
        "alone": single_explanations.summary(cases, limits),
        "told_apart": discrimination.told_apart(question.explanations, of_worlds),
        "power": power.seen(lived[power.Task], asked_for.respondents, asked_for.samples, seed),
        "home": home_share.summary([row for rows in lived[home_share.Task] for row in rows]),
        "reported": report,
        "limits": pd.DataFrame([limits]),
    }


# -- the command ------------------------------------------------------------------------------------------------------


def study(cfg: DictConfig) -> None:
    """Carry out the study of a composed configuration; write tables, figures and the page, and print its answer."""
    question = question_of(cfg)
    output_folder.check_docs(question.settings.docs, "vanishing")
    with output_folder.OutputFolder(str(cfg.output), STUDY) as output, pool_of(cfg) as crew:
        tables = question.settings.tables
        found = answered(question, crew) if tables is None else read(read_path(tables))
        output_folder.write_config(cfg, output.path / "config.yaml")
        answer = write(question, found, output.path)
        if question.settings.docs:
            output_folder.publish(output.path, question.settings.docs, STUDY)
    print(answer)
    print(output.path)


def write(question: Question, found: Found, folder: Path) -> str:
    """Write the tables, the figures and the page into `folder`; the answer as text."""
    from sim.plotting.figures import save, vanishing
    from sim.studies.vanishing import page

    for name, table in found.tables.items():
        output_folder.write_table(table, folder / f"{name}.parquet")
        if len(table) < _SMALL:
            output_folder.write_by(folder / f"{name}.csv", lambda path, own=table: own.to_csv(path, index=False))  # type: ignore[misc]
    write_json({**output_folder.about(question.plan), **page.facts(question, found)}, folder / "about.json")
    footer = f"seed {question.plan.seed}, version {output_folder.version()}"
    words = {"explanations": page.labels(question.explanations), "effects": page.TITLES, "designs": power.DESIGNS}
    for name, figure in vanishing.draw_all(found.tables, words, footer):
        save(figure, folder / "figures" / name)
    text = page.write(question, found)
    output_folder.write_text(text, folder / "summary.md")
    return page.answer(question, found)


def read(folder: Path) -> Found:
    """What a folder of this study holds; raises UserError where it is none."""
    import json

    import pandas as pd

    try:
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        fitted = about["second_reading_fitted"]
        found = {path.stem: pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"vanishing.tables is {folder}, no folder of this study ({first_line(error)})") from None
    chances = {role: (own[0], own[1]) for role, own in fitted["chances"].items()}
    return Found(found, Reading(fitted["parameters"], chances, fitted["worst_cell"]))


_SMALL = 5000
"""Rows up to which a table is written as csv too."""


def main(argv: list[str]) -> int:
    """`hybridwork vanishing_measures`: why measures vanish, and how to find out; Hydra's overrides follow."""
    from sim.config.hydra_command import command

    return command(study, STUDY, argv, group=STUDY)
