"""One person, no network, beside the published stock-and-flow model of job demands-resources theory."""
