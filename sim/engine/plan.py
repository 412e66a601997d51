"""A plan, and the engine it asks for: everything one run depends on, checked and set up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from sim.engine import check_engine, engine_for
from sim.errors import UserError, as_written
from sim.language.discovery import levers, mechanisms
from sim.language.grammar import Mechanism
from sim.language.registry import Registry, check_shift, register
from sim.levers import catalogue as catalogues
from sim.levers.catalogue import Catalogue
from sim.levers.measure import Measure
from sim.levers.scenario import Scenario
from sim.world import calendar as calendars
from sim.world import staff as staffs
from sim.world.calendar import DAYS_A_WEEK, Calendar
from sim.world.establishments import build
from sim.world.firm import Firm, FirmOptions
from sim.world.own_organisation import with_file_digests
from sim.world.staff import Staff

if TYPE_CHECKING:
    from sim.engine import Engine

BASELINE = Scenario("baseline", "baseline", text="The practice of 2022.")
EXTERNAL_INPUTS = {**staffs.EXTERNAL_INPUTS, **catalogues.EXTERNAL_INPUTS, **calendars.EXTERNAL_INPUTS}
INSTRUMENTS = ("survey", "interview")
"""Processes of a plan that only look at what is lived; they stand in `sim/outcomes`."""
_MOST_REPLICATES = 2**31
_BYTES_A_PLACE_AND_WORLD = 3_500
_BYTES_A_PLACE = 7_000
_BYTES_A_PROCESS = 200_000_000
"""Of the program itself, in a worker."""


@dataclass(frozen=True)
class Plan:
    """Everything one run depends on.

    `parameters` maps process to parameter to value, where it differs from the default; `survey` is the process of the
    instruments. The first scenario is what the others are compared with. `engine` is fused, reference, or auto: fused
    where numba is installed; all give the same bits. A plan notes what its files of persons and ties hold when it is
    made; a run of it refuses other content. `overrides` say how it was composed; no result depends on them.
    """

    measures: tuple[Measure, ...]
    scenarios: tuple[Scenario, ...] = (BASELINE,)
    firm: FirmOptions = field(default_factory=FirmOptions)
    parameters: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    weeks: int = 104
    burn_in: int = 52
    seed: int = 1
    replicate: int = 0
    calendar: Calendar = field(default_factory=Calendar)
    engine: str = "auto"
    overrides: tuple[str, ...] = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.weeks < 1 or self.burn_in < 0:
            raise UserError(f"weeks is {self.weeks} and burn_in {self.burn_in}; at least 1 week and 0 weeks are right")
        if not self.scenarios:
            raise UserError("no scenario is asked for; name at least one, for example scenarios=[baseline]")
        if not isinstance(self.replicate, int | np.integer) or not 0 <= self.replicate < _MOST_REPLICATES:
            raise UserError(
                f"replicate is {self.replicate}; a whole number from 0 to {_MOST_REPLICATES - 1:,} is right"
            )
        if self.firm.kind == "own" and self.firm.persons and self.firm.file_digests is None:
            object.__setattr__(self, "firm", with_file_digests(self.firm))
        check_engine(self.engine)
        for day in (-self.burn_in * DAYS_A_WEEK, self.weeks * DAYS_A_WEEK):
            self.calendar.date(day)


def simulate_burn_in(plan: Plan, each_week: Callable[[int], None] | None = None) -> Engine:
    """The engine after the burn-in, in one world under the first scenario's practice before day 0."""
    engine = create_engine(plan)
    for week in range(-plan.burn_in, 0):
        engine.run_week(week)
        if each_week:
            each_week(week)
    return engine


def create_engine(plan: Plan, worlds: int = 1, varied: Mapping[tuple[str, str], np.ndarray] | None = None) -> Engine:
    """The engine on the first day of the burn-in.

    `varied` maps (process, name) to one value per world: worlds then differ in parameters instead of scenarios.
    """
    measures = required_measures(plan)
    check_memory(plan, worlds)
    firm = build(plan.firm, plan.seed, plan.replicate)
    registry = registry_of(plan, firm)
    catalogue = Catalogue(measures, ())
    return engine_for(plan.engine)(
        registry, Staff(firm, catalogue.names, plan.replicate), catalogue, plan.calendar, plan.seed, worlds, varied
    )


