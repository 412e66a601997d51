"""Docking: this project's model of one person beside the published stock-and-flow model of the same theory.

Axtell, R., Axelrod, R., Epstein, J. M. and Cohen, M. D. (1996). Aligning simulation models: a case study and results.
Computational and Mathematical Organization Theory, 1, 123-141.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from sim.engine.plan import Plan, registry_of
from sim.errors import UserError
from sim.files import write_json
from sim.studies.docking.comparison import Comparison
from sim.studies.docking.findings import ALL, Finding, copied

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig

STARTS = 400
"""Random starts of the published model."""
FEWEST_PEOPLE = 10
FEWEST_WEEKS, FEWEST_RUN_IN = 208, 104
"""Weeks in which boosts and releases have their time, and in which people are driven apart before."""


def compare(plan: Plan) -> Comparison:
    """Live all worlds of the plan's people, each alone; UserError where that is too short."""
    from sim.studies.docking.one_person import by_oneself, lives
    from sim.studies.docking.worlds import worlds
    from sim.survey.survey import survey_of

    if plan.weeks < FEWEST_WEEKS or plan.burn_in < FEWEST_RUN_IN:
        raise UserError(
            f"weeks is {plan.weeks} and burn_in {plan.burn_in}; the docking needs at least {FEWEST_WEEKS} and "
            f"{FEWEST_RUN_IN}, so that what is pushed has time to come back"
        )
    if plan.firm.kind != "one":
        raise UserError(
            f"Invalid value for firm: {plan.firm.kind}. Use firm=one with firm.employees, since docking simulates "
            "people without colleagues."
        )
    if plan.firm.people < FEWEST_PEOPLE:
        raise UserError(
            f"{plan.firm.people} people are too few for a mean; firm.employees={FEWEST_PEOPLE} or more is right"
        )
    causes = registry_of(by_oneself(plan)).quantities["engagement"].needs
    return Comparison(lives(plan, worlds()), survey_of(plan), causes, STARTS, plan.seed)


def tables_of(both: Comparison) -> dict[str, pd.DataFrame]:
    """Everything that is written: findings, copies, and what the figure is drawn from."""
    import pandas as pd

    return {
        "findings": in_columns([finding(both) for finding in ALL]),
        "copies": pd.DataFrame([asdict(one) for one in copied(both)]),
        "signs": both.signs,
        "rests": both.rests,
        "releases": both.releases,
        "boosts": both.boosts,
    }


def in_columns(findings: Sequence[Finding]) -> pd.DataFrame:
    """A row for each finding: a number and words of both published versions and of this model."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "result": one.result,
                **{name: getattr(one, name).value for name in ("first", "revised", "here")},
                **{f"{name}_says": getattr(one, name).words for name in ("first", "revised", "here")},
                "holds": one.holds,
                "why": one.why,
            }
            for one in findings
        ]
    )


def study(cfg: DictConfig) -> None:
    """Dock a composed configuration; write tables, page and figure to a folder of its own, and print what holds."""
    from sim.config import composition
    from sim.experiments import output_folder
    from sim.plotting.figures import docking, save
    from sim.studies.docking import page

    plan = composition.build_plan(cfg)
    with output_folder.OutputFolder(cfg.output, "docking") as folder:
        tables = tables_of(compare(plan))
        for name, own in tables.items():
            output_folder.write_table(own, folder.path / f"{name}.parquet")
        written = page.write(tables["findings"], tables["signs"], tables["copies"], plan, STARTS)
        output_folder.write_text(written, folder.path / "summary.md")
        output_folder.write_config(cfg, folder.path / "config.yaml")
        write_json(output_folder.about(plan), folder.path / "about.json")
        footer = f"{plan.firm.people:,} people, each alone · seed {plan.seed}, version {output_folder.version()}"
        figure = docking.draw(tables["rests"], tables["releases"], tables["boosts"], footer)
        save(figure, folder.path / "figures" / "docking")
    print("\n".join(f"{holds:<8} {result}" for result, holds in tables["findings"][["result", "holds"]].to_numpy()))
    print(folder.path)


def main(argv: list[str]) -> int:
    """`hybridwork docking`: this model of one person beside the published one; Hydra's overrides follow."""
    from sim.config.hydra_command import command

    return command(study, "docking", argv, group="docking")
