"""Switch each loop off or on and see which patterns break. Same as `hybridwork structure`."""

import sys

from sim.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["structure", *sys.argv[1:]]))
