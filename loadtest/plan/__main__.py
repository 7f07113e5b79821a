"""`python -m loadtest.plan` is `pubserve-plan`."""

from loadtest.plan.cli import cli

if __name__ == "__main__":
    cli()
