"""Which policy wins in how many plausible worlds, where that flips, and who is harmed.

Everything that nobody knows for sure is drawn: parameters and amounts from their ranges, loops on or off, and with
every draw people and chance of its own. All policies live side by side in each draw. Draws whose today is far from what
was measured are set aside, and shown beside the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.config import study_settings
from sim.data import rows
from sim.engine.plan import BASELINE, Plan
from sim.errors import UserError, as_written, instead, is_number, is_whole
from sim.experiments import designs, output_folder
from sim.experiments.factors import numbers_with_passports
from sim.experiments.results import Results
from sim.experiments.sweep import Sweep, batch_of, folder_of, part_of, pool_of, retry_of, run_sweep, sweep_of
from sim.files import claim, write_json
from sim.levers.measure import FAMILIES
from sim.outcomes.definitions import HEADLINES, OUTCOMES
from sim.studies.ranking import decision_rules, statistics
from sim.studies.ranking.statistics import ALL, BURN_OUT, COLLEAGUES, COMPANY, PLAUSIBLE, SINGLE

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig

ALIKE = ("posterior", "draws", "latin_hypercube", "file")
"""Methods whose rows all stand for as much; a share of the rows of another means nothing."""
Facts = dict[str, Any]
Said = tuple[dict[str, str], dict[str, str]]
"""Units and notes of factors, by name."""
HOME_WORKERS, TARGET = "home_workers", "burnout_home"


@dataclass(frozen=True)
class Settings:
    """What `ranking` in `conf/study/robust_ranking.yaml` may say; what each means stands there."""

    near_burn_out: float | None = 5.0
    near_isolation: float | None = 0.25
    same_burn_out: float = 0.5
    same_isolation: float = 0.01
    fewest: int = 50
    leaders: int = 3
    clear: float = 0.6
    shuffles: int = 199
    harm_from: float = 0.1
    resamples: int = 1000

    @property
    def margins(self) -> dict[str, float]:
        """Up to which difference two things are about the same, by outcome and in its unit."""
        return {BURN_OUT: self.same_burn_out, COLLEAGUES: self.same_isolation, COMPANY: self.same_isolation}


# -- the study --------------------------------------------------------------------------------------------------------


def study(cfg: DictConfig) -> None:
    """Live what is missing of the draws, count who wins, and write tables, figures and the page."""
    from sim.studies.ranking.words import headlines

    settings, sweep = settings_of(cfg), draws_of(cfg)
    folder = folder_of(cfg, "robust_ranking", "own chance", sweep.replicates)
    part, batch, retry = part_of(cfg), batch_of(cfg), retry_of(cfg)
    claim(folder, "robust_ranking")
    with pool_of(cfg) as crew:
        results = run_sweep(sweep, folder / "runs", crew, part, batch, retry)
    if not results.any_done:
        raise UserError(f"no draw was lived to its end:\n{results.told()}")
    tables, effects, facts = counted(results, sweep.ground.plan, settings)
    show(tables, effects, facts, folder)
    output_folder.write_config(cfg, folder / "config.yaml")
    write_json({**output_folder.about(sweep.ground.plan), **facts}, folder / "about.json")
    print("\n".join(headlines(tables, facts)))
    print(folder)


def settings_of(cfg: DictConfig) -> Settings:
    """The group `ranking`, each number of its kind and within its range, or UserError."""
    from omegaconf import DictConfig

    given = cfg.get("ranking")
    if not isinstance(given, DictConfig):
        raise UserError(f"ranking is '{as_written(given)}'; it is a group, so write ranking.<setting>=<number>")
    known = {field.name: str(field.type) for field in fields(Settings)}
    asked = {str(name): value for name, value in given.items()}
    for name, value in asked.items():
        if name not in known:
            raise UserError(f"there is no setting 'ranking.{name}' {instead(name, known)}")
        _check_number(f"ranking.{name}", known[name], value)
    settings = Settings(**asked)
    for name, most in (("clear", 1.0), ("harm_from", 1.0)):
        if getattr(settings, name) > most:
            raise UserError(f"ranking.{name} is {getattr(settings, name):g}; a share from 0 to {most:g} is right")
    return settings


def _check_number(where: str, kind: str, value: Any) -> None:
    may_be_null, whole = kind.endswith("None"), kind.startswith("int")
    fits = is_whole(value) if whole else is_number(value) or (value is None and may_be_null)
    if not fits or (value is not None and not value >= (1 if whole else 0)):
        right = "a whole number from 1 on" if whole else "a number from 0 on"
        raise UserError(f"{where} is {as_written(value)}; {right} is right{', or null' if may_be_null else ''}")


def draws_of(cfg: DictConfig) -> Sweep:
    """The draws that a composed configuration asks for; UserError for what would make shares of them meaningless."""
    if cfg.design.method not in ALIKE:
        raise UserError(
            f"design.method is '{as_written(cfg.design.method)}'; the rows must be draws alike, so one of "
            f"{', '.join(ALIKE)} is right"
        )
    designs.require_own_chance(study_settings.read_dataclass("design", designs.Settings, cfg.design), "robust_ranking")
    sweep = sweep_of(cfg)
    policies = sweep.ground.plan.scenarios[1:]
    if not policies:
        raise UserError("there is nothing to compare; at least one policy beside the baseline is right")
    for scenario in policies:
        if scenario.kind != "policy":
            raise UserError(
                f"scenario {scenario.name} is a what-if scenario, which explains and is no option; "
                "robust_ranking compares policies, so leave it out of scenarios"
            )
    for name in map(str, sweep.design.table.columns):
        if name.split(".")[0] in (*FAMILIES, "scenario", "scenarios", "dose", "strength"):
            raise UserError(
                f"factor {name} would change the policies from draw to draw; name them in scenarios, and draw the rest"
            )
    return sweep


# -- counting ---------------------------------------------------------------------------------------------------------


def counted(
    results: Results, plan: Plan, settings: Settings
) -> tuple[dict[str, pd.DataFrame], statistics.Effects, Facts]:
    """The tables of the study by name, the effects in plausible worlds, and the facts a reader must know beside them.

    Tables: worlds (a row a draw), against_today, pairs, wins, regret, flips, harms. All but worlds and flips hold the
    plausible draws and all draws, told apart by the column `draws`; wins and regret have `among`: all policies, or
    single ones only, where there are packages.
    """
    import pandas as pd

    levels = results.levels(HEADLINES, groups=None)
    worlds = _worlds(levels, settings)
    differences = statistics.differences(levels)
    measures = {scenario.name: scenario.measures for scenario in plan.scenarios[1:]}
    packages = statistics.packages(measures)
    chosen = {PLAUSIBLE: worlds.loc[worlds["plausible"], "row"], ALL: worlds["row"]}
    parts: dict[str, list[pd.DataFrame]] = {}
    for draws, own in chosen.items():
        of_these = differences[differences["row"].isin(own)]
        for name, table in _tables(of_these, list(measures), packages, settings):
            parts.setdefault(name, []).append(table.assign(draws=draws))
    tables = {"worlds": worlds, **{name: pd.concat(own, ignore_index=True) for name, own in parts.items()}}
    plausible = statistics.effects_of(differences[differences["row"].isin(chosen[PLAUSIBLE])], list(measures))
    leading = leaders(tables["wins"], packages)
    said = _said_of_factors(results, plan)
    tables["flips"] = _flips(plausible, results.design, said, leading[: settings.leaders], settings)
    return tables, plausible, _facts(results, plan, worlds, settings, packages, leading)


def _worlds(levels: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """One row a draw: its today (home workers), which demands it meets, and whether it is plausible."""
    of_today = levels[(levels["scenario"] == BASELINE.name) & (levels["group"] == HOME_WORKERS)]
    today = of_today.groupby("row")[list(HEADLINES)].mean().astype(float).reindex(np.sort(levels["row"].unique()))
    near = statistics.near_the_data(today, target(), settings.near_burn_out, settings.near_isolation)
    named = near.add_prefix("near_").assign(plausible=near.all(axis=1))
    return today.join(named).rename_axis("row").reset_index()


def target() -> float:
    """The percentage of home workers with burn-out complaints that the model is fitted to."""
    return next(float(row["value"]) for row in rows("targets") if row["id"] == TARGET)


def _tables(
    differences: pd.DataFrame, policies: Sequence[str], packages: Sequence[str], settings: Settings
) -> Iterator[tuple[str, pd.DataFrame]]:
    """The tables of some draws, by name."""
    effects = statistics.effects_of(differences, policies)
    yield "against_today", statistics.against_today(effects, settings.margins)
    yield "pairs", statistics.pairs(effects, settings.margins)
    yield "harms", statistics.harms(differences, settings.margins, settings.harm_from)
    singles = {outcome: table.drop(columns=list(packages)) for outcome, table in effects.items()}
    for among, own in {ALL: effects, **({SINGLE: singles} if packages else {})}.items():
        yield "wins", statistics.wins(own, settings.margins).assign(among=among)
        yield "regret", statistics.regret(own, settings.resamples).assign(among=among)


def leaders(wins: pd.DataFrame, packages: Sequence[str]) -> list[str]:
    """The single policies, those most often best on burn-out complaints in plausible worlds first."""
    among = SINGLE if packages else ALL
    own = wins[(wins["draws"] == PLAUSIBLE) & (wins["among"] == among) & (wins["outcome"] == BURN_OUT)]
    return [str(name) for name in own.sort_values("best", ascending=False, kind="stable")["policy"]]


def _facts(
    results: Results,
    plan: Plan,
    worlds: pd.DataFrame,
    settings: Settings,
    packages: Sequence[str],
    leading: Sequence[str],
) -> Facts:
    states = results.states
    bad = states[states["state"] != "done"]
    factors = results.about["design"]["factors"]
    return {
        "draws": len(results.design),
        "lived": len(worlds),
        "runs_failed": int((bad["state"] == "failed").sum()),
        "runs_missing": int((bad["state"] == "missing").sum()),
        "first_error": next((error for error in bad["error"] if error), ""),
        "plausible": int(worlds["plausible"].sum()),
        "near": {name: int(worlds[f"near_{name}"].sum()) for name in HEADLINES},
        "target": target(),
        "method": results.about["design"]["method"],
        "factors": len(results.design.columns),
        "switches": sum(factor["unit"] == "switch" for factor in factors),
        "replicates": int(results.about["replicates"]),
        "firm": plan.firm.kind,
        "people": plan.firm.employees if plan.firm.kind == "one" else None,
        "weeks": plan.weeks,
        "seed": plan.seed,
        "version": output_folder.version(),
        "policies": [scenario.name for scenario in plan.scenarios[1:]],
        "packages": list(packages),
        "leaders": list(leading),
        "ranking": {field.name: getattr(settings, field.name) for field in fields(settings)},
    }


# -- where it flips ---------------------------------------------------------------------------------------------------


def _said_of_factors(results: Results, plan: Plan) -> Said:
    """The unit of every factor that has one, and the note of every parameter that has one."""
    known = {name: passport for name, (_, passport) in numbers_with_passports(plan).items()}
    units = {factor["name"]: factor["unit"] for factor in results.about["design"]["factors"]}
    return {name: of.unit for name, of in known.items()} | units, {name: of.note for name, of in known.items()}


def _flips(
    effects: statistics.Effects, design: pd.DataFrame, said: Said, leading: Sequence[str], settings: Settings
) -> pd.DataFrame:
    """One row per question and leaf of its rule, or one where there is no rule; on burn-out complaints of everybody.

    Whether a policy lowers them by more than the margin is asked of the worlds in which it changes anything; whether
    one of two leading policies beats the other, of those in which they differ by more than the margin.
    """
    import pandas as pd

    margin, burn_out = settings.same_burn_out, effects[BURN_OUT]
    factors = decision_rules.as_numbers(design.loc[burn_out.index])
    found: list[dict[str, Any]] = []
    for policy, against, asked, answers in _questions(effects, leading, margin):
        rule = decision_rules.rule(factors[asked], answers[asked].to_numpy(), settings.clear, settings.shuffles)
        told = {
            "policy": policy,
            "against": against,
            "worlds": rule.worlds,
            "yes": rule.yes,
            "accuracy": rule.accuracy,
            "by_luck": rule.by_luck,
            "factors": decision_rules.explained(rule.leaves, factors, *said),
        }
        found += [{**told, **_leaf(leaf, said[0])} for leaf in rule.leaves or (decision_rules.Leaf((), 0, 0),)]
    return pd.DataFrame(found)


def _questions(
    effects: statistics.Effects, leading: Sequence[str], margin: float
) -> Iterator[tuple[str, str, pd.Series, pd.Series]]:
    """Policy, what it is compared with, of which worlds it is asked, and the answers."""
    burn_out, nothing = effects[BURN_OUT], statistics.without_effect(effects)
    for policy in burn_out.columns:
        yield policy, BASELINE.name, ~nothing[policy], burn_out[policy] < -margin
    for first, second in combinations(leading, 2):
        ahead = burn_out[second] - burn_out[first]
        yield first, second, ahead.abs() > margin, ahead > margin


def _leaf(leaf: decision_rules.Leaf, units: Mapping[str, str]) -> dict[str, Any]:
    """What a leaf adds to a row; where there is no rule, the leaf has no bounds and counts nothing."""
    low, high = leaf.interval
    where = decision_rules.in_words(leaf.bounds, units)
    return {"where": where, "counted": leaf.worlds, "share": leaf.share, "low": low, "high": high}


# -- what is written --------------------------------------------------------------------------------------------------


def show(tables: Mapping[str, pd.DataFrame], effects: statistics.Effects, facts: Facts, folder: Path) -> None:
    """Write the tables, the page and, where any draw is plausible, the figures into `folder`."""
    from sim.plotting.figures import robust_ranking as figures
    from sim.studies.ranking import page, words

    labels = {name: outcome.label for name, outcome in OUTCOMES.items()}
    for name, table in tables.items():
        output_folder.write_table(table, folder / f"{name}.parquet")
    output_folder.write_text(page.write(tables, facts, labels), folder / "summary.md")
    if not facts["plausible"]:
        return
    own = {name: table[table["draws"] == PLAUSIBLE] for name, table in tables.items() if "draws" in table}
    drawn = f"{facts['plausible']:,} plausible draws of {facts['lived']:,}"
    footer = f"{drawn} · seed {facts['seed']}, version {facts['version']}"
    margins = Settings(**facts["ranking"]).margins
    figures.draw_all(own, effects, margins, words.hundred_worlds, folder / "figures", footer, labels)


def main(argv: list[str]) -> int:
    """`hybridwork robust_ranking`: count in how many plausible worlds each policy wins; Hydra's overrides follow."""
    from sim.config.hydra_command import command

    return command(study, "robust_ranking", argv, group="robust_ranking")
