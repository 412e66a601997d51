"""What is asked of the model, many times: runs, comparisons, fits."""
