"""Set the model and its rivals on the table of patterns. The same as `hybridwork patterns`."""

import sys

from sim.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["patterns", *sys.argv[1:]]))
