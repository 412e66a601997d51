"""Pictures of the report and the explorer: pure functions of tables and words that give Altair charts.

Each takes a width in pixels, legible from a phone to a desk, and carries its alternative text as its description.
"""

from sim.views.pictures.cascade import cascade
from sim.views.pictures.dots import dots
from sim.views.pictures.effects import by_group, effects
from sim.views.pictures.frontier import frontier
from sim.views.pictures.groups import groups
from sim.views.pictures.pathways import pathways
from sim.views.pictures.sensitivity import sensitivity
from sim.views.pictures.style import svg
from sim.views.pictures.trajectories import trajectories

__all__ = [
    "by_group", "cascade", "dots", "effects", "frontier", "groups", "pathways", "sensitivity", "svg", "trajectories",
]  # fmt: skip
