"""Find Pareto-optimal packages of measures under a budget. Same as `hybridwork packages`."""

import sys

from sim.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["packages", *sys.argv[1:]]))
