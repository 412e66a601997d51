"""The report: one page of a comparison of scenarios, in Dutch or English."""

from sim.views.report.command import beside, main, settings_of

__all__ = ["beside", "main", "settings_of"]
