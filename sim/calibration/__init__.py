"""Parameter values from data: standardisation and point fit."""
