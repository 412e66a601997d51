"""Parameter values from data: standardisation, point fit and posterior draws."""
