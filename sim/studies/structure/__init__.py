"""Loops and disputed paths of the model, changed one at a time: patterns that break, and effects of a policy."""
