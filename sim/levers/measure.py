"""A measure: what an employer does to prevent or limit a risk, as one yaml describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sim.errors import UserError

ROUTES = ("collective", "through_manager", "individual")
KINDS = ("agreement", "encouragement", "leadership", "provision_and_contact", "training")
FAMILIES = (
    "availability", "social", "ergonomics", "communication", "schedule", "leadership", "recovery", "adoption",
)  # fmt: skip
LEGAL = ("duty", "agreement", "free")
HYGIENE = ("source", "collective", "individual")
GRADES = ("assumed", "weak", "moderate", "strong")
_STUDY_ROLES = ("employer", "manager", "non_manager")


@dataclass(frozen=True)
class Shift:
    """How far full use of a measure moves one condition, in the condition's own unit.

    `receives` is "everybody" (those the measure is in effect for) or "managers" (those who practise it themselves).
    """

    amount: float
    low: float
    high: float
    source: str
    receives: str = "everybody"


@dataclass(frozen=True)
class Measure:
    """One measure. Shares are 0 to 1, durations in weeks.

    `study` holds the shares of the 2022 study that claim or know it (employer, manager, non_manager), or is empty for a
    measure that the study did not ask about. `use` is the share that uses it of those who know it and can; `hoops` the
    share put off by what it takes to get it; `well` the share of users who use it as meant; `fades_in` the weeks in
    which enthusiasm wears off (0: it does not); `transition` the extra load of its first weeks, in SD of demands.
    """

    name: str
    text: str
    tekst: str
    lever: str
    kind: str
    route: str
    actor: str
    beneficiary: str
    seen_by: str
    legal: str
    hygiene: str
    cost: str
    source: str
    grade: str
    use: float
    study: Mapping[str, float] = field(default_factory=dict)
    shifts: Mapping[str, Shift] = field(default_factory=dict)
    rewrites: bool = False
    hoops: float = 0.0
    well: float = 0.75
    fades_in: float = 0.0
    transition: float = 0.0

    @property
    def in_study(self) -> bool:
        """Whether the 2022 study asked about it."""
        return bool(self.study)


def read_measure(name: str, content: Mapping[str, Any]) -> Measure:
    """Check the content of `conf/measure/<name>.yaml` and make a measure of it; raises UserError naming the entry."""
    where = f"measure {name}"
    known = set(Measure.__dataclass_fields__) - {"name"}
    for entry in content:
        if entry not in known:
            raise UserError(f"{where}: unknown entry '{entry}'; known are {', '.join(sorted(known))}")
    for entry in ("text", "tekst", "lever", "kind", "route", "actor", "beneficiary", "seen_by", "legal", "hygiene",
                  "cost", "source", "grade", "use"):  # fmt: skip
        if content.get(entry) in (None, ""):
            raise UserError(f"{where}: entry '{entry}' is missing; every measure says its {entry}")
    for entry, allowed in (("lever", FAMILIES), ("kind", KINDS), ("route", ROUTES), ("legal", LEGAL),
                           ("hygiene", HYGIENE), ("grade", GRADES), ("seen_by", ("all", "managers"))):  # fmt: skip
        if content[entry] not in allowed:
            raise UserError(f"{where}: {entry} '{content[entry]}' is unknown; one of {', '.join(allowed)}")
    for entry in ("use", "hoops", "well", "transition"):
        _check_share(where, entry, content.get(entry, 0.0))
    study = dict(content.get("study") or {})
    if study and set(study) != set(_STUDY_ROLES):
        raise UserError(f"{where}: study needs the three shares {', '.join(_STUDY_ROLES)}, or none")
    for role, share in study.items():
        _check_share(where, f"study.{role}", share)
    shifts = {target: _read_shift(where, target, shift) for target, shift in (content.get("shifts") or {}).items()}
    if not shifts and not content.get("rewrites"):
        raise UserError(f"{where}: it neither shifts nor rewrites a condition; say what it moves under 'shifts'")
    return Measure(**{**content, "name": name, "study": study, "shifts": shifts})


def _check_share(where: str, entry: str, share: Any) -> None:
    if not isinstance(share, int | float) or not 0 <= share <= 1:
        raise UserError(f"{where}: {entry} is {share}; a share lies between 0 and 1")


def _read_shift(where: str, target: str, content: Mapping[str, Any]) -> Shift:
    for entry in ("amount", "low", "high", "source"):
        if content.get(entry) in (None, ""):
            raise UserError(f"{where}: the shift of {target} has no '{entry}'; it needs amount, low, high and source")
    for entry in content:
        if entry not in Shift.__dataclass_fields__:
            raise UserError(f"{where}: the shift of {target} has an unknown entry '{entry}'")
    shift = Shift(**content)
    if not shift.low <= shift.amount <= shift.high:
        raise UserError(
            f"{where}: the shift of {target} is {shift.amount}, outside its own range {shift.low} to {shift.high}"
        )
    if shift.receives not in ("everybody", "managers"):
        raise UserError(f"{where}: the shift of {target} receives '{shift.receives}'; one of everybody, managers")
    return shift
