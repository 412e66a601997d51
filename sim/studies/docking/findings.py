"""What the published model shows, whether this one shows it too, and why: one function for each result.

Whether a result holds is decided by the numbers, in the line of each finding that says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sim.formatting import signed
from sim.studies.docking import trials
from sim.studies.docking.comparison import Comparison
from sim.studies.docking.one_person import WEEKS
from sim.studies.docking.published import STOCKS, First, Revised, after, course, slopes, slowest
from sim.studies.docking.worlds import DEMANDS, FAR, HARDEST, LIGHTER_AT, SMALL, STRONGER

SAME = 0.05
"""SD, or units of energy, below which two states count as one."""


@dataclass(frozen=True)
class Told:
    """What one model shows: a number, and words that say what it is."""

    value: float
    words: str


@dataclass(frozen=True)
class Finding:
    """A published result in both versions of the published model and here; `holds` is yes, no or in part."""

    result: str
    first: Told
    revised: Told
    here: Told
    holds: str
    why: str


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values))


def collapse(both: Comparison) -> Finding:
    """Do lasting demands end in collapse, or level off?"""
    first, revised = trials.burning(First(), both.first), trials.burning(Revised(), both.revised)
    end = {by: both.lives.end("exhaustion", f"well {by:+g}") for by in DEMANDS}
    rise = _mean(end[HARDEST] - end[0.0])
    complaints = [_mean(both.survey.burn_out_complaints(end[by])) for by in (0.0, HARDEST)]
    first_step, last_step = _mean(end[1.0] - end[0.0]), _mean(end[HARDEST] - end[2.0]) / (HARDEST - 2.0)
    return Finding(
        "Lasting demands end in collapse",
        Told(first, f"{first:.0%} of random starts burn out at the authors' values"),
        Told(revised, f"{revised:.0%}"),
        Told(
            rise,
            f"{HARDEST:g} SD more demands raise exhaustion by {rise:.2f} SD, and complaints from {complaints[0]:.0%} "
            f"to {complaints[1]:.0%} of people; the last SD does {last_step / first_step:.0%} of what the first does",
        ),
        _yes(last_step > first_step),
        "Exhaustion follows its causes and forgets them within months, and what demands can do levels off.",
    )


def two_rests(both: Comparison) -> Finding:
    """Can two people under the same demands come to rest in different states?"""
    there = both.rests[both.rests["model"] == "published"]
    apart = there[there["well"] - there["worn"] > SAME]
    gap = float((there["well"] - there["worn"]).max())
    revised = trials.burning(trials.LIVELY, both.revised)
    here = max(_apart(both, f"{by:+g}")[1] for by in DEMANDS)
    share, farthest = _apart(both, "stronger")
    return Finding(
        "Under the same demands one person stays well and another burnt out",
        Told(
            gap,
            f"energy up to {gap:.2f} apart, with {apart['demands'].min():g} to {apart['demands'].max():g} demands "
            "added a day (effort 0.1)",
        ),
        Told(revised, f"{revised:.0%} of starts burn out and the others stay well (motivation 0.7)"),
        Told(
            here,
            f"nobody's two histories differ by more than {here:.3f} SD in the last year; with the loss spiral "
            f"{STRONGER:g} times as strong, {share:.0%} of people's do, by up to {farthest:.1f}",
        ),
        _yes(here > SAME),
        f"All loops together give back {both.gain:.0%} of a push; to tip they would have to give back all of it.",
    )


def _apart(both: Comparison, world: str) -> tuple[float, float]:
    """The share of people whose two histories end apart, and by how much the farthest."""
    gap = np.abs(both.lives.end("exhaustion", f"worn {world}") - both.lives.end("exhaustion", f"well {world}"))
    return _mean(gap > SAME), float(gap.max())


def outlasts(both: Comparison) -> Finding:
    """Does burn-out stay when its cause has gone?"""
    for_ever = np.array([4000.0])
    brief, long = (float(trials.released(trials.MILD, days, for_ever)[0]) for days in (trials.BRIEF, trials.LONG))
    revised = float(trials.released(trials.LIVELY, 28, for_ever)[0])
    driven = both.excess("worn +0")
    half, most = (_gone_by(both, driven, share) for share in (0.5, 0.95))
    scar = _gone_by(both, both.excess("worn with a scar"), 0.95)
    return Finding(
        "Burn-out outlasts what caused it",
        Told(
            abs(long),
            f"after {trials.LONG} days of hard demands energy stays at {abs(long):.2f} (effort 0.1), after "
            f"{trials.BRIEF} it comes back to {brief:.2f}",
        ),
        Told(abs(revised), f"after 28 days of the same it stays at {abs(revised):.2f} (motivation 0.7)"),
        Told(
            float(driven[-1]),
            f"of {driven[0]:.1f} SD half is gone after {half:.0f} weeks, 95% after {most:.0f} ({scar:.0f} with the "
            f"scar that is off by default), and {driven[-1]:.3f} are left in the end",
        ),
        _yes(driven[-1] > SAME),
        "There, without energy none comes back. Here nights, days off and time help the worn-out as they help others.",
    )


def _gone_by(both: Comparison, excess: np.ndarray, share: float) -> float:
    """The weeks after which so large a share of the excess at week 0 has gone."""
    return float(both.lives.weeks[np.argmax(excess < (1 - share) * excess[0])])


def undermining(both: Comparison) -> Finding:
    """Is the loop from exhaustion back to demands what makes burn-out?"""
    authors = trials.burning(First(undermining=0), both.first)
    heavy, cut = (trials.burning(model, both.first) for model in (trials.HEAVY, replace(trials.HEAVY, undermining=0)))
    usual, revised = (trials.burning(model, both.revised) for model in (Revised(), trials.MEEK))
    ends = {world: both.lives.end("exhaustion", world) for world in ("usual", "hard", "without spiral")}
    with_it = _mean(ends["hard"] - ends["usual"])
    without = _mean(both.lives.end("exhaustion", "hard without spiral") - ends["without spiral"])
    return Finding(
        "No burn-out without self-undermining",
        Told(
            authors,
            f"without it {cut:.0%} instead of {heavy:.0%} of starts burn out at an effort of 0.2, but still "
            f"{authors:.0%} at the authors' 0.4",
        ),
        Told(revised, f"{revised:.0%} instead of {usual:.0%}"),
        Told(
            1 - without / with_it,
            f"{HARDEST:g} SD more demands raise exhaustion by {without:.2f} instead of {with_it:.2f} SD where the loss "
            "spiral is cut",
        ),
        _yes(without < with_it / 2),
        "The loop is there with the sign that cohorts show, but small: demands do most of it directly.",
    )


def early_help(both: Comparison) -> Finding:
    """Must help come early to be of use?"""
    soon, late = (trials.lightened(both.first, day) for day in (14, 28))
    revised = [trials.motivated(both.revised, day) for day in (14, 28, 56)]
    hard = both.lives.end("exhaustion", "hard")
    early, after_a_year = (_mean(hard - both.lives.end("exhaustion", f"lighter at {week}")) for week in LIGHTER_AT)
    return Finding(
        "Help comes too late after a few weeks",
        Told(
            soon - late, f"demands that cost a quarter keep {soon:.0%} well from day 14 on, {late:.0%} from day 28 on"
        ),
        Told(
            revised[0] - revised[-1],
            f"more motivation keeps {revised[0]:.0%} well from day 14 on, {revised[1]:.0%} from day 28, "
            f"{revised[2]:.0%} from day 56",
        ),
        Told(
            early - after_a_year,
            f"demands that cost two fifths of the effort lower exhaustion in the last year by {early:.2f} SD from week "
            f"{LIGHTER_AT[0]} on, by {after_a_year:.2f} from week {LIGHTER_AT[1]} on",
        ),
        _yes(after_a_year < early / 2),
        "There is no point of no return that help would have to come before; late help loses the time before it.",
    )


def passing_boost(both: Comparison) -> Finding:
    """Does a passing boost of resources do lasting good if it comes early?"""
    table = both.boosts
    at_once, after_a_year = table.iloc[0], table.iloc[-1]
    lasting = float(table["two_years_on"].abs().max())
    return Finding(
        "A passing boost of resources saves for good, if it comes early",
        Told(
            at_once["first"] - after_a_year["first"],
            f"four weeks save {at_once['first']:.0%} of those who would burn out if they begin at once, "
            f"{after_a_year['first']:.0%} after a year (effort 0.175)",
        ),
        Told(
            at_once["revised"] - after_a_year["revised"],
            f"{at_once['revised']:.0%} and {after_a_year['revised']:.0%} (motivation 0.7)",
        ),
        Told(
            lasting,
            f"at its best it relieves exhaustion by {at_once['at_its_best']:.2f} SD if it begins at once and by "
            f"{after_a_year['at_its_best']:.2f} after a year; two years on by {lasting:.3f} at most",
        ),
        _yes(lasting > SAME),
        "What is given works while it is there, at any time, and for some months after; there is no other state to "
        "be lifted into.",
    )


def recovery(both: Comparison) -> Finding:
    """Does all energy go where nothing restores it?"""
    first, revised = (
        abs(float(trials.energy_at_rest(replace(model, restoration=0), trials.WELL)[0]))
        for model in (trials.MILD, trials.LIVELY)
    )
    usual = both.lives.end("exhaustion", "usual")
    least, none, hard = (
        _mean(both.lives.end("exhaustion", world) - usual)
        for world in ("least recovery", "no recovery", "hard, no recovery")
    )
    return Finding(
        "Without a term for recovery, as in words, all energy goes",
        Told(first, f"energy {first:.2f}, at the mildest effort too"),
        Told(revised, f"energy {revised:.2f}"),
        Told(
            none,
            f"exhaustion is {none:.2f} SD higher where nothing ever takes fatigue off, {hard:.2f} under hard demands "
            f"too, and {least:.2f} at the poorest recovery within the ranges",
        ),
        _yes(none > FAR),
        "Recovery sits in more than one place: fatigue levels off, effort counts from the usual, and exhaustion itself "
        "fades in a month.",
    )


def directions(both: Comparison) -> Finding:
    """Does every push move every stock the same way?"""
    table = both.signs
    here = np.sign(np.where(table["here"].abs() > 2 * table["error"], table["here"], 0))
    same, of_revised = (int((here == np.sign(table[version])).sum()) for version in ("first", "revised"))
    agree = int((np.sign(table["first"]) == np.sign(table["revised"])).sum())
    return Finding(
        "Which way each stock moves in the long run when one is pushed",
        Told(len(table), f"{len(table)} signs (effort 0.1)"),
        Told(agree, f"{agree} of them as in the first version (motivation 0.7)"),
        Told(same, f"{same} of {len(table)} as in the first version, {of_revised} as in the revised one"),
        "yes" if same == len(table) else "in part",
        "The causes are those of the theory. The revised version turns some round, since demands are what motivates "
        "there.",
    )


def boost_hypothesis(both: Comparison) -> Finding:
    """Do demands themselves make people engaged, beside all harm?"""
    place = STOCKS.index("engagement"), STOCKS.index("demands")
    first, revised = (float(slopes(model, after(model, trials.WELL))[place]) for model in (trials.MILD, trials.LIVELY))
    here = float("demands" in both.causes)
    return Finding(
        "Demands themselves raise engagement (boost)",
        Told(first, f"engagement changes by {signed(first, 2)} a day for one more unit of demands"),
        Told(revised, signed(revised, 2)),
        Told(here, f"demands are not among the {len(both.causes)} causes of engagement" if not here else "they do"),
        _yes(here > 0),
        "It is left out here: demands reach engagement through exhaustion alone.",
    )


def buffer_hypothesis(both: Comparison) -> Finding:
    """Do resources weaken what demands do to energy?"""
    first, revised = (trials.spared_by_resources(model) for model in (trials.MILD, trials.LIVELY))
    poor, rich = (_cost(both, who) for who in ("poor", "rich"))
    unbuffered = [_cost(both, who, ", no buffer") for who in ("poor", "rich")]
    return Finding(
        "Resources weaken what demands do to energy (buffer)",
        Told(first, f"demands take {first:.0%} less at once where resources are twice as high"),
        Told(revised, f"{revised:.0%} less"),
        Told(
            1 - rich / poor,
            f"1 SD of demands raises exhaustion by {rich:.2f} SD where each resource is 1 SD up, by {poor:.2f} where "
            f"it is 1 SD down; by {unbuffered[1]:.2f} and {unbuffered[0]:.2f} with the buffer cut",
        ),
        _yes(rich < poor),
        "In both, resources make the same demands cost less effort.",
    )


def _cost(both: Comparison, who: str, cut: str = "") -> float:
    """What 1 SD of demands adds to the exhaustion of people with few or many resources, SD."""
    low, high = (both.lives.end("exhaustion", f"{who}, demands {by:+g}{cut}") for by in (-SMALL, SMALL))
    return _mean(high - low) / (2 * SMALL)


def time_scales(both: Comparison) -> Finding:
    """How long does the slowest answer take to fade?"""
    first, revised = (slowest(model, after(model, trials.WELL)) for model in (trials.MILD, trials.LIVELY))
    driven = both.excess("worn +0")
    here = 7 * 52 / float(np.log(driven[52 // WEEKS] / driven[104 // WEEKS]))
    return Finding(
        "How slow the slowest answer is",
        Told(first, f"{first:.0f} days (effort 0.1)"),
        Told(revised, f"{revised:.0f} days (motivation 0.7)"),
        Told(here, f"{here:.0f} days"),
        _yes(first / 2 < here < 2 * first),
        "Exhaustion itself takes a month. The slowest is the worn view of one's work, whose 200 days are assumed.",
    )


ALL = (
    collapse,
    two_rests,
    outlasts,
    undermining,
    early_help,
    passing_boost,
    recovery,
    directions,
    boost_hypothesis,
    buffer_hypothesis,
    time_scales,
)


@dataclass(frozen=True)
class Copied:
    """A number that the authors print, and what the copy of their model gives."""

    what: str
    published: float
    copy: float


def copied(both: Comparison) -> list[Copied]:
    """Whether the copies do what the authors' own runs did; shares are of random starts, so they differ by chance."""
    start = np.array([[0.5], [0.7], [0.2], [0.5]])
    days = np.arange(0, 182.51, 0.1)
    printed = course(First(), start, days)[..., 0]
    demands, energy = (printed[:, STOCKS.index(stock)] for stock in ("demands", "energy"))
    spared = replace(trials.SUPPLEMENT, effort=trials.SUPPLEMENT.effort * np.exp(-1.4))
    return [
        Copied("First: demands on day 0.5", 0.2997, float(demands[5])),
        Copied("First: correlation of demands with energy over half a year", -0.911, _correlation(demands, energy)),
        Copied("First: energy of those whom early help keeps well", 0.679, float(_healthy(spared))),
        Copied("First: share well with help from day 14 on", 0.586, trials.lightened(both.first, 14)),
        Copied("First: share well with help from day 28 on", 0.0, trials.lightened(both.first, 28)),
        Copied("Revised: share burnt out at the authors' values", 1.0, trials.burning(Revised(), both.revised)),
        Copied("Revised: share well with 14 days of more motivation", 0.811, trials.motivated(both.revised, 14)),
        Copied("Revised: share well with 7 days of more motivation", 0.795, trials.motivated(both.revised, 14, 7)),
    ]


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one, other)[0, 1])


def _healthy(model: First) -> float:
    return float(trials.energy_at_rest(model, trials.WELL)[0])
