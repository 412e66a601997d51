"""The explorer: a lever moved, and burn-out complaints and isolation answer, from the model itself."""
