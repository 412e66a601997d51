"""Simulate a panel survey and its findings. Same as `hybridwork panel`."""

import sys

from sim.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["panel", *sys.argv[1:]]))
