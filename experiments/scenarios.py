"""Compare scenarios on burn-out complaints and isolation (the main job). Same as `hybridwork scenarios`."""

import sys

from sim.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["scenarios", *sys.argv[1:]]))
