"""Levers of management: measures, scenarios, and levers that need code of their own."""
