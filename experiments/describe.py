"""Print the model's description. Same as `hybridwork describe`."""

import sys

from sim.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["describe", *sys.argv[1:]]))
