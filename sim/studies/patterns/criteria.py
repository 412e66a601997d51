"""What counts as met, for every pattern, written before any result was looked at; changed for no result.

Every criterion is a list of bounds on means over worlds; a pattern is met when all of its bounds hold. They follow five
rules:

1. A relation that was found is met when the true correlation among all has its sign beyond ±0.05, and a study of that
   size reports it, significantly and with its sign in all of its cells, in at least one of five.
2. A relation that was looked for and not found is met when at least half of such studies report none of it; where it
   is to be equivalent to none, every true correlation lies within ±0.10 besides. Of a whole family of tests "none"
   means no more significant ones than chance gives in 95 of 100 studies without any relation.
3. A difference between worlds or groups is met from 0.05 SD on, the size that pages call "hardly" below; complaints
   from one person in a hundred on, half of that where the source says "slightly"; shares of days and of measures from
   five in a hundred on; an inspector's mark from a quarter of a step on. A difference that is to be none lies within
   ±0.10 SD, or one person in a hundred. What describes a level is met when at least half of such studies say so.
4. What fades or is undone has at most half of its first size left.
5. A pattern names all that was found together. What the model has no quantity for is not met, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sim.outcomes.patterns import ASKED, CELLS, EQUIVALENT, Cells, patterns

CLEAR = 0.05
SEEN = 0.20
HALF = 0.50
DIFFERENT = 0.05
A_PERSON_IN_A_HUNDRED = 1.0
SLIGHTLY = 0.5
A_SHARE = 0.05
NOTICED = 0.20
"""How far, in SD, work pressure has to change for somebody to say that it has (small by Cohen's convention)."""
A_QUARTER_MARK = 0.25
FADED = -0.10
"""Change of enthusiasm or attendance, as a share of what it was, from which it counts as wearing off."""
JUDGED = ("strong", "test", "equivalence", "sanity")
COUNTED = ("strong", "test")


@dataclass(frozen=True)
class Part:
    """One bound: the mean over worlds of a statistic lies between `low` and `high`.

    `statistic` names what a world yields; None is what the model has no quantity for, which no bound can meet.
    """

    statistic: str | None
    words: str
    low: float = float("-inf")
    high: float = float("inf")


def at_least(statistic: str, low: float, words: str) -> Part:
    """The mean is `low` or more."""
    return Part(statistic, words, low=low)


def at_most(statistic: str, high: float, words: str) -> Part:
    """The mean is `high` or less."""
    return Part(statistic, words, high=high)


def within(statistic: str, size: float, words: str) -> Part:
    """The mean lies within ±`size`."""
    return Part(statistic, words, low=-size, high=size)


def not_in_the_model(words: str) -> Part:
    """A part that the model has no quantity for."""
    return Part(None, words)


def correlation(role: str, predictor: str, outcome: str) -> str:
    """The name of a true correlation among all home workers of a role."""
    return f"r {role} {predictor} {outcome}"


def reported(pattern: str) -> str:
    """The name of the share of virtual studies that would report what was reported of a pattern."""
    return f"reported {pattern}"


# -- relations between answers ---------------------------------------------------------------------------------------


def of_cells(pattern: str, use: str) -> tuple[Part, ...]:
    """The bounds of a relation between answers, by rules 1 and 2."""
    found = [cells for cells in CELLS[pattern] if cells.sign]
    true = [part for cells in CELLS[pattern] for part in _true(cells, use == "equivalence")]
    if found:
        return (*true, at_least(reported(pattern), SEEN, "studies that report it"))
    return (at_least(reported(pattern), HALF, "studies that report none"), *true)


def _true(cells: Cells, equivalent: bool) -> list[Part]:
    if not cells.sign and not equivalent:
        return []
    return [
        _bound(cells.sign or 0, correlation(role, x, y), f"true r of {x} with {y}, {role}")
        for role in cells.roles
        for x in cells.predictors
        for y in cells.outcomes
    ]


def _bound(sign: int, statistic: str, words: str) -> Part:
    if sign == 0:
        return within(statistic, EQUIVALENT, words)
    return at_least(statistic, CLEAR, words) if sign > 0 else at_most(statistic, -CLEAR, words)


# -- differences between worlds, days and groups ---------------------------------------------------------------------

OWN: Mapping[str, tuple[Part, ...]] = {
    "home_introduced_pressure": (
        at_least("introduced unchanged", 0.5, "work pressure unchanged, share of home workers"),
        at_least("introduced up", 0.01, "work pressure up, share"),
        at_least("introduced down", 0.01, "work pressure down, share"),
        at_most("introduced up less twice down", 0.0, "share up less twice the share down"),
        at_most("introduced down less twice up", 0.0, "share down less twice the share up"),
    ),
    "home_behaviour": (
        *(within(f"home day {what}", EQUIVALENT, f"{words}, a day at home less one at the office, SD")
          for what, words in (("overtime", "hours"), ("breaks", "breaks"), ("after_hours_work", "evening work"),
                              ("fragmentation", "fragmentation"))),
        within("home week weekend", EQUIVALENT, "weekend work, with the home days of the week, r within persons"),
    ),
    "contacts_fewer_isolation_low": (
        at_least(reported("contacts_fewer_isolation_low"), HALF, "studies that report both"),
    ),
    "inspector_downgrade": (
        *(at_most(f"inspector_downgrade.change.{risk}", -A_QUARTER_MARK, f"mark for {words}, after less before")
          for risk, words in (("screen_work", "screen work"), ("work_pressure", "work pressure"))),
        at_least(reported("inspector_downgrade"), HALF, "studies in which both fall, for screen work more"),
    ),
    "anchor_days_ties": (
        at_least("return bond_with_team", DIFFERENT, "bond with the team, SD"),
        at_most("return organisation less team", -DIFFERENT, "bond with the organisation less that with the team, SD"),
    ),
    "hybrid_balance": (
        at_least("conflict on_site", DIFFERENT, "conflict, all days on site less the mix, SD"),
        at_least("conflict at_home", DIFFERENT, "conflict, all days at home less the mix, SD"),
    ),
    "hybrid_start": (
        at_least("start first weeks", DIFFERENT, "work pressure in the first eight weeks, SD"),
        at_most("start late less half", 0.0, "the same after nine months, less half of it, SD"),
    ),
    "manager_evenings_silent": (
        at_least("evenings silent", DIFFERENT, "believed norm, manager's evenings unexplained, SD"),
        at_most("evenings explained less half", 0.0, "the same explained, less half of it, SD"),
    ),
    "office_emptier": (
        at_most("office taken less wanted", -A_SHARE, "share of days at the office less the share wanted"),
    ),
    "home_autonomy_2020": (
        at_least("2020 autonomy", DIFFERENT, "autonomy, 2020 less the practice of 2019, SD"),
        at_most("2020 demands", -DIFFERENT, "demands, 2020 less the practice of 2019, SD"),
    ),
    "young_parents_2020": (
        at_least("2020 pressure young", DIFFERENT, "work pressure gained by the young beyond the others', SD"),
        at_least("2020 pressure parents", DIFFERENT, "work pressure gained by parents beyond the others', SD"),
    ),
    "home_end2021": (
        at_most("2021 complaints home", -A_PERSON_IN_A_HUNDRED, "burn-out complaints less those of 2019, points"),
        at_most("2021 neck home", -A_PERSON_IN_A_HUNDRED, "complaints of arm, neck, shoulder less 2019's, points"),
        within("2021 complaints home, later", A_PERSON_IN_A_HUNDRED, "burn-out complaints less a year before, points"),
        within("2021 neck home, later", A_PERSON_IN_A_HUNDRED, "arm, neck, shoulder less a year before, points"),
        not_in_the_model("loneliness in life as a whole"),
    ),
    "onsite_end2021": (
        at_least("2021 complaints on site", SLIGHTLY, "burn-out complaints on site less 2019's, points"),
        at_least("2021 complaints on site, later", SLIGHTLY, "the same less those a year before, points"),
    ),
    "young_onsite": (
        at_least("2021 exhaustion young on site", DIFFERENT, "exhaustion of the young less others', SD"),
        at_least("2021 exhaustion young on site, later", DIFFERENT, "exhaustion of the young less a year before, SD"),
    ),
    "initiatives_wear_off": (
        at_most("wear enthusiasm", FADED, "enthusiasm for social moments, change of its share"),
        at_most("wear attendance", FADED, "moments attended by those who take part, change of their share"),
    ),
    "lump_sum": (at_most("instalments support", -DIFFERENT, "support felt by receivers, in parts less at once, SD"),),
    "pressure_stable": (within("2021 pressure home", EQUIVALENT, "work pressure, end of 2021 less 2019, SD"),),
    "cascade_order": (
        *(at_least(f"fall {who} {name}", 0.0, f"{name}: {words}") for name in ASKED for who, words in
          (("manager", "employers' share less managers'"), ("non_manager", "managers' share less others'"))),
        at_most("training kept", 0.0, "share of training kept on the way, less the least kept of any other measure"),
    ),
    "detail_question": (
        at_least("claimed less provided", 0.10, "chair and desk, claimed in general less provided in detail, share"),
        at_least(reported("detail_question"), HALF, "studies that report it"),
    ),
    "availability_telepressure": (
        at_least(correlation("all", "injunctive_norm", "telepressure"), CLEAR, "true r"),
    ),
    "telepressure_detachment": (at_most(correlation("all", "telepressure", "detachment"), -CLEAR, "true r"),),
    "detachment_exhaustion": (at_most(correlation("all", "detachment", "exhaustion"), -CLEAR, "true r"),),
    "ict_after_hours_detachment": (
        at_most(correlation("all", "recent_after_hours", "detachment"), -CLEAR, "true r"),
    ),
    "long_days_detachment": (
        at_most("r overtime detachment", -CLEAR, "true r of hours over contract with detachment"),
        at_least("r breaks detachment", CLEAR, "true r of breaks with detachment"),
    ),
    "partial_home_stress": (at_least("exhaustion on_site", DIFFERENT, "exhaustion, on site less the mix, SD"),),
    "partial_home_engagement": (at_most("engagement on_site", -DIFFERENT, "engagement, on site less the mix, SD"),),
    "manager_example": (
        at_most("example norm", -DIFFERENT, "believed norm of those whose manager explains, SD"),
        at_most("example conflict", -DIFFERENT, "their conflict of work and home, SD"),
    ),
    "manager_office_days": (
        at_least(correlation("non_manager", "managers_share_at_home", "share_at_home"), CLEAR, "true r"),
    ),
}  # fmt: skip
"""Patterns that need more than one set of answers, by rules 3 to 5."""


def criteria() -> dict[str, tuple[Part, ...]]:
    """Every judged pattern's bounds, in the order of the file."""
    return {
        pattern.name: OWN[pattern.name] if pattern.name in OWN else of_cells(pattern.name, pattern.use)
        for pattern in patterns()
        if pattern.use in JUDGED
    }
