"""The study of 2022 done again inside the model: one virtual study, many of them, and the page."""
