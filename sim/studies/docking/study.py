"""Docking: compare this model of one isolated person with a published stock-and-flow model of the same theory.

Axtell, R., Axelrod, R., Epstein, J. M. and Cohen, M. D. (1996). Aligning simulation models: a case study and results.
Computational and Mathematical Organization Theory, 1, 123-141.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.config import plan_builder
from sim.config.settings import StudySettings
from sim.engine.plan import Plan, registry_of
from sim.errors import UserError, invalid
from sim.runs.worker_pool import WorkerPool
from sim.studies.base import Study, require_at_least
from sim.studies.docking import stock_flow_model
from sim.studies.docking.comparison import Comparison
from sim.studies.docking.findings import FINDINGS, Finding, reproduction
from sim.studies.docking.isolated_person import HARDEST, LIGHTER_AT, STRONGER, isolated_plan, simulate, worlds
from sim.studies.docking.stock_flow_model import STOCKS
from sim.survey.survey import survey_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from omegaconf import DictConfig

STARTS = 400
"""Random starts of the published model."""
_FEWEST_WEEKS, _FEWEST_WEEKS_OF_BURN_IN = 208, 104
"""Weeks in which effects of boosts and hard demands can fade, and in which the study drives people apart before."""
_SIGNS = {1: "up", -1: "down", 0: "–"}


@dataclass(frozen=True)
class Results:
    """The plan, the worlds beside the published model, findings by name, and the copy beside the authors' numbers."""

    plan: Plan
    comparison: Comparison
    findings: Mapping[str, Finding]
    copies: Sequence[tuple[str, float, float]]


class DockingStudy(Study[StudySettings, Results]):
    """Study of the results of the published model that hold in this one."""

    name = "docking"
    uses_pool = False

    def plans(self, cfg: DictConfig, settings: StudySettings) -> list[Plan]:
        """Return the plan; raise UserError where it is too short or its people have colleagues."""
        plan = plan_builder.build_plan(cfg)
        if plan.firm.kind != "one":
            accepted = "firm=one with firm.employees, since docking simulates people without colleagues"
            raise UserError(invalid("firm", plan.firm.kind, accepted))
        require_at_least("weeks", plan.weeks, _FEWEST_WEEKS)
        require_at_least("burn_in", plan.burn_in, _FEWEST_WEEKS_OF_BURN_IN)
        return [plan]

    def run(self, plans: Sequence[Plan], settings: StudySettings, pool: WorkerPool) -> Results:
        """Simulate every world of the plan's people, each alone."""
        (plan,) = plans
        causes = registry_of(isolated_plan(plan)).quantities["engagement"].needs
        both = Comparison(simulate(plan, worlds()), survey_of(plan), causes, STARTS, plan.seed)
        findings = {finding.__name__: finding(both) for finding in FINDINGS}
        return Results(plan, both, findings, reproduction(both))

    def tables(self, results: Results) -> dict[str, pd.DataFrame]:
        """Return findings, copies, and the tables of the figure."""
        import pandas as pd

        both = results.comparison
        return {
            "findings": pd.DataFrame(map(asdict, results.findings.values())).drop(columns="details"),
            "copies": pd.DataFrame(results.copies, columns=["what", "published", "copy"]),
            "signs": both.signs,
            "rests": both.equilibria,
            "releases": both.releases,
            "boosts": both.boosts,
        }

    def facts(self, results: Results) -> dict[str, Any]:
        plan, findings = results.plan, {name: asdict(finding) for name, finding in results.findings.items()}
        titles = [finding.result for finding in results.findings.values() if finding.holds == "yes"]
        return {
            "people": plan.firm.people,
            "weeks": plan.weeks,
            "burn_in": plan.burn_in,
            "starts": STARTS,
            "hardest": HARDEST,
            "stronger": round(STRONGER),
            "lighter_at": LIGHTER_AT,
            "brief_days": stock_flow_model.BRIEF,
            "long_days": stock_flow_model.LONG,
            "stocks": STOCKS,
            "holding": [title[0].lower() + title[1:] for title in titles],
            "findings": {name: {**finding, **finding.pop("details")} for name, finding in findings.items()},
            "direction_rows": direction_rows(results.comparison.signs),
            "reproduction_rows": [[label, f"{print_:.4g}", f"{copy:.4g}"] for label, print_, copy in results.copies],
        }

    def figures(self, results: Results, footer: str) -> Iterable[tuple[str, Figure]]:
        """Yield the figure of both models under the same pushes."""
        from sim.plotting.figures import docking

        both, footer = results.comparison, f"{results.plan.firm.people:,} people, each alone · {footer}"
        yield self.name, docking.draw(both.equilibria, both.releases, both.boosts, footer)


def direction_rows(signs: pd.DataFrame) -> list[list[str]]:
    """Return one row per push: the sign of every stock's response in both published versions and here.

    A response here of less than two standard errors counts as none.
    """
    pushed = list(dict.fromkeys(signs["pushed"]))
    by_push = signs.set_index(["pushed", "answers"])
    return [[f"more {push}", *(_signs(by_push.loc[push, stock]) for stock in pushed)] for push in pushed]


def _signs(row: pd.Series) -> str:
    here = row["here"] if abs(row["here"]) > 2 * row["error"] else 0.0
    return " / ".join(_SIGNS[int(np.sign(value))] for value in (row["first"], row["revised"], here))


main = DockingStudy().main
