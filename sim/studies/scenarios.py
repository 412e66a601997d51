"""The main job: compare scenarios in pairs, and write the table, the data and the figures."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any

from sim.calibration.uncertainty import assumed_numbers
from sim.engine.plan import Plan, check_memory, required_measures
from sim.errors import UserError
from sim.files import write_json
from sim.formatting import signed
from sim.outcomes.definitions import ITEMS_BY_WEEK
from sim.outcomes.effects import CHANCE, DRAWS
from sim.outcomes.record import bytes_of_record
from sim.outcomes.samples import Samples, bytes_of_samples
from sim.runs.run import run_many
from sim.world.establishments import build

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig

    from sim.levers.measure import Measure
    from sim.world.firm import Firm

ReportWriter = Callable[[Path, str], None]
"""Writes the report page of a finished folder in a language."""
_BYTES_A_PLAN = 60_000
_BYTES_A_ROW = 420
"""Of the trajectories, the largest table, while tables are made and written."""
_BYTES_OF_PAGES = 350_000_000
"""Of the libraries for tables, figures and the report, and of what they draw."""
_INTERVAL = {
    CHANCE: "95%, chance only: people and lives drawn anew; parameters and structure held fixed",
    DRAWS: "90% of runs: people, lives and parameters (posterior draws) drawn anew; structure held fixed",
}


def compare(
    plans: Sequence[Plan], workers: int = 1, quiet: bool = False, folder: Path | None = None
) -> tuple[Samples, dict[str, pd.DataFrame]]:
    """Run all replicates and return their samples, closed, and the tables that the study writes.

    Tables: effects, counts, trajectories, cascade, gains, ties, people. The first scenario is what the others are
    compared with. `folder` is where samples stand until the tables are made; the folder of temporary files by default.
    """
    from tqdm import tqdm

    folder = folder or Path(gettempdir())
    check_room(plans, workers, folder)
    firm = build(plans[0].firm, plans[0].seed, plans[0].replicate)
    with (
        samples_of(plans[0], folder) as samples,
        tqdm(total=len(plans), unit="run", desc="replicates", disable=quiet or None, file=sys.stderr) as bar,
    ):
        for record in run_many(plans, workers, lambda done: bar.update(done - bar.n)):
            samples.add(record)
        return samples, tables_of(plans[0], samples, firm, held_by(plans))


def check_room(plans: Sequence[Plan], workers: int, folder: Path) -> None:
    """Raise UserError where a comparison needs more memory, or more of the disk of `folder`, than is free."""
    first = plans[0]
    check_memory(first, len(first.scenarios), workers, *bytes_held(first, len(plans), workers))
    need, free = len(plans) * bytes_of_samples(first), shutil.disk_usage(folder).free
    if need > free:
        raise UserError(
            f"{len(plans):,} replicates need about {need / 1e9:.1f} GB in {folder} until their tables are made and "
            f"{free / 1e9:.1f} GB are free; ask for fewer replicates, weeks or scenarios, or give another folder, as "
            "in output=results"
        )


def bytes_held(plan: Plan, replicates: int, workers: int) -> tuple[float, float]:
    """About how many bytes a comparison holds beside the worlds it simulates, and how many its tables and pages take.

    While it simulates these are the plans and the records on their way; samples stand on the disk.
    """
    plans, on_their_way = replicates * _BYTES_A_PLAN, 3 * workers * bytes_of_record(plan)
    rows = len(ITEMS_BY_WEEK) * len(plan.scenarios) * plan.weeks
    return plans + on_their_way, plans + _BYTES_OF_PAGES + _BYTES_A_ROW * rows


def held_by(plans: Sequence[Plan]) -> str:
    """What intervals over these replicates hold: chance alone, or draws of parameters as well."""
    first = plans[0]
    same = all(plan.parameters == first.parameters and plan.measures == first.measures for plan in plans)
    return CHANCE if same else DRAWS


def samples_of(plan: Plan, folder: Path | None = None) -> Samples:
    """Samples for the replicates of a comparison, in `folder` or, without one, in memory; none is added yet."""
    return Samples(plan.scenarios, [measure.name for measure in measures_of(plan)], folder)


def tables_of(plan: Plan, samples: Samples, firm: Firm, holds: str = CHANCE) -> dict[str, pd.DataFrame]:
    """The tables of samples that come from the scenarios of `plan`.

    `firm` is the first's; `holds` is what intervals hold.
    """
    from sim.outcomes.effects import cascade_table, counts, effects, gains, reasons_table, tie_tables, trajectories

    tables = {
        "effects": effects(samples, holds),
        "counts": counts(samples),
        "trajectories": trajectories(samples, plan.calendar, holds),
        "cascade": cascade_table(samples, measures_of(plan), holds),
        "gains": gains(samples),
        "reasons": reasons_table(samples),
    }
    if plan.firm.kind != "own":  # the structure of an own organisation is real: no single place of it is shown
        tables["ties"], tables["people"] = tie_tables(samples.first, firm, plan.scenarios)
    return tables


def measures_of(plan: Plan) -> list[Measure]:
    """The measures of a plan's worlds in the order of the catalogue."""
    from sim.levers.interventions import InterventionState

    return list(InterventionState(required_measures(plan), ()).measures)


