"""Run as `python -m recipes`."""

if __name__ == "__main__":  # a spawned worker imports this file too, and needs nothing of it
    import sys

    try:
        from recipes.command import main

        sys.exit(main())
    except KeyboardInterrupt:  # before anything has begun
        print("python -m recipes: interrupted", file=sys.stderr)
        sys.exit(130)
