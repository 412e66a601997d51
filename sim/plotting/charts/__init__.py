"""Charts of the report and the explorer: pure functions of tables and words that return Altair charts.

Each takes a width in pixels, from that of a phone to that of a desktop, and has its alternative text as description.
"""

from sim.plotting.charts.cascade import cascade
from sim.plotting.charts.dots import dots
from sim.plotting.charts.effects import by_group, effects
from sim.plotting.charts.frontier import frontier
from sim.plotting.charts.groups import groups
from sim.plotting.charts.pathways import pathways
from sim.plotting.charts.sensitivity import sensitivity
from sim.plotting.charts.style import svg
from sim.plotting.charts.trajectories import trajectories

__all__ = [
    "by_group", "cascade", "dots", "effects", "frontier", "groups", "pathways", "sensitivity", "svg", "trajectories",
]  # fmt: skip
