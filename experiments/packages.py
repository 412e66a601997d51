"""Packages of measures that no other beats on health and cost, under a budget. The same as `hybridwork packages`."""

import sys

from sim.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["packages", *sys.argv[1:]]))
