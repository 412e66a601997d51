"""Mesa's own live view: one organisation, week by week, in the browser."""
