"""Robust ranking: how often each policy does better across plausible draws, and where that changes."""
