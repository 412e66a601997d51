"""Levers of management: measures, scenarios, and the few levers that need code."""
