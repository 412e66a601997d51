"""How many replicates the smallest effect of interest needs: the procedure, and the page."""
