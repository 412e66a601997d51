"""Plans of runs, their validation, and the engines that simulate them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from sim.engine import check_engine, engine_for
from sim.errors import UserError, invalid, unknown
from sim.language.discovery import levers, mechanisms
from sim.language.grammar import Mechanism
from sim.language.registry import Registry, check_shift, register
from sim.levers import interventions as intervention_state
from sim.levers.interventions import InterventionState
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
EXTERNAL_INPUTS = {**staffs.EXTERNAL_INPUTS, **intervention_state.EXTERNAL_INPUTS, **calendars.EXTERNAL_INPUTS}
INSTRUMENTS = ("survey", "interview")
"""Processes whose parameters concern measurement only; see `sim/survey`."""
_MOST_REPLICATES = 2**31
_BYTES_A_PLACE_AND_WORLD = 3_500
_BYTES_A_PLACE = 7_000
_BYTES_A_PROCESS = 200_000_000
"""Bytes of the program itself in each worker."""


@dataclass(frozen=True)
class Plan:
    """Everything one run depends on.

    Parameters
    ----------
    measures : tuple of Measure
        All measures that can be introduced.
    scenarios : tuple of Scenario
        Worlds of the run; the first is the baseline of the others.
    firm : FirmOptions
        Size and structure of the organisation. The plan records digests of the user's files; runs refuse changed files.
    parameters : mapping
        Values that differ from the defaults, by process and parameter; `survey` and `interview` are the instruments.
    weeks, burn_in : int
        Simulated weeks after and before day 0.
    seed, replicate : int
        Keys of the random numbers.
    calendar : Calendar
    engine : str
        "fused", "reference" or "auto" (fused where numba is installed); results are the same.
    overrides : tuple of str
        Settings from which the plan was composed; no result depends on them.
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
            raise UserError(invalid("weeks or burn_in", f"{self.weeks}, {self.burn_in}", "1 or more and 0 or more"))
        if not self.scenarios:
            raise UserError("Missing setting: scenarios. Use at least one, as in scenarios=[baseline].")
        if not isinstance(self.replicate, int | np.integer) or not 0 <= self.replicate < _MOST_REPLICATES:
            raise UserError(invalid("replicate", self.replicate, f"a whole number from 0 to {_MOST_REPLICATES - 1:,}"))
        if self.firm.kind == "own" and self.firm.persons and self.firm.file_digests is None:
            object.__setattr__(self, "firm", with_file_digests(self.firm))
        check_engine(self.engine)
        for day in (-self.burn_in * DAYS_A_WEEK, self.weeks * DAYS_A_WEEK):
            self.calendar.date(day)


def simulate_burn_in(plan: Plan, each_week: Callable[[int], None] | None = None) -> Engine:
    """Simulate the burn-in of a plan in one world.

    Parameters
    ----------
    plan : Plan
    each_week : callable, optional
        Called with the number of each week after it has been simulated.

    Returns
    -------
    Engine
        The state after the burn-in, under the practice of 2022.
    """
    engine = create_engine(plan)
    for week in range(-plan.burn_in, 0):
        engine.run_week(week)
        if each_week:
            each_week(week)
    return engine


def create_engine(plan: Plan, worlds: int = 1, varied: Mapping[tuple[str, str], np.ndarray] | None = None) -> Engine:
    """Return an engine at the first day of the burn-in.

    Parameters
    ----------
    plan : Plan
    worlds : int
        Number of worlds.
    varied : mapping, optional
        One value per world by (process, name), for worlds that differ in parameters instead of scenarios.
    """
    measures = required_measures(plan)
    check_memory(plan, worlds)
    firm = build(plan.firm, plan.seed, plan.replicate)
    registry = registry_of(plan, firm)
    interventions = InterventionState(measures, ())
    return engine_for(plan.engine)(
        registry,
        Staff(firm, interventions.names, plan.replicate),
        interventions,
        plan.calendar,
        plan.seed,
        worlds,
        varied,
    )


