"""Mechanisms, one process a file. The files import the grammar and the curves, and none imports another."""
