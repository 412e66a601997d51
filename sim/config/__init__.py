"""Settings of a run: composed by Hydra, checked, and turned into plans."""
