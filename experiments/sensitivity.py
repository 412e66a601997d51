"""Which assumptions move the results, kept in a folder that survives. The same as `hybridwork sensitivity`."""

import sys

from sim.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["sensitivity", *sys.argv[1:]]))
