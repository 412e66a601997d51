"""A measure: what an employer does to prevent or limit a risk, as one yaml describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sim.data import unresolved
from sim.errors import UserError, as_written, instead
from sim.levers.entries import check_entries, check_number, check_share, check_text, entries_of

ROUTES = ("collective", "through_manager", "individual")
KINDS = ("agreement", "encouragement", "leadership", "provision_and_contact", "training")
FAMILIES = (
    "availability", "social", "ergonomics", "communication", "schedule", "leadership", "recovery", "adoption",
)  # fmt: skip
LEGAL = ("duty", "agreement", "free")
HYGIENE = ("source", "collective", "individual")
GRADES = ("assumed", "weak", "moderate", "strong")
_TEXTS = ("text", "tekst", "actor", "beneficiary", "cost", "source")
_CHOICES = {
    "lever": FAMILIES, "kind": KINDS, "route": ROUTES, "legal": LEGAL, "hygiene": HYGIENE, "grade": GRADES,
    "seen_by": ("all", "managers"),
}  # fmt: skip
_SHARES = ("use", "hoops", "well", "transition")
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
    check_entries(where, content, set(Measure.__dataclass_fields__) - {"name"})
    for entry in (*_TEXTS, *_CHOICES, "use"):
        if content.get(entry) in (None, ""):
            raise UserError(f"{where}: entry '{entry}' is missing; every measure says its {entry}")
    for entry in _TEXTS:
        check_text(where, entry, content[entry])
    for entry, allowed in _CHOICES.items():
        if content[entry] not in allowed:
            raise UserError(f"{where}: {entry} '{content[entry]}' is unknown; one of {', '.join(allowed)}")
    for entry in _SHARES:
        check_share(where, entry, content.get(entry, 0.0))
    check_number(where, "fades_in", content.get("fades_in", 0.0), least=0.0)
    if not isinstance(content.get("rewrites", False), bool):
        raise UserError(f"Invalid value for rewrites in {where}: {as_written(content['rewrites'])}. Use true or false.")
    study = _read_study(where, content.get("study"))
    if not study:
        _check_source(where, "source", content["source"])
    shifts = entries_of(where, "shifts", content.get("shifts"), "shifts: {breaks_taken: {amount: 0.1, …}}")
    if not shifts and not content.get("rewrites"):
        raise UserError(f"{where}: it neither shifts nor rewrites a condition; say what it moves under 'shifts'")
    read = {target: _read_shift(where, target, shift) for target, shift in shifts.items()}
    return Measure(**{**content, "name": name, "study": study, "shifts": read})


OWN = ("use", "hoops", "well", "transition", "fades_in")
"""What of a measure, beside the amounts of its shifts, is a number that somebody may assume differently."""


def measure_parameters(measure: Measure) -> dict[str, float]:
    """The numbers of a measure by name: the amount of each shift by its condition, and its `OWN`."""
    amounts = {condition: shift.amount for condition, shift in measure.shifts.items()}
    return {**amounts, **{name: float(getattr(measure, name)) for name in OWN}}


def with_measure_parameters(measure: Measure, given: Mapping[str, float]) -> Measure:
    """The measure with these numbers in place of its own, by the names of `numbers_of`.

    Raises UserError for an unknown name, and for an amount outside the range of its shift.
    """
    where = f"measures.{measure.name}"
    known = measure_parameters(measure)
    own: dict[str, Any] = {}
    shifts = dict(measure.shifts)
    for name, number in given.items():
        if name not in known:
            raise UserError(f"Unknown parameter: {where}.{name}. {instead(name, known)}")
        if name in shifts:
            shift = shifts[name]
            check_number(where, name, number, least=shift.low, most=shift.high)
            shifts[name] = replace(shift, amount=float(number))
        elif name == "fades_in":
            check_number(where, name, number, least=0.0)
            own[name] = float(number)
        else:
            check_share(where, name, number)
            own[name] = float(number)
    return replace(measure, shifts=shifts, **own)


def _read_study(where: str, content: Any) -> dict[str, float]:
    study = dict(
        entries_of(where, "study", content, f"study: {{{', '.join(f'{role}: 0.4' for role in _STUDY_ROLES)}}}")
    )
    if study and set(study) != set(_STUDY_ROLES):
        raise UserError(f"{where}: study needs the three shares {', '.join(_STUDY_ROLES)}, or none")
    for role, share in study.items():
        check_share(where, f"study.{role}", share)
    return study


def _read_shift(where: str, target: str, content: Any) -> Shift:
    here = f"the shift of {target} of {where}"
    if not isinstance(content, Mapping):
        raise UserError(f"{here} is {as_written(content)}; it needs amount, low, high and source")
    for entry in ("amount", "low", "high", "source"):
        if content.get(entry) in (None, ""):
            raise UserError(f"{here} has no '{entry}'; it needs amount, low, high and source")
    check_entries(here, content, Shift.__dataclass_fields__)
    for entry in ("amount", "low", "high"):
        check_number(here, entry, content[entry])
    _check_source(here, "source", content["source"])
    shift = Shift(**content)
    if not shift.low <= shift.amount <= shift.high:
        raise UserError(f"{here} is {shift.amount}, outside its own range {shift.low} to {shift.high}")
    if shift.receives not in ("everybody", "managers"):
        raise UserError(f"{here} receives '{shift.receives}'; one of everybody, managers")
    return shift


def _check_source(where: str, entry: str, source: Any) -> None:
    check_text(where, entry, source)
    missing = unresolved(source)
    if missing:
        raise UserError(
            f"{where}: {entry} cites '{missing[0]}', which no row of sim/data has; cite an id of effects.csv or "
            "patterns.csv, target:<id> of targets.csv, or say assumed"
        )
