"""A flame graph of where a peer's time goes under a load: py-spy looks at every Python process of it."""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

PYTHON_STACKS_PER_S = 100


class NoProfiler(Exception):
    """py-spy is not there, or cannot look at the process; the message says what to do."""


@contextlib.contextmanager
def flame_graph(root_pid: int, svg: Path, *, process: str | None = None) -> Iterator[None]:
    """Record until the block ends, and write the graph.

    Args:
        process: a part of a process's title, such as `Ingress`: that process alone; without it, all of them.

    Raises:
        NoProfiler: nothing was written.
    """
    beside = Path(sys.executable).with_name("py-spy")
    py_spy = str(beside) if beside.exists() else shutil.which("py-spy")
    if py_spy is None:
        raise NoProfiler("py-spy is not installed; `make setup-dev` installs it.")
    pid = root_pid if process is None else find(root_pid, process)
    svg.parent.mkdir(parents=True, exist_ok=True)
    command = [py_spy, "record", "--pid", str(pid), "--rate", str(PYTHON_STACKS_PER_S), "--format", "flamegraph"]
    command += ["--output", str(svg), "--duration", "unlimited", "--nonblocking", "--threads"]
    command += ["--subprocesses"] if process is None else []
    recorder = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield
    finally:
        recorder.send_signal(2)  # as Ctrl-C: it writes what it has
        said, _ = recorder.communicate()
    if not svg.exists():
        raise NoProfiler(f"py-spy wrote nothing: {said.strip()[-400:]}")


def find(root_pid: int, title: str) -> int:
    """The process below `root_pid` whose title has `title` in it. Raises `NoProfiler` if there is none."""
    descendants = psutil.Process(root_pid).children(recursive=True)
    titles = {}
    for descendant in descendants:
        with contextlib.suppress(psutil.Error):
            titles[descendant.pid] = " ".join(descendant.cmdline())
    for pid, given in titles.items():
        if title in given:
            return pid
    known = sorted({given[:60] for given in titles.values()})
    raise NoProfiler(f"No process is called {title!r}. There are: {', '.join(known)}.")
