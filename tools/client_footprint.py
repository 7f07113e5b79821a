"""What the client costs those who install it: its size, its dependencies, and how long importing it takes.

Builds the wheel and the sdist, installs the wheel alone into an empty environment, and prints what it finds there.

    python tools/client_footprint.py
"""

import statistics
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path

CLIENT = Path(__file__).parents[1] / "client"
IMPORTS = 9
# A new process each time, on warm files. Processor time is what the wall clock says where nothing else runs.
STATEMENTS = (
    "import pubserve",
    "from pubserve import AsyncClient",
    "import httpx; from pydantic import BaseModel, Field",
)
TIMED = """
import time
wall_s, processor_s = time.perf_counter(), time.process_time()
{}
print(time.perf_counter() - wall_s, time.process_time() - processor_s)
"""


def main() -> None:
    """Print the figures, one a line."""
    with tempfile.TemporaryDirectory() as folder:
        wheel, sdist = build(Path(folder))
        python, packages = install(Path(folder) / "environment", str(wheel))
        listed = run(python, "-m", "pip", "list", "--format=freeze").split()
        others = sorted(name for name in listed if not name.startswith(("pip==", "setuptools==", "pubserve==")))
        say("wheel", f"{wheel.stat().st_size / 1e3:.0f} kB")
        say("sdist", f"{sdist.stat().st_size / 1e3:.0f} kB")
        say("installed", f"{size_of(packages / 'pubserve') / 1e3:.0f} kB, compiled files included")
        say("dependencies, direct and indirect", f"{len(others)}: {', '.join(others)}")
        for statement in STATEMENTS:
            times = [map(float, run(python, "-c", TIMED.format(statement)).split()) for _ in range(IMPORTS)]
            wall_ms, processor_ms = (statistics.median(column) * 1e3 for column in zip(*times, strict=True))
            say(f"`{statement}`", f"{processor_ms:.0f} ms of processor time, {wall_ms:.0f} ms by the clock")


def build(folder: Path) -> tuple[Path, Path]:
    """The wheel and the sdist of the client."""
    builder, _ = install(folder / "builder", "hatchling")
    run(builder, "-m", "hatchling", "build", "-d", str(folder), cwd=CLIENT)
    return next(folder.glob("pubserve-*.whl")), next(folder.glob("pubserve-*.tar.gz"))


def install(environment: Path, package: str) -> tuple[str, Path]:
    """An environment with nothing in it but a package and what that needs: its interpreter and its packages."""
    venv.create(environment, with_pip=True)
    python = str(environment / "bin" / "python")
    run(python, "-m", "pip", "install", "--quiet", package)
    return python, Path(sysconfig.get_path("purelib", vars={"base": str(environment)}))


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def run(*command: str, cwd: Path | None = None) -> str:
    """What a command printed; its complaints go to the terminal."""
    return subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def say(what: str, figure: str) -> None:
    sys.stdout.write(f"{what:36} {figure}\n")


if __name__ == "__main__":
    main()
