"""Which policy wins in how many plausible worlds: the counts, where they flip, the words and the page."""
