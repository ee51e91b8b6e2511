"""Run as `python -m recipes`."""

if __name__ == "__main__":  # a spawned worker imports this file too, and needs nothing of it
    import sys

    from recipes.command import main

    sys.exit(main())
