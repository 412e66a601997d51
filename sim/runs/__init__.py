"""Runs: simulation, worker pools, run ids, and the archive that stores runs."""
