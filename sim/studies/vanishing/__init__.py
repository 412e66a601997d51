"""Why measures vanish: rival explanations of the null results of the study of 2022, and a survey to tell them apart."""
