"""Results of the published model, and whether this one shows them too: one function per result.

Every function compares numbers of the two published versions with a number of this model. `report.md.j2` words them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from sim.studies.docking import trials
from sim.studies.docking.comparison import Comparison
from sim.studies.docking.isolated_person import WEEKS
from sim.studies.docking.published import STOCKS, First, Revised, slopes, slowest, state_after, trajectory
from sim.studies.docking.worlds import DEMANDS, FAR, HARDEST, LIGHTER_AT, SMALL

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
    details: Mapping[str, float] = field(default_factory=dict)


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values))


def collapse(both: Comparison) -> Finding:
    """Compare the end of lasting demands: collapse, or levelling off."""
    end = {by: both.runs.end("exhaustion", f"well {by:+g}") for by in DEMANDS}
    usual, hardest = (_mean(both.survey.burn_out_complaints(end[by])) for by in (0.0, HARDEST))
    first_step, last_step = _mean(end[1.0] - end[0.0]), _mean(end[HARDEST] - end[2.0]) / (HARDEST - 2.0)
    return Finding(
        "Lasting demands end in collapse",
        first=trials.burning(First(), both.first),
        revised=trials.burning(Revised(), both.revised),
        here=_mean(end[HARDEST] - end[0.0]),
        holds=_yes(last_step > first_step),
        details={"complaints": usual, "hardest_complaints": hardest, "last_step": last_step / first_step},
    )


def two_states(both: Comparison) -> Finding:
    """Compare whether two people under the same demands come to rest in different states."""
    there = both.equilibria[both.equilibria["model"] == "published"]
    gap = there["well"] - there["worn"]
    demands = there["demands"][gap > SAME]
    here = max(_gap(both, f"{by:+g}")[1] for by in DEMANDS)
    share, largest = _gap(both, "stronger")
    return Finding(
        "Under the same demands one person stays well and another burnt out",
        first=float(gap.max()),
        revised=trials.burning(trials.LIVELY, both.revised),
        here=here,
        holds=_yes(here > SAME),
        details={
            "lowest_demands": float(demands.min()),
            "highest_demands": float(demands.max()),
            "stronger_share": share,
            "stronger_gap": largest,
            "gain": both.gain,
        },
    )


def _gap(both: Comparison, world: str) -> tuple[float, float]:
    """Return the share of people whose two histories end in different states, and the largest difference."""
    gap = np.abs(both.runs.end("exhaustion", f"worn {world}") - both.runs.end("exhaustion", f"well {world}"))
    return _mean(gap > SAME), float(gap.max())


def persistence(both: Comparison) -> Finding:
    """Compare whether burn-out stays when its cause has gone."""
    at_rest = np.array([4000.0])
    brief, long = (float(trials.released(trials.MILD, days, at_rest)[0]) for days in (trials.BRIEF, trials.LONG))
    driven = both.excess("worn +0")
    half, most = (_weeks_until_gone(both, driven, share) for share in (0.5, 0.95))
    scar = _weeks_until_gone(both, both.excess("worn with a scar"), 0.95)
    return Finding(
        "Burn-out outlasts what caused it",
        first=abs(long),
        revised=abs(float(trials.released(trials.LIVELY, 28, at_rest)[0])),
        here=float(driven[-1]),
        holds=_yes(driven[-1] > SAME),
        details={"brief": brief, "start": float(driven[0]), "half": half, "most": most, "scar": scar},
    )


def _weeks_until_gone(both: Comparison, excess: np.ndarray, share: float) -> float:
    """Return the weeks after which this share of the excess at week 0 has gone."""
    return float(both.runs.weeks[np.argmax(excess < (1 - share) * excess[0])])


def undermining(both: Comparison) -> Finding:
    """Compare whether burn-out needs the loop from exhaustion back to demands."""
    heavy, cut = (trials.burning(model, both.first) for model in (trials.HEAVY, replace(trials.HEAVY, undermining=0)))
    usual, hard, usual_without, hard_without = (
        both.runs.end("exhaustion", world) for world in ("usual", "hard", "without spiral", "hard without spiral")
    )
    effect, effect_without = _mean(hard - usual), _mean(hard_without - usual_without)
    return Finding(
        "No burn-out without self-undermining",
        first=trials.burning(First(undermining=0), both.first),
        revised=trials.burning(trials.MEEK, both.revised),
        here=1 - effect_without / effect,
        holds=_yes(effect_without < effect / 2),
        details={
            "first_heavy": heavy,
            "first_heavy_without": cut,
            "revised_with": trials.burning(Revised(), both.revised),
            "effect": effect,
            "effect_without": effect_without,
        },
    )


def early_help(both: Comparison) -> Finding:
    """Compare whether help must come early to be of use."""
    soon, late = (trials.lightened(both.first, day) for day in (14, 28))
    motivated = [trials.motivated(both.revised, day) for day in (14, 28, 56)]
    hard = both.runs.end("exhaustion", "hard")
    early, after_a_year = (_mean(hard - both.runs.end("exhaustion", f"lighter at {week}")) for week in LIGHTER_AT)
    return Finding(
        "Help comes too late after a few weeks",
        first=soon - late,
        revised=motivated[0] - motivated[-1],
        here=early - after_a_year,
        holds=_yes(after_a_year < early / 2),
        details={
            "first_day_14": soon,
            "first_day_28": late,
            **{f"revised_day_{day}": share for day, share in zip((14, 28, 56), motivated, strict=True)},
            "early": early,
            "after_a_year": after_a_year,
        },
    )


def passing_boost(both: Comparison) -> Finding:
    """Compare whether a passing boost of resources does lasting good if it comes early."""
    at_once, after_a_year = both.boosts.iloc[0], both.boosts.iloc[-1]
    lasting = float(both.boosts["two_years_on"].abs().max())
    columns = ("first", "revised", "at_its_best")
    return Finding(
        "A passing boost of resources saves for good, if it comes early",
        first=float(at_once["first"] - after_a_year["first"]),
        revised=float(at_once["revised"] - after_a_year["revised"]),
        here=lasting,
        holds=_yes(lasting > SAME),
        details={
            **{f"{column}_at_once": float(at_once[column]) for column in columns},
            **{f"{column}_after_a_year": float(after_a_year[column]) for column in columns},
        },
    )


def recovery(both: Comparison) -> Finding:
    """Compare whether all energy goes where nothing restores it."""
    first, revised = (
        abs(float(trials.energy_at_rest(replace(model, restoration=0), trials.WELL)[0]))
        for model in (trials.MILD, trials.LIVELY)
    )
    usual = both.runs.end("exhaustion", "usual")
    least, none, hard = (
        _mean(both.runs.end("exhaustion", world) - usual)
        for world in ("least recovery", "no recovery", "hard, no recovery")
    )
    return Finding(
        "Without a term for recovery, as in words, all energy goes",
        first=first,
        revised=revised,
        here=none,
        holds=_yes(none > FAR),
        details={"hard": hard, "least": least},
    )


def directions(both: Comparison) -> Finding:
    """Compare the sign of every stock's long-run response to every push."""
    table = both.signs
    here = np.sign(np.where(table["here"].abs() > 2 * table["error"], table["here"], 0))
    same, as_revised = (int((here == np.sign(table[version])).sum()) for version in ("first", "revised"))
    return Finding(
        "Which way each stock moves in the long run when one is pushed",
        first=len(table),
        revised=int((np.sign(table["first"]) == np.sign(table["revised"])).sum()),
        here=same,
        holds="yes" if same == len(table) else "in part",
        details={"as_revised": as_revised},
    )


