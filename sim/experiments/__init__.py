"""Designs of many runs, and the folder that holds their results."""
