"""How fast the model is: `python -m benchmarks` prints one table and writes it to `outputs/benchmarks/`."""
