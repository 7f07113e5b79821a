"""The `pubserve` command: papers read from the command line, and one door to everything else that is installed."""

import sys
from importlib.util import find_spec

USAGE_ERROR = 2


def main() -> None:
    """Run the command, or say what it needs where only the client itself is installed."""
    if missing := [name for name in ("typer", "rich") if find_spec(name) is None]:
        sys.stderr.write(f"The command line needs {' and '.join(missing)}: pip install 'pubserve[cli]'\n")
        sys.exit(USAGE_ERROR)
    from pubserve.cli.app import app

    app()
