"""Every loop cut, one at a time: which patterns break without it, and what a policy then does."""
