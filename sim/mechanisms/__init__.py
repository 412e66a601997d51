"""The science, one process a file. The files import the grammar and the curves, never one another."""
