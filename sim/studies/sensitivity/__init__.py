"""Sensitivity of results to assumptions, and effects of doses and pairs of policies."""
