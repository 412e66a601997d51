"""The one error a user can cause: one line that says what is wrong, where, and what would be right."""


class UserError(ValueError):
    """A mistake in what was asked. The command line prints its text and ends with exit code 2."""
