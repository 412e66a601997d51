"""Packages of measures under a budget: what is asked, the search, what the packages gave, and the page."""
