"""The simulated survey: questionnaire, interview, visits, and the statistics of its answers."""
