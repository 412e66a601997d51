"""Packages of measures under a budget: the problem, the search, the re-evaluation and the page."""
