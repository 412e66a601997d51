"""Comparison of one isolated person with the published stock-and-flow model of job demands-resources theory."""
