"""Repeat the study of 2022 many times in the model. Same as `hybridwork inspection`."""

import sys

from sim.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["inspection", *sys.argv[1:]]))
