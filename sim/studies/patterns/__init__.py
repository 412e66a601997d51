"""The pattern table: published findings, evaluated in the model and in rival models."""