def registry_of(plan: Plan, firm: Firm | None = None) -> Registry:
    """The registry of a plan: all mechanisms with the plan's parameters, and the levers its measures need.

    `firm` is the plan's firm where it has been built: what a file of persons counts is then known too. Raises UserError
    for an unknown parameter, a value out of range, a parameter that the organisation has counted, or a measure that
    moves what it may not.
    """
    measures = required_measures(plan)
    own = levers()
    rewriting = [own[m.name] for m in measures if m.rewrites and m.name in own]
    missing = [m.name for m in measures if m.rewrites and m.name not in own]
    if missing:
        raise UserError(f"measure {missing[0]} says it rewrites a condition; sim/levers/{missing[0]}.py is missing")
    parameters = plan.parameters
    chosen = {**mechanisms(), **{lever.process(): lever for lever in rewriting}}
    for process in parameters:
        if process not in chosen and process not in INSTRUMENTS and process not in own:
            raise UserError(f"parameter {process}.…: no mechanism '{process}'; known are {', '.join(chosen)}")
    counted = _counted_by(plan.firm, firm)
    _check_not_counted(parameters, counted)
    registry = register(
        [with_parameters(kind, parameters.get(p, {}), counted.get(p, {})) for p, kind in mechanisms().items()],
        [with_parameters(lever, parameters.get(lever.process(), {})) for lever in rewriting],  # type: ignore[misc]
        EXTERNAL_INPUTS,
    )
    for measure in measures:
        for target in measure.shifts:
            check_shift(registry, measure.name, target)
    for scenario in plan.scenarios:
        _check_scenario(scenario, registry, measures)
    return registry


def _check_scenario(scenario: Scenario, registry: Registry, measures: Sequence[Measure]) -> None:
    """Raise UserError where it sets what does not exist or withdraws what nobody has taken."""
    for setting in scenario.settings:
        if setting.process not in (*registry.mechanisms, *registry.levers):
            raise UserError(
                f"scenario {scenario.name} sets {setting.process}.{setting.parameter}; known processes are "
                + ", ".join((*registry.mechanisms, *registry.levers))
            )
        where = f"scenario {scenario.name}: {setting.process}.{setting.parameter}"
        validate_value(registry.owner(setting.process), setting.parameter, setting.value, where)
    taken = [measure.name for measure in measures if measure.in_study]
    for name in scenario.withdrawn:
        if name not in taken:
            raise UserError(
                f"scenario {scenario.name} withdraws {name}, which nobody has taken before; can be withdrawn: "
                + ", ".join(taken)
            )


def with_parameters(
    kind: type[Mechanism], parameters: Mapping[str, float], counted: Mapping[str, float] | None = None
) -> Mechanism:
    """The mechanism with these parameters; what an organisation has counted may lie outside a parameter's range."""
    own = kind()
    within = {name: validate_value(own, name, value) for name, value in parameters.items()}
    return replace(own, **{**(counted or {}), **within})  # type: ignore[type-var]


def validate_value(mechanism: Mechanism, name: str, value: float, where: str = "") -> float:
    """The value as a float, or UserError where the parameter does not exist or the value is outside its range.

    `where` is how the one who set it knows the parameter, if that is not `<process>.<name>`.
    """
    passport = mechanism.parameter_metadata().get(name)
    where = where or f"parameter {mechanism.process()}.{name}"
    if passport is None:
        raise UserError(
            f"{where} does not exist; {mechanism.process()} has {', '.join(mechanism.parameter_metadata())}"
        )
    fits = isinstance(value, int | float) and (passport.is_switch or not isinstance(value, bool))
    if not fits or not passport.low <= value <= passport.high:
        raise UserError(
            f"{where} is {as_written(value)}; its range is {passport.low:g} to {passport.high:g} {passport.unit}"
        )
    return float(value)


_SHARES = {
    "woman": ("women",), "older": ("older_share",), "young": ("young_share",), "children_at_home": ("children",),
    "other_care": ("care",), "lives_alone": ("alone",), "higher_educated": ("higher_educated_share",),
    "flexible_contract": ("flexible",), "may_work_from_home": ("may_share", "managers_may"),
    "separate_room": ("room_of_managers", "room_of_others"),
}  # fmt: skip
"""The parameters that each share of an organisation replaces; one counted over all holds for every role."""


