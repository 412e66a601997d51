"""Results of the published model, checked in this model: one function per result.

Every function compares numbers of the two published versions with a number of this model. `report.md.j2` holds the
sentences.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sim.studies.docking import stock_flow_model as published
from sim.studies.docking.comparison import PUBLISHED, Comparison
from sim.studies.docking.isolated_person import DEMANDS, FAR, HARDEST, LIGHTER_AT, WEEKS
from sim.studies.docking.stock_flow_model import LIVELY, MILD, STOCKS, WELL, First, Revised, share_burnt_out

SAME = 0.05
"""SD, or units of energy, below which two states count as one."""


@dataclass(frozen=True)
class Finding:
    """A published result: one number of each published version and of this model, and whether it holds here.

    `details` are further numbers that the page states.
    """

    result: str
    first: float
    revised: float
    here: float
    holds: str
    details: dict[str, float]


def _finding(result: str, first: float, revised: float, here: float, holds: bool, **details: float) -> Finding:
    return Finding(result, first, revised, here, "yes" if holds else "no", details)


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values))


def collapse(both: Comparison) -> Finding:
    """Compare the end of lasting demands: collapse, or levelling off."""
    end = {by: both.runs.end("exhaustion", f"well {by:+g}") for by in DEMANDS}
    usual, hardest = (_mean(both.survey.burn_out_complaints(end[by])) for by in (0.0, HARDEST))
    first_step, last_step = _mean(end[1.0] - end[0.0]), _mean(end[HARDEST] - end[2.0]) / (HARDEST - 2.0)
    first, revised = share_burnt_out(First(), both.first), share_burnt_out(Revised(), both.revised)
    return _finding(
        "Lasting demands end in collapse", first, revised, _mean(end[HARDEST] - end[0.0]), last_step > first_step,
        complaints=usual, hardest_complaints=hardest, last_step=last_step / first_step,
    )  # fmt: skip


def two_states(both: Comparison) -> Finding:
    """Compare whether two people under the same demands come to rest in different states."""
    there = both.equilibria[both.equilibria["model"] == PUBLISHED]
    gap = there["well"] - there["worn"]
    demands = there["demands"][gap > SAME]
    here = max(_gap(both, f"{by:+g}")[1] for by in DEMANDS)
    share, largest = _gap(both, "stronger")
    return _finding(
        "Under the same demands one person stays well and another burnt out",
        float(gap.max()), share_burnt_out(LIVELY, both.revised), here, here > SAME,
        lowest_demands=float(demands.min()), highest_demands=float(demands.max()),
        stronger_share=share, stronger_gap=largest, gain=both.gain,
    )  # fmt: skip


def _gap(both: Comparison, world: str) -> tuple[float, float]:
    """Return the share of people whose two histories end in different states, and the largest difference."""
    gap = np.abs(both.runs.end("exhaustion", f"worn {world}") - both.runs.end("exhaustion", f"well {world}"))
    return _mean(gap > SAME), float(gap.max())


def persistence(both: Comparison) -> Finding:
    """Compare whether burn-out stays when its cause has gone."""

    def energy(model: First | Revised, days: int) -> float:
        return float(published.energy_after_release(model, days, np.array([4000.0]))[0])

    def weeks_until_gone(excess: np.ndarray, share: float) -> float:
        return float(both.runs.weeks[np.argmax(excess < (1 - share) * excess[0])])

    driven = both.excess("worn +0")
    return _finding(
        "Burn-out outlasts its cause",
        abs(energy(MILD, published.LONG)), abs(energy(LIVELY, 28)), float(driven[-1]), bool(driven[-1] > SAME),
        brief=energy(MILD, published.BRIEF), start=float(driven[0]),
        half=weeks_until_gone(driven, 0.5), most=weeks_until_gone(driven, 0.95),
        scar=weeks_until_gone(both.excess("worn with a scar"), 0.95),
    )  # fmt: skip


def undermining(both: Comparison) -> Finding:
    """Compare whether burn-out needs the loop from exhaustion back to demands."""
    usual, hard, usual_without, hard_without = (
        both.runs.end("exhaustion", world) for world in ("usual", "hard", "without spiral", "hard without spiral")
    )
    effect, effect_without = _mean(hard - usual), _mean(hard_without - usual_without)
    return _finding(
        "No burn-out without self-undermining",
        share_burnt_out(First(undermining=0), both.first), share_burnt_out(published.MEEK, both.revised),
        1 - effect_without / effect, effect_without < effect / 2,
        first_heavy=share_burnt_out(published.HEAVY, both.first),
        first_heavy_without=share_burnt_out(replace(published.HEAVY, undermining=0), both.first),
        revised_with=share_burnt_out(Revised(), both.revised), effect=effect, effect_without=effect_without,
    )  # fmt: skip


def early_help(both: Comparison) -> Finding:
    """Compare whether help must come early to be of use."""
    soon, late = (published.share_well_with_less_effort(both.first, day) for day in (14, 28))
    motivated = {day: published.share_well_with_motivation(both.revised, day) for day in (14, 28, 56)}
    hard = both.runs.end("exhaustion", "hard")
    early, after_a_year = (_mean(hard - both.runs.end("exhaustion", f"lighter at {week}")) for week in LIGHTER_AT)
    return _finding(
        "Help comes too late after a few weeks",
        soon - late, motivated[14] - motivated[56], early - after_a_year, after_a_year < early / 2,
        first_day_14=soon, first_day_28=late, **{f"revised_day_{day}": share for day, share in motivated.items()},
        early=early, after_a_year=after_a_year,
    )  # fmt: skip


def passing_boost(both: Comparison) -> Finding:
    """Compare whether a passing boost of resources does lasting good if it comes early."""
    lasting = float(both.boosts["two_years_on"].abs().max())
    own = both.boosts[["first", "revised", "at_its_best"]].astype(float)
    first, revised, _ = own.iloc[0] - own.iloc[-1]
    rows = {"at_once": own.iloc[0], "after_a_year": own.iloc[-1]}
    details = {f"{column}_{when}": float(row[column]) for when, row in rows.items() for column in own}
    title = "A passing boost of resources prevents burn-out for good if it comes early"
    return _finding(title, float(first), float(revised), lasting, lasting > SAME, **details)


def recovery(both: Comparison) -> Finding:
    """Compare whether all energy is lost where nothing restores it."""
    first, revised = (
        abs(float(published.energy_at_rest(replace(model, restoration=0), WELL)[0])) for model in (MILD, LIVELY)
    )
    usual = both.runs.end("exhaustion", "usual")
    worlds = ("least recovery", "no recovery", "hard, no recovery")
    least, none, hard = (_mean(both.runs.end("exhaustion", world) - usual) for world in worlds)
    title = "Without a term for recovery all energy is lost"
    return _finding(title, first, revised, none, none > FAR, hard=hard, least=least)


def directions(both: Comparison) -> Finding:
    """Compare the sign of every stock's long-run response to every push."""
    table = both.signs
    here = np.sign(np.where(table["here"].abs() > 2 * table["error"], table["here"], 0))
    same, as_revised = (int((here == np.sign(table[version])).sum()) for version in ("first", "revised"))
    revised = int((np.sign(table["first"]) == np.sign(table["revised"])).sum())
    title = "Each stock moves in the same direction in the long run when one is pushed"
    holds = "yes" if same == len(table) else "in part"
    return Finding(title, len(table), revised, same, holds, {"as_revised": as_revised})