def registry_of(plan: Plan, firm: Firm | None = None) -> Registry:
    """Return the registry of a plan: mechanisms with the plan's parameters, and the levers that its measures need.

    Parameters
    ----------
    plan : Plan
    firm : Firm, optional
        The plan's firm, if it has been built; its counts then also replace parameters.

    Raises
    ------
    UserError
        For an unknown parameter, a value out of range, a parameter that the organisation's counts replace, or a measure
        that shifts or rewrites a quantity that is not a condition.
    """
    measures = required_measures(plan)
    own = levers()
    rewriting = [own[m.name] for m in measures if m.rewrites and m.name in own]
    missing = [m.name for m in measures if m.rewrites and m.name not in own]
    if missing:
        raise UserError(
            f"Missing file: sim/levers/{missing[0]}.py. Measure {missing[0]} needs it, since it has rewrites: true."
        )
    parameters = plan.parameters
    kinds = {**mechanisms(), **{lever.process(): lever for lever in rewriting}}
    for process in parameters:
        if process not in kinds and process not in INSTRUMENTS and process not in own:
            raise UserError(unknown("mechanism", process, kinds))
    counts = _counts_of(plan.firm, firm)
    _check_no_conflict(parameters, counts)
    registry = register(
        [with_parameters(kind, parameters.get(p, {}), counts.get(p, {})) for p, kind in mechanisms().items()],
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
    """Raise UserError for an unknown setting, or for a withdrawn measure that the study did not ask about."""
    for setting in scenario.settings:
        if setting.process not in (*registry.mechanisms, *registry.levers):
            known = (*registry.mechanisms, *registry.levers)
            raise UserError(unknown(f"process in scenario {scenario.name}", setting.process, known))
        where = f"{setting.process}.{setting.parameter} of scenario {scenario.name}"
        validate_value(registry.owner(setting.process), setting.parameter, setting.value, where)
    in_place = [measure.name for measure in measures if measure.in_study]
    for name in scenario.withdrawn:
        if name not in in_place:
            raise UserError(
                f"Invalid withdrawal in scenario {scenario.name}: {name}. No employer has it. Use one of "
                f"{', '.join(in_place)}."
            )


def value_of(plan: Plan, process: str, name: str) -> float:
    """Return the value of a parameter of a process of the model."""
    return float(plan.parameters.get(process, {}).get(name, getattr(mechanisms()[process](), name)))


def with_parameters(
    kind: type[Mechanism], parameters: Mapping[str, float], counts: Mapping[str, float] | None = None
) -> Mechanism:
    """Return the mechanism with these parameters; counts of an organisation may lie outside a parameter's range."""
    own = kind()
    within = {name: validate_value(own, name, value) for name, value in parameters.items()}
    return replace(own, **{**(counts or {}), **within})  # type: ignore[type-var]


def validate_value(mechanism: Mechanism, name: str, value: float, where: str = "") -> float:
    """Return the value of a parameter as a float.

    Raises UserError for an unknown parameter or a value outside its range; `where` names the parameter in its message.
    """
    metadata = mechanism.parameter_metadata().get(name)
    where = where or f"{mechanism.process()}.{name}"
    if metadata is None:
        raise UserError(unknown("parameter", where, mechanism.parameter_metadata()))
    is_valid = isinstance(value, int | float) and (metadata.is_switch or not isinstance(value, bool))
    if not is_valid or not metadata.low <= value <= metadata.high:
        raise UserError(invalid(where, value, f"{metadata.low:g} to {metadata.high:g} ({metadata.unit})"))
    return float(value)


_SHARES = {
    "woman": ("women",), "older": ("older_share",), "young": ("young_share",), "children_at_home": ("children",),
    "other_care": ("care",), "lives_alone": ("alone",), "higher_educated": ("higher_educated_share",),
    "flexible_contract": ("flexible",), "may_work_from_home": ("may_share", "managers_may"),
    "separate_room": ("room_of_managers", "room_of_others"),
}  # fmt: skip
"""Parameters that a share of an organisation replaces; a share of all employees replaces the shares of all roles."""


def counted_parameters(counts: Iterable[str]) -> dict[str, str]:
    """Return the parameters of `circumstances` that these counts replace, with the names of the counts.

    >>> counted_parameters(["woman", "commute_minutes"])
    {'women': 'woman'}
    """
    return {parameter: name for name in counts for parameter in _SHARES.get(name, ())}


def _counts_of(options: FirmOptions, firm: Firm | None) -> dict[str, dict[str, float]]:
    """Return the counts of an own organisation, which replace national shares for its people and for newcomers."""
    in_file = {} if firm is None else {name: float(np.mean(own)) for name, own in firm.circumstances.items()}
    shares = {**in_file, **(options.shares or {})}
    own = {parameter: shares[name] for parameter, name in counted_parameters(shares).items()}
    return {"circumstances": own} if own else {}


def _check_no_conflict(
    parameters: Mapping[str, Mapping[str, float]], counts: Mapping[str, Mapping[str, float]]
) -> None:
    """Raise UserError for a parameter that a count of the organisation replaces."""
    for process, own in counts.items():
        for name in own.keys() & parameters.get(process, {}).keys():
            raise UserError(
                f"Conflicting values for parameter {process}.{name}. A count of the organisation (firm.shares or the "
                "file of persons) sets it too. Use one of the two."
            )


def required_measures(plan: Plan) -> tuple[Measure, ...]:
    """Return the measures of the study and those that a scenario of the plan introduces."""
    introduced = frozenset().union(*(scenario.measures for scenario in plan.scenarios))
    return tuple(m for m in plan.measures if m.in_study or m.name in introduced)


def check_memory(plan: Plan, worlds: int, workers: int = 1, stored: float = 0.0, afterwards: float = 0.0) -> None:
    """Raise UserError where a study needs more memory than is free.

    Parameters
    ----------
    plan : Plan
    worlds : int
        Worlds that each process simulates at the same time.
    workers : int
        Number of processes.
    stored : float
        Bytes that the study stores in memory while it simulates.
    afterwards : float
        Bytes that the study needs after the simulation.
    """
    worlds, people = max(worlds, len(plan.scenarios)), _people(plan.firm)
    free = _free_memory()
    need = max(bytes_simulating(plan, worlds, workers) + stored, afterwards)
    if need <= free:
        return
    processes = f" in {workers} processes" if workers > 1 else ""
    raise UserError(
        f"Too little memory: {people:,} people in {worlds} worlds{processes} need about {need / 1e9:.1f} GB, and "
        f"{free / 1e9:.1f} GB are free. Use {_smaller_request(plan, worlds, workers, stored, afterwards, free)}."
    )


def bytes_simulating(plan: Plan, worlds: int, workers: int = 1) -> float:
    """Estimate the memory of the processes, in bytes, while each simulates `worlds` worlds of a plan."""
    engine = _people(plan.firm) * (_BYTES_A_PLACE + worlds * _BYTES_A_PLACE_AND_WORLD)
    return workers * (_BYTES_A_PROCESS + engine) if workers > 1 else engine


def _smaller_request(plan: Plan, worlds: int, workers: int, stored: float, afterwards: float, free: float) -> str:
    if afterwards > free:
        return "fewer weeks (weeks) or fewer scenarios"
    fitting = [fewer for fewer in range(1, workers) if bytes_simulating(plan, worlds, fewer) + stored <= free]
    if fitting:
        return f"fewer processes (workers={fitting[-1]})"
    if stored > free:
        return "fewer replicates or fewer weeks"
    return "fewer people (firm.employees, firm.sample) or fewer scenarios"


def _people(firm: FirmOptions) -> int:
    """Return the largest possible number of people of a firm."""
    if firm.kind == "study":
        return min(firm.people, firm.establishments * 700)
    return _rows(firm.persons) if firm.kind == "own" and firm.persons else firm.people


def _rows(path: str) -> int:
    try:
        with open(path, "rb") as lines:
            return max(sum(1 for _ in lines) - 1, 0)
    except OSError:
        return 0  # reading the file reports the error


def _free_memory() -> float:
    try:
        with open("/proc/meminfo") as lines:
            return next(int(line.split()[1]) * 1024.0 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return float("inf")