def boost_hypothesis(both: Comparison) -> Finding:
    """Compare whether demands themselves raise engagement."""
    place = STOCKS.index("engagement"), STOCKS.index("demands")
    first, revised = (
        float(slopes(model, state_after(model, trials.WELL))[place]) for model in (trials.MILD, trials.LIVELY)
    )
    is_cause = "demands" in both.causes
    return Finding(
        "Demands themselves raise engagement (boost)",
        first=first,
        revised=revised,
        here=float(is_cause),
        holds=_yes(is_cause),
        details={"causes": len(both.causes)},
    )


def buffer_hypothesis(both: Comparison) -> Finding:
    """Compare whether resources weaken what demands do to energy."""
    poor, rich = (_cost(both, who) for who in ("poor", "rich"))
    return Finding(
        "Resources weaken what demands do to energy (buffer)",
        first=trials.spared_by_resources(trials.MILD),
        revised=trials.spared_by_resources(trials.LIVELY),
        here=1 - rich / poor,
        holds=_yes(rich < poor),
        details={
            "rich": rich,
            "poor": poor,
            **{f"{who}_without_buffer": _cost(both, who, ", no buffer") for who in ("rich", "poor")},
        },
    )


def _cost(both: Comparison, who: str, cut: str = "") -> float:
    """Return what 1 SD of demands adds to the exhaustion of people with few or many resources, in SD."""
    low, high = (both.runs.end("exhaustion", f"{who}, demands {by:+g}{cut}") for by in (-SMALL, SMALL))
    return _mean(high - low) / (2 * SMALL)


def time_scales(both: Comparison) -> Finding:
    """Compare the days that the slowest response takes to fade."""
    first, revised = (slowest(model, state_after(model, trials.WELL)) for model in (trials.MILD, trials.LIVELY))
    driven = both.excess("worn +0")
    here = 7 * 52 / float(np.log(driven[52 // WEEKS] / driven[104 // WEEKS]))
    return Finding("How slow the slowest answer is", first, revised, here, _yes(first / 2 < here < 2 * first))


FINDINGS = (
    collapse, two_states, persistence, undermining, early_help, passing_boost, recovery, directions, boost_hypothesis,
    buffer_hypothesis, time_scales,
)  # fmt: skip


def reproduction(both: Comparison) -> list[tuple[str, float, float]]:
    """Return what the authors print beside what the copy of their model gives: label, published number, copy.

    Shares are of random starts, so they differ by chance.
    """
    start = np.array([[0.5], [0.7], [0.2], [0.5]])
    half_a_year = trajectory(First(), start, np.arange(0, 182.51, 0.1))[..., 0]
    demands, energy = (half_a_year[:, STOCKS.index(stock)] for stock in ("demands", "energy"))
    spared = replace(trials.SUPPLEMENT, effort=trials.SUPPLEMENT.effort * np.exp(-1.4))
    healthy = float(trials.energy_at_rest(spared, trials.WELL)[0])
    correlation = float(np.corrcoef(demands, energy)[0, 1])
    return [
        ("First: demands on day 0.5", 0.2997, float(demands[5])),
        ("First: correlation of demands with energy over half a year", -0.911, correlation),
        ("First: energy of those whom early help keeps well", 0.679, healthy),
        ("First: share well with help from day 14 on", 0.586, trials.lightened(both.first, 14)),
        ("First: share well with help from day 28 on", 0.0, trials.lightened(both.first, 28)),
        ("Revised: share burnt out at the authors' values", 1.0, trials.burning(Revised(), both.revised)),
        ("Revised: share well with 14 days of more motivation", 0.811, trials.motivated(both.revised, 14)),
        ("Revised: share well with 7 days of more motivation", 0.795, trials.motivated(both.revised, 14, 7)),
    ]
