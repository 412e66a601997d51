"""Run the rows of a design, kept in a folder that survives. The same as `hybridwork sweep`."""

import sys

from sim.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["sweep", *sys.argv[1:]]))
