"""`python -m mcusim` → the command line."""

import sys

from mcusim.cli import main

if __name__ == "__main__":
    sys.exit(main())
