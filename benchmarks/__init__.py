"""Benchmarks: `python -m benchmarks` prints one table and writes it to `outputs/benchmarks/`."""