def boost_hypothesis(both: Comparison) -> Finding:
    """Compare whether demands themselves raise engagement."""
    place = STOCKS.index("engagement"), STOCKS.index("demands")
    first, revised = (float(published.slopes(own, published.state_after(own, WELL))[place]) for own in (MILD, LIVELY))
    is_cause, count = "demands" in both.causes, len(both.causes)
    title = "Demands themselves raise engagement (boost)"
    return _finding(title, first, revised, float(is_cause), is_cause, causes=count)


def buffer_hypothesis(both: Comparison) -> Finding:
    """Compare whether resources weaken the effect of demands on energy."""

    def cost(who: str, cut: str = "") -> float:
        return _mean(both.slope("exhaustion", f"{who}, demands {{:+g}}{cut}"))

    poor, rich = cost("poor"), cost("rich")
    first, revised = (published.cost_spared_by_resources(model) for model in (MILD, LIVELY))
    without = {f"{who}_without_buffer": cost(who, ", no buffer") for who in ("rich", "poor")}
    title = "Resources weaken the effect of demands on energy (buffer)"
    return _finding(title, first, revised, 1 - rich / poor, rich < poor, rich=rich, poor=poor, **without)


def time_scales(both: Comparison) -> Finding:
    """Compare the days that the slowest response takes to fade."""
    first, revised = (published.slowest(own, published.state_after(own, WELL)) for own in (MILD, LIVELY))
    driven = both.excess("worn +0")
    here = 7 * 52 / float(np.log(driven[52 // WEEKS] / driven[104 // WEEKS]))
    return _finding("The slowest response fades equally slowly", first, revised, here, first / 2 < here < 2 * first)


FINDINGS = (
    collapse, two_states, persistence, undermining, early_help, passing_boost, recovery, directions, boost_hypothesis,
    buffer_hypothesis, time_scales,
)  # fmt: skip


def reproduction(both: Comparison) -> list[tuple[str, float, float]]:
    """Return numbers published by the authors with those of the copy of their model: label, published number, copy.

    Shares are of random starts, so they differ by chance.
    """
    start = np.array([[0.5], [0.7], [0.2], [0.5]])
    half_a_year = published.trajectory(First(), start, np.arange(0, 182.51, 0.1))[..., 0]
    demands, energy = (half_a_year[:, STOCKS.index(stock)] for stock in ("demands", "energy"))
    spared = replace(published.SUPPLEMENT, effort=published.SUPPLEMENT.effort * np.exp(-1.4))
    healthy = float(published.energy_at_rest(spared, WELL)[0])
    correlation = float(np.corrcoef(demands, energy)[0, 1])
    lightened, motivated = published.share_well_with_less_effort, published.share_well_with_motivation
    return [
        ("First: demands on day 0.5", 0.2997, float(demands[5])),
        ("First: correlation of demands with energy over half a year", -0.911, correlation),
        ("First: energy of those whom early help keeps well", 0.679, healthy),
        ("First: share well with help from day 14 on", 0.586, lightened(both.first, 14)),
        ("First: share well with help from day 28 on", 0.0, lightened(both.first, 28)),
        ("Revised: share burnt out at the authors' values", 1.0, share_burnt_out(Revised(), both.revised)),
        ("Revised: share well with 14 days of more motivation", 0.811, motivated(both.revised, 14)),
        ("Revised: share well with 7 days of more motivation", 0.795, motivated(both.revised, 14, 7)),
    ]
