"""Description of the model: on the terminal, and as documents for reviewers."""
