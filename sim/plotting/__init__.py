"""Figures for print (seaborn) and charts for pages (Altair)."""
