"""Print what the model says about itself. The same as `hybridwork describe`."""

import sys

from sim.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["describe", *sys.argv[1:]]))
