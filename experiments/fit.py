"""Fit the free parameters to the targets and write conf/fit/. Same as `hybridwork fit`."""

import sys

from sim.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["fit", *sys.argv[1:]]))
