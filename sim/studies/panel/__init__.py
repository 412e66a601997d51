"""A virtual panel: the same people asked again and again, and what lags and drop-out make of the truth."""
