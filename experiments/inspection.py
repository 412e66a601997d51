"""Do the study of 2022 again inside the model, many times. The same as `hybridwork inspection`."""

import sys

from sim.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["inspection", *sys.argv[1:]]))
