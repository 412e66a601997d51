"""Compare the model and its rivals with the table of patterns. Same as `hybridwork patterns`."""

import sys

from sim.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["patterns", *sys.argv[1:]]))
