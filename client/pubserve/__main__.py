"""`python -m pubserve` is the `pubserve` command."""

from pubserve.cli import main

if __name__ == "__main__":
    main()
