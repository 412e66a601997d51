"""What may be said: the grammar of mechanisms, its curves, its registry, and the model telling itself."""
