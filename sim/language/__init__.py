"""Language of the equations: grammar, curves, registry, and the description of the model as text."""
