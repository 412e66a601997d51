"""Which parameter sets agree with what was observed, as draws. The same as `hybridwork posterior`."""

import sys

from sim.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["posterior", *sys.argv[1:]]))
