"""For people who do not code: the explorer, the report, and Mesa's live view."""
