"""Rank policies across plausible parameter sets. Same as `hybridwork robust_ranking`."""

import sys

from sim.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["robust_ranking", *sys.argv[1:]]))