def study(cfg: DictConfig, write_report: ReportWriter | None = None) -> None:
    """Compare the scenarios of a composed configuration and write a new folder; the command adds the report."""
    from sim.config import plan_builder, study_settings
    from sim.experiments import output_folder
    from sim.words import Words

    plans = plan_builder.build_plans(cfg)
    language = study_settings.settings_of(cfg).report
    if language is not None:
        Words(language)  # an unknown language is an error before anything is simulated
    with output_folder.OutputFolder(cfg.output, "scenarios") as folder:
        lines = _write_comparison(cfg, plans, folder.path)
    if language is not None and write_report is not None:
        write_report(folder.path, language)
    print(lines)
    print(folder.path)


def _write_comparison(cfg: DictConfig, plans: Sequence[Plan], folder: Path) -> str:
    """Run the plans, write all that comes of them into `folder`, and return the lines for the terminal."""
    from sim.config import study_settings
    from sim.experiments import output_folder

    samples, tables = compare(plans, study_settings.workers_of(cfg), folder=folder)
    for name, table in tables.items():
        output_folder.write_table(table, folder / f"{name}.parquet")
    output_folder.write_config(cfg, folder / "config.yaml")
    about = output_folder.about(plans[0]) | facts(plans[0], samples, held_by(plans))
    write_json(about, folder / "about.json")
    if len(plans[0].scenarios) > 1:
        wordings = {measure.name: measure.text for measure in measures_of(plans[0])}
        show(tables, about, folder, wordings)
    return headlines(tables)


def show(
    tables: dict[str, pd.DataFrame], about: dict[str, Any], folder: Path, wordings: Mapping[str, str] | None = None
) -> None:
    """Write the page and the figures of a comparison into `folder`; `wordings` are the measures' own, by id."""
    from sim.experiments import output_folder
    from sim.plotting import figures
    from sim.reporting import summary

    names = labels()
    tables = tables | {name: of_last_policy(tables[name]) for name in ("ties", "people") if name in tables}
    values = summary.facts(tables, about, names)
    write_json(values, folder / "results.json")
    output_folder.write_text(summary.page(values), folder / "summary.md")
    (folder / "figures").mkdir()
    footer = f"seed {about['seed']}, version {about['version']}"
    figures.draw_all(tables, folder / "figures", footer, names, wordings)


def of_last_policy(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the baseline and of the last policy of the list, which the picture of one organisation shows."""
    if table.empty:
        return table
    scenarios = list(dict.fromkeys(table["scenario"]))
    return table[table["scenario"].isin([scenarios[0], _last_policy(table, scenarios)])]


def _last_policy(table: pd.DataFrame, scenarios: Sequence[str]) -> str:
    policies = list(dict.fromkeys(table.loc[table["kind"] == "policy", "scenario"]))
    return policies[-1] if policies else scenarios[-1]


def facts(plan: Plan, samples: Samples, holds: str = CHANCE) -> dict[str, Any]:
    """What a reader must know of the runs behind the numbers; `holds` is what intervals hold."""
    return {
        "replicates": samples.count,
        "people": int(samples.first.people[0, -1, 0]),
        "weeks": plan.weeks,
        "seed": plan.seed,
        **assumed_numbers(),
        "holds": holds,
        "interval": _INTERVAL[holds] if samples.count > 1 else "none: one run",
        "introduced": {scenario.name: sorted(scenario.measures) for scenario in plan.scenarios},
    }


def labels() -> dict[str, str]:
    """Plain names of outcomes; the others are derived from their ids."""
    from sim.outcomes.definitions import OUTCOMES

    return {name: outcome.label for name, outcome in OUTCOMES.items()}


def headlines(tables: dict[str, pd.DataFrame]) -> str:
    """The first table as lines for the terminal: burn-out complaints and isolation of everybody, with intervals."""
    from sim.outcomes.definitions import BURN_OUT, ISOLATION
    from sim.reporting.labels import label_of
    from sim.reporting.summary import lines_without_effect

    if tables["trajectories"].empty:
        return "no group has ten people in every week, so none is large enough to be reported"
    effects = tables["effects"]
    everybody = effects[effects.group == "everybody"]
    if everybody.empty:
        return ""
    said = {CHANCE: "95%, chance only", DRAWS: "90% of runs: parameters and chance"}
    sureness = said[everybody.interval.iloc[0]] if everybody.replicates.max() > 1 else "one run: no interval"
    rows = [(f"difference from the baseline ({sureness})", "burn-out complaints per 1,000", "isolation, SD")]
    for (scenario, kind), own in everybody.groupby(["scenario", "kind"], sort=False):
        of = own.set_index("outcome")
        name = label_of(scenario) + (" (what if)" if kind == "counterfactual" else "")
        rows.append((name, _with_interval(of.loc[BURN_OUT], 1), _with_interval(of.loc[ISOLATION], 2)))
    return "\n".join([_in_columns(rows), *(lines_without_effect(tables["reasons"]) if "reasons" in tables else [])])


def _in_columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows of words with the first column to the left and the others to the right, each as wide as its widest."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "   ".join([first.ljust(widths[0]), *(word.rjust(width) for word, width in zip(rest, widths[1:], strict=True))])
        for first, *rest in rows
    )


def _with_interval(effect: pd.Series, digits: int) -> str:
    if effect.reason:
        return "does not apply"
    difference, low, high = (signed(effect[end], digits) for end in ("difference", "low", "high"))
    return difference if effect.replicates < 2 else f"{difference} ({low} to {high})"


def main(argv: list[str], write_report: ReportWriter | None = None) -> int:
    """Run `hybridwork scenarios` with Hydra's overrides; return its exit code."""
    from sim.config.hydra_command import command

    return command(partial(study, write_report=write_report), "scenarios", argv)
