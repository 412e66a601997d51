"""Criteria of every pattern, written before any result was known. No criterion was changed because of a result.

A criterion bounds the mean of one statistic over worlds. A pattern is met if all its criteria are met. The criteria
follow five rules, which `report.md.j2` states under "What counts as met".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sim.outcomes.patterns import ASKED, CELLS, EQUIVALENT, Cells, patterns

CLEAR = 0.05
REPORTED_SHARE = 0.20
HALF = 0.50
DIFFERENT = 0.05
ONE_POINT = 1.0
HALF_A_POINT = 0.5
FIVE_PERCENT = 0.05
NOTICEABLE = 0.20
"""Change of work pressure, in SD, that a person notices (small by Cohen's convention)."""
QUARTER_MARK = 0.25
FADED = -0.10
"""Relative change of enthusiasm or attendance that counts as wearing off."""
HEADLINE = ("strong", "test")
EVALUATED = (*HEADLINE, "equivalence", "sanity")


@dataclass(frozen=True)
class Criterion:
    """Bounds of one statistic: its mean over worlds lies between `low` and `high`.

    Attributes
    ----------
    statistic : str or None
        Name of the statistic of a world. None: the model has no quantity for it, so the criterion cannot be met.
    words : str
        Label on the page, with the unit.
    low, high : float
        Bounds, in the unit of the statistic.
    """

    statistic: str | None
    words: str
    low: float = float("-inf")
    high: float = float("inf")


def at_least(statistic: str, low: float, words: str) -> Criterion:
    """Return the criterion that the mean is `low` or more."""
    return Criterion(statistic, words, low=low)


def at_most(statistic: str, high: float, words: str) -> Criterion:
    """Return the criterion that the mean is `high` or less."""
    return Criterion(statistic, words, high=high)


def within(statistic: str, size: float, words: str) -> Criterion:
    """Return the criterion that the mean lies within ±`size`."""
    return Criterion(statistic, words, low=-size, high=size)


def missing(words: str) -> Criterion:
    """Return a criterion for which the model has no quantity."""
    return Criterion(None, words)


def correlation(role: str, predictor: str, outcome: str) -> str:
    """Return the name of a true correlation among all home workers of a role."""
    return f"r {role} {predictor} {outcome}"


def reported_share(pattern: str) -> str:
    """Return the name of the share of simulated studies that report a pattern as the study of 2022 did."""
    return f"reported {pattern}"


# -- relations between answers ---------------------------------------------------------------------------------------


def relation_criteria(pattern: str, use: str) -> tuple[Criterion, ...]:
    """Return the criteria of a relation between answers, by rules 1 and 2."""
    true = [one for cells in CELLS[pattern] for one in _true_correlations(cells, use == "equivalence")]
    if any(cells.sign for cells in CELLS[pattern]):
        return (*true, at_least(reported_share(pattern), REPORTED_SHARE, "studies that report it"))
    return (at_least(reported_share(pattern), HALF, "studies that report none"), *true)


def _true_correlations(cells: Cells, equivalent: bool) -> list[Criterion]:
    if not cells.sign and not equivalent:
        return []
    return [
        _by_sign(cells.sign or 0, correlation(role, x, y), f"true r of {x} with {y}, {role}")
        for role, x, y in cells.each
    ]


def _by_sign(sign: int, statistic: str, words: str) -> Criterion:
    if sign == 0:
        return within(statistic, EQUIVALENT, words)
    return at_least(statistic, CLEAR, words) if sign > 0 else at_most(statistic, -CLEAR, words)


# -- differences between worlds, days and groups ---------------------------------------------------------------------

OTHER_CRITERIA: Mapping[str, tuple[Criterion, ...]] = {
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
        at_least(reported_share("contacts_fewer_isolation_low"), HALF, "studies that report both"),
    ),
    "inspector_downgrade": (
        *(at_most(f"inspector_downgrade.change.{risk}", -QUARTER_MARK, f"mark for {words}, after less before")
          for risk, words in (("screen_work", "screen work"), ("work_pressure", "work pressure"))),
        at_least(reported_share("inspector_downgrade"), HALF, "studies in which both fall, for screen work more"),
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
        at_most("office taken less wanted", -FIVE_PERCENT, "share of days at the office less the share wanted"),
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
        at_most("2021 complaints home", -ONE_POINT, "burn-out complaints less those of 2019, points"),
        at_most("2021 neck home", -ONE_POINT, "complaints of arm, neck, shoulder less 2019's, points"),
        within("2021 complaints home, later", ONE_POINT, "burn-out complaints less a year before, points"),
        within("2021 neck home, later", ONE_POINT, "arm, neck, shoulder less a year before, points"),
        missing("loneliness in life as a whole"),
    ),
    "onsite_end2021": (
        at_least("2021 complaints on site", HALF_A_POINT, "burn-out complaints on site less 2019's, points"),
        at_least("2021 complaints on site, later", HALF_A_POINT, "the same less those a year before, points"),
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
        at_most("training kept", 0.0, "share of training left with employees, less the smallest of other measures"),
    ),
    "detail_question": (
        at_least("claimed less provided", 0.10, "chair and desk, claimed in general less provided in detail, share"),
        at_least(reported_share("detail_question"), HALF, "studies that report it"),
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
"""Criteria of patterns that need more than one set of answers, by rules 3 to 5."""


def criteria() -> dict[str, tuple[Criterion, ...]]:
    """Return the criteria of every evaluated pattern, in the order of `sim/data/patterns.csv`."""
    return {
        pattern.name: OTHER_CRITERIA.get(pattern.name) or relation_criteria(pattern.name, pattern.use)
        for pattern in patterns()
        if pattern.use in EVALUATED
    }
