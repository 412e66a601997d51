"""Robust ranking: counts of plausible draws in which each policy does better, and conditions that reverse them."""
