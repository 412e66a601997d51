"""Text for readers: summaries, phrases and tables."""
