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
from sim.outcomes.definitions import BURN_OUT, ISOLATION, ITEMS_BY_WEEK, OUTCOMES
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
"""Function that writes the report page of a finished folder in a language."""
_BYTES_A_PLAN, _BYTES_A_ROW, _BYTES_OF_PAGES = 60_000, 420, 350_000_000
"""Memory of a plan, of a row of the trajectories (the largest table), and of the libraries for tables and figures."""
_INTERVAL = {
    CHANCE: "95%, chance only: other people and random numbers; parameters and structure fixed",
    DRAWS: "90% of runs: other people, random numbers and parameters (posterior draws); structure fixed",
}


def compare(
    plans: Sequence[Plan], workers: int = 1, quiet: bool = False, folder: Path | None = None
) -> tuple[Samples, dict[str, pd.DataFrame]]:
    """Simulate all replicates; return their samples, closed, and the tables that the study writes.

    Tables: effects, counts, trajectories, cascade, gains, reasons, ties, people. They compare with the first scenario.
    `folder` holds the samples until the tables are made; it is the folder of temporary files by default.
    """
    from tqdm import tqdm

    folder = folder or Path(gettempdir())
    check_capacity(plans, workers, folder)
    firm = build(plans[0].firm, plans[0].seed, plans[0].replicate)
    with (
        samples_of(plans[0], folder) as samples,
        tqdm(total=len(plans), unit="run", desc="replicates", disable=quiet or None, file=sys.stderr) as bar,
    ):
        for record in run_many(plans, workers, lambda done: bar.update(done - bar.n)):
            samples.add(record)
        return samples, tables_of(plans[0], samples, firm, interval_type(plans))


def check_capacity(plans: Sequence[Plan], workers: int, folder: Path) -> None:
    """Raise UserError where a comparison needs more memory, or more of the disk of `folder`, than is free."""
    first = plans[0]
    check_memory(first, len(first.scenarios), workers, *bytes_held(first, len(plans), workers))
    need, free = len(plans) * bytes_of_samples(first), shutil.disk_usage(folder).free
    if need > free:
        raise UserError(
            f"{len(plans):,} replicates need about {need / 1e9:.1f} GB in {folder}, and {free / 1e9:.1f} GB are free. "
            "Use fewer replicates, weeks or scenarios, or another folder, as in output=results."
        )


def bytes_held(plan: Plan, replicates: int, workers: int) -> tuple[float, float]:
    """Estimate the memory of a comparison in bytes, besides its worlds: while it simulates, and for tables and pages.

    While it simulates, memory holds plans and records in transit; samples are on the disk.
    """
    plans, in_transit = replicates * _BYTES_A_PLAN, 3 * workers * bytes_of_record(plan)
    rows = len(ITEMS_BY_WEEK) * len(plan.scenarios) * plan.weeks
    return plans + in_transit, plans + _BYTES_OF_PAGES + _BYTES_A_ROW * rows


def interval_type(plans: Sequence[Plan]) -> str:
    """Return the type of intervals over these replicates: chance only, or draws of parameters as well."""
    first = plans[0]
    same = all(plan.parameters == first.parameters and plan.measures == first.measures for plan in plans)
    return CHANCE if same else DRAWS


def samples_of(plan: Plan, folder: Path | None = None) -> Samples:
    """Return empty samples for the replicates of a comparison, in `folder` or, without one, in memory."""
    return Samples(plan.scenarios, [measure.name for measure in measures_of(plan)], folder)


def tables_of(plan: Plan, samples: Samples, firm: Firm, holds: str = CHANCE) -> dict[str, pd.DataFrame]:
    """Return the tables of the samples of a plan; `firm` is that of the first replicate, `holds` a type of interval."""
    from sim.outcomes.effects import cascade_table, counts, effects, gains, reasons_table, tie_tables, trajectories

    tables = {
        "effects": effects(samples, holds),
        "counts": counts(samples),
        "trajectories": trajectories(samples, plan.calendar, holds),
        "cascade": cascade_table(samples, measures_of(plan), holds),
        "gains": gains(samples),
        "reasons": reasons_table(samples),
    }
    if plan.firm.kind != "own":  # an own organisation has a real structure, of which no single place is shown
        tables["ties"], tables["people"] = tie_tables(samples.first, firm, plan.scenarios)
    return tables


