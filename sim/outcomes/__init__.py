"""Outcomes: their definitions, weekly records, and effects of policies."""
