"""The simulated survey: questionnaire, interview, visits, and statistics of the responses."""
