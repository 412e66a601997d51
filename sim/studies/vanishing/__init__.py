"""Rival explanations of the null results of the study of 2022, and surveys that distinguish them."""
