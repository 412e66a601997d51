"""The executable pattern table: what was found or looked for, what the model gives, and what rivals give."""
