"""Robust ranking: in how many plausible draws each policy does better, and under which conditions that reverses."""
