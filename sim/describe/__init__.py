"""The model describing itself: on the terminal, and as the documents that reviewers ask for."""