def measures_of(plan: Plan) -> list[Measure]:
    """Return the measures of the worlds of a plan, in the order of the catalogue."""
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
    """Simulate the plans, write their results into `folder`, and return the lines for the terminal."""
    from sim.config import study_settings
    from sim.experiments import output_folder

    samples, tables = compare(plans, study_settings.workers_of(cfg), folder=folder)
    for name, table in tables.items():
        output_folder.write_table(table, folder / f"{name}.parquet")
    output_folder.write_config(cfg, folder / "config.yaml")
    about = output_folder.about(plans[0]) | facts(plans[0], samples, interval_type(plans))
    write_json(about, folder / "about.json")
    if len(plans[0].scenarios) > 1:
        wordings = {measure.name: measure.text for measure in measures_of(plans[0])}
        show(tables, about, folder, wordings)
    return headlines(tables)


def show(
    tables: dict[str, pd.DataFrame], about: dict[str, Any], folder: Path, wordings: Mapping[str, str] | None = None
) -> None:
    """Write the page and the figures of a comparison into `folder`; `wordings` are the texts of measures by id."""
    from sim.experiments import output_folder
    from sim.plotting import figures
    from sim.reporting import summary

    names = {name: outcome.label for name, outcome in OUTCOMES.items()}
    tables = tables | {name: _of_last_policy(tables[name]) for name in ("ties", "people") if name in tables}
    values = summary.facts(tables, about, names)
    write_json(values, folder / "results.json")
    output_folder.write_text(summary.page(values), folder / "summary.md")
    (folder / "figures").mkdir()
    footer = f"seed {about['seed']}, version {about['version']}"
    figures.draw_all(tables, folder / "figures", footer, names, wordings)


def _of_last_policy(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the baseline and of the last policy (or scenario), which the figure of ties shows."""
    scenarios = table["scenario"].unique()
    policies = table.loc[table["kind"] == "policy", "scenario"].unique()
    return table[table["scenario"].isin([*scenarios[:1], *(policies if len(policies) else scenarios)[-1:]])]


def facts(plan: Plan, samples: Samples, holds: str = CHANCE) -> dict[str, Any]:
    """Return the entries of about.json on the runs; `holds` is the type of their intervals."""
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


def headlines(tables: dict[str, pd.DataFrame]) -> str:
    """Return lines for the terminal: the effects on burn-out complaints and isolation of everybody."""
    from sim.reporting.labels import label_of
    from sim.reporting.summary import lines_without_effect

    if tables["trajectories"].empty:
        return "No group has ten people in every week, so none is large enough to be reported."
    effects = tables["effects"]
    everybody = effects[effects.group == "everybody"]
    if everybody.empty:
        return ""
    covers = {CHANCE: "95%, chance only", DRAWS: "90% of runs: parameters and chance"}
    interval = covers[everybody.interval.iloc[0]] if everybody.replicates.max() > 1 else "one run: no interval"
    rows = [(f"difference from the baseline ({interval})", "burn-out complaints per 1,000", "isolation, SD")]
    for (scenario, kind), own in everybody.groupby(["scenario", "kind"], sort=False):
        effect = own.set_index("outcome").loc
        name = label_of(scenario) + (" (what if)" if kind == "counterfactual" else "")
        rows.append((name, _with_interval(effect[BURN_OUT], 1), _with_interval(effect[ISOLATION], 2)))
    return "\n".join([_in_columns(rows), *(lines_without_effect(tables["reasons"]) if "reasons" in tables else [])])


def _in_columns(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as text with aligned columns: the first to the left, the others to the right."""
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
