"""Mechanisms of the model, one process per file. A file imports the grammar and the curves, but no other process."""
