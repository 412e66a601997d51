"""Studies: analyses of many runs, each with its settings, tables, figures and page."""
