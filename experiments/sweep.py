"""Run the rows of a design. Same as `hybridwork sweep`."""

import sys

from sim.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["sweep", *sys.argv[1:]]))
