"""A simulated panel survey of the same people, and the effect of lags and drop-out on its results."""
