"""Find the number of replicates for the smallest effect of interest. Same as `hybridwork replicates`."""

import sys

from sim.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["replicates", *sys.argv[1:]]))
