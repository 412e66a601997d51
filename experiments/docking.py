"""Compare one person with the published stock-and-flow model. Same as `hybridwork docking`."""

import sys

from sim.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["docking", *sys.argv[1:]]))
