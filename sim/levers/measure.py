"""Measures of employers against burn-out complaints and isolation, read from YAML files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sim.data import unresolved
from sim.errors import UserError, instead, invalid
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
_RECEIVERS = ("everybody", "managers")


@dataclass(frozen=True)
class Shift:
    """Change of one condition at full use of a measure, in the condition's own unit.

    `receives` is "everybody" (all for whom the measure is in effect) or "managers" (managers who practise it).
    """

    amount: float
    low: float
    high: float
    source: str
    receives: str = "everybody"


@dataclass(frozen=True)
class Measure:
    """One measure. Shares are 0 to 1, durations in weeks.

    Attributes
    ----------
    study : mapping of str to float
        Shares of employers that claim it and of managers and non-managers who know it in the 2022 study (keys employer,
        manager, non_manager); empty for a measure outside the study.
    use : float
        Share of time in use among those who know it and can use it.
    hoops : float
        Share of users deterred by obstacles to obtaining it.
    well : float
        Share of users who use it as intended.
    fades_in : float
        Time constant of declining enthusiasm, in weeks; 0 for no decline.
    transition : float
        Extra load in its first weeks, in SD of demands.
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
    """Read a measure from the content of `conf/measure/<name>.yaml`; raise UserError for an invalid entry."""
    where = f"measure {name}"
    check_entries(where, content, set(Measure.__dataclass_fields__) - {"name"})
    for entry in (*_TEXTS, *_CHOICES, "use"):
        if content.get(entry) in (None, ""):
            raise UserError(f"Missing entry: {entry} in {where}. Every measure needs one.")
    for entry in _TEXTS:
        check_text(f"{entry} in {where}", content[entry])
    for entry, allowed in _CHOICES.items():
        if content[entry] not in allowed:
            raise UserError(invalid(f"{entry} in {where}", content[entry], allowed))
    for entry in _SHARES:
        check_share(f"{entry} in {where}", content.get(entry, 0.0))
    check_number(f"fades_in in {where}", content.get("fades_in", 0.0), least=0.0)
    if not isinstance(content.get("rewrites", False), bool):
        raise UserError(invalid(f"rewrites in {where}", content["rewrites"], "true or false"))
    study = _read_study(where, content.get("study"))
    if not study:
        _check_source(f"source in {where}", content["source"])
    shifts = entries_of(f"shifts in {where}", content.get("shifts"), "shifts: {breaks_taken: {amount: 0.1, …}}")
    if not shifts and not content.get("rewrites"):
        raise UserError(f"Missing entry: shifts in {where}. Use at least one condition that the measure changes.")
    read = {target: _read_shift(where, target, shift) for target, shift in shifts.items()}
    return Measure(**{**content, "name": name, "study": study, "shifts": read})


OWN = ("use", "hoops", "well", "transition", "fades_in")
"""Numbers of a measure that users may change, beside the amounts of its shifts."""


def measure_parameters(measure: Measure) -> dict[str, float]:
    """Return the numbers of a measure by name: the amount of each shift by its condition, and those of `OWN`."""
    amounts = {condition: shift.amount for condition, shift in measure.shifts.items()}
    return {**amounts, **{name: float(getattr(measure, name)) for name in OWN}}


def with_measure_parameters(measure: Measure, values: Mapping[str, float]) -> Measure:
    """Return the measure with these numbers, named as in `measure_parameters`.

    Raises UserError for an unknown name, and for a value out of range.
    """
    known = measure_parameters(measure)
    own: dict[str, Any] = {}
    shifts = dict(measure.shifts)
    for name, number in values.items():
        setting = f"measures.{measure.name}.{name}"
        if name not in known:
            raise UserError(f"Unknown parameter: {setting}. {instead(name, known)}")
        if name in shifts:
            check_number(setting, number, least=shifts[name].low, most=shifts[name].high)
            shifts[name] = replace(shifts[name], amount=float(number))
            continue
        if name == "fades_in":
            check_number(setting, number, least=0.0)
        else:
            check_share(setting, number)
        own[name] = float(number)
    return replace(measure, shifts=shifts, **own)


def _read_study(where: str, content: Any) -> dict[str, float]:
    example = f"study: {{{', '.join(f'{role}: 0.4' for role in _STUDY_ROLES)}}}"
    study = dict(entries_of(f"study in {where}", content, example))
    if study and set(study) != set(_STUDY_ROLES):
        raise UserError(invalid(f"study in {where}", list(study), f"{', '.join(_STUDY_ROLES)}, or leave it out"))
    for role, share in study.items():
        check_share(f"study.{role} in {where}", share)
    return study


def _read_shift(where: str, target: str, content: Any) -> Shift:
    here, needed = f"shifts.{target} in {where}", ("amount", "low", "high", "source")
    if not isinstance(content, Mapping):
        raise UserError(invalid(here, content, "amount, low, high and source"))
    for entry in needed:
        if content.get(entry) in (None, ""):
            raise UserError(f"Missing entry: shifts.{target}.{entry} in {where}. Use amount, low, high and source.")
    check_entries(here, content, Shift.__dataclass_fields__)
    for entry in needed[:3]:
        check_number(f"shifts.{target}.{entry} in {where}", content[entry])
    _check_source(f"shifts.{target}.source in {where}", content["source"])
    shift = Shift(**content)
    if not shift.low <= shift.amount <= shift.high:
        accepted = f"{shift.low} to {shift.high}, its own range"
        raise UserError(invalid(f"shifts.{target}.amount in {where}", shift.amount, accepted))
    if shift.receives not in _RECEIVERS:
        raise UserError(invalid(f"shifts.{target}.receives in {where}", shift.receives, _RECEIVERS))
    return shift


def _check_source(name: str, source: Any) -> None:
    check_text(name, source)
    if missing := unresolved(source):
        accepted = "an id of effects.csv or patterns.csv, target:<id> of targets.csv, or the word assumed"
        raise UserError(invalid(name, source, accepted, f"No row of sim/data has {missing[0]}."))
