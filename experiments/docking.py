"""Compare this model of one person with the published one. The same as `hybridwork docking`."""

import sys

from sim.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["docking", *sys.argv[1:]]))
