"""Studies: questions that many runs answer, each with its settings, tables, figures and page."""
