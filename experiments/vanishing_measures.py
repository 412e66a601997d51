"""Compare explanations of why measures vanish. Same as `hybridwork vanishing_measures`."""

import sys

from sim.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["vanishing_measures", *sys.argv[1:]]))
