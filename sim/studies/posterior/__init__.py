"""Posterior distribution of the parameters given the observations of 2022, from which other studies draw."""