def counted_parameters(counts: Iterable[str]) -> dict[str, str]:
    """The parameters of `circumstances` that these counts replace, each with the name of its count.

    >>> counted_parameters(["woman", "commute_minutes"])
    {'women': 'woman'}
    """
    return {parameter: name for name in counts for parameter in _SHARES.get(name, ())}


def _counted_by(options: FirmOptions, firm: Firm | None) -> dict[str, dict[str, float]]:
    """An own organisation's counts replace the national shares, for its people and for those who join later."""
    in_file = {} if firm is None else {name: float(np.mean(own)) for name, own in firm.circumstances.items()}
    shares = {**in_file, **(options.shares or {})}
    own = {parameter: shares[name] for parameter, name in counted_parameters(shares).items()}
    return {"circumstances": own} if own else {}


def _check_not_counted(
    parameters: Mapping[str, Mapping[str, float]], counted: Mapping[str, Mapping[str, float]]
) -> None:
    """Raise UserError where a parameter is given that the organisation has counted."""
    for process, own in counted.items():
        for name in own.keys() & parameters.get(process, {}).keys():
            raise UserError(
                f"parameter {process}.{name} is given, and the organisation has counted it (firm.shares or the file of "
                "persons). Give one of the two."
            )


def required_measures(plan: Plan) -> tuple[Measure, ...]:
    """The measures of the study and those that a scenario of the plan introduces."""
    introduced = frozenset().union(*(scenario.measures for scenario in plan.scenarios))
    return tuple(m for m in plan.measures if m.in_study or m.name in introduced)


def check_memory(plan: Plan, worlds: int, workers: int = 1, held: float = 0.0, afterwards: float = 0.0) -> None:
    """Raise UserError where a study needs more memory than is free.

    `worlds` are simulated side by side by each of `workers` processes. `held` are bytes that the study keeps meanwhile,
    `afterwards` bytes that it takes once everything is simulated.
    """
    worlds, people = max(worlds, len(plan.scenarios)), _people(plan.firm)
    free = _free_memory()
    need = max(bytes_simulating(plan, worlds, workers) + held, afterwards)
    if need <= free:
        return
    simulated = f"{people:,} people in {worlds} worlds"
    if workers > 1:
        simulated += f", simulated by {workers} processes,"
    raise UserError(
        f"{simulated} need about {need / 1e9:.1f} GB and {free / 1e9:.1f} GB are free; "
        f"ask for {_what_needs_less(plan, worlds, workers, held, afterwards, free)}"
    )


def bytes_simulating(plan: Plan, worlds: int, workers: int = 1) -> float:
    """About how many bytes so many processes take while each of them simulates so many worlds of a plan."""
    engine = _people(plan.firm) * (_BYTES_A_PLACE + worlds * _BYTES_A_PLACE_AND_WORLD)
    return workers * (_BYTES_A_PROCESS + engine) if workers > 1 else engine


def _what_needs_less(plan: Plan, worlds: int, workers: int, held: float, afterwards: float, free: float) -> str:
    if afterwards > free:
        return "fewer weeks (weeks) or fewer scenarios"
    fitting = [fewer for fewer in range(1, workers) if bytes_simulating(plan, worlds, fewer) + held <= free]
    if fitting:
        return f"fewer processes (workers={fitting[-1]})"
    if held > free:
        return "fewer replicates or fewer weeks"
    return "fewer people (firm.employees, firm.sample) or fewer scenarios"


def _people(firm: FirmOptions) -> int:
    """How many people a firm has at most."""
    if firm.kind == "study":
        return min(firm.people, firm.establishments * 700)
    return _rows(firm.persons) if firm.kind == "own" and firm.persons else firm.people


def _rows(path: str) -> int:
    try:
        with open(path, "rb") as lines:
            return max(sum(1 for _ in lines) - 1, 0)
    except OSError:
        return 0  # whoever reads the file says what is wrong


def _free_memory() -> float:
    try:
        with open("/proc/meminfo") as lines:
            return next(int(line.split()[1]) * 1024.0 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return float("inf")
