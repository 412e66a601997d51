"""Estimate the posterior distribution of the parameters. Same as `hybridwork posterior`."""

import sys

from sim.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["posterior", *sys.argv[1:]]))
