"""Run as `python -m recipes`."""

import sys

from recipes.command import main

if __name__ == "__main__":  # a spawned worker imports this file too, and must not start over
    sys.exit(main())
