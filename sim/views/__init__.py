"""Views for people who do not program: the explorer, the report, and Mesa's live view."""
