"""Cut every loop, one at a time, and look which patterns break. The same as `hybridwork structure`."""

import sys

from sim.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["structure", *sys.argv[1:]]))
