"""Find the assumptions that move the results. Same as `hybridwork sensitivity`."""

import sys

from sim.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["sensitivity", *sys.argv[1:]]))
