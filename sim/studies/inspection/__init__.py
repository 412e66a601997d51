"""The study of 2022, repeated in the model: simulated studies, their tables and the page."""
