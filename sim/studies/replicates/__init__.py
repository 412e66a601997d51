"""Number of replicates that the smallest effect of interest needs."""
