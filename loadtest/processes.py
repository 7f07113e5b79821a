"""Processes that are measured: started on a free port, waited for, watched, and ended with all they started."""

import contextlib
import os
import random
import socket
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx
import psutil

_RAY = "ray::"
SAMPLE_PERIOD_S = 1.0
LOOKING_SHARE = 0.01
"""Of a core, at most, for looking at memory: the system walks through all pages of a process for it, which takes a
tenth of a second and more where there are many."""
START_TIMEOUT_S = 900.0
STOP_TIMEOUT_S = 60.0
READY_POLL_S = 0.2
LAST_LINES = 5


class DidNotStart(Exception):
    """A server ended, or did not answer in time; the message has its last words."""


class ProcessWatch:
    """Watches a process and all its descendants until stopped.

    Memory is the proportional set size, so that pages which processes share are counted once. Processor time is that
    of every process seen, the ended ones as of the last look.
    """

    def __init__(self, root_pid: int) -> None:
        self.now_bytes = 0
        self.peak_bytes = 0
        self._root = psutil.Process(root_pid)
        self._cpu_s: dict[psutil.Process, tuple[str, float]] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def cpu_s(self) -> dict[str, float]:
        """Seconds of processor time since each process began, user and system, by what the processes are called."""
        for process in self._tree():
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                self._cpu_s[process] = _name(process), times.user + times.system
        by_name: defaultdict[str, float] = defaultdict(float)
        for name, seconds in self._cpu_s.values():
            by_name[name] += seconds
        return dict(by_name)

    def forget_peak(self) -> None:
        """Let the peak be of what follows."""
        self.now_bytes = self.peak_bytes = self._memory_bytes()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        pause_s = SAMPLE_PERIOD_S
        while not self._stopped.wait(pause_s):
            began_s = time.monotonic()
            self.now_bytes = self._memory_bytes()
            self.peak_bytes = max(self.peak_bytes, self.now_bytes)
            pause_s = max(SAMPLE_PERIOD_S, (time.monotonic() - began_s) / LOOKING_SHARE)

    def _memory_bytes(self) -> int:
        return sum(_pss(process) for process in self._tree())

    def _tree(self) -> list[psutil.Process]:
        try:
            return [self._root, *self._root.children(recursive=True)]
        except psutil.Error:
            return []  # it has ended


def _name(process: psutil.Process) -> str:
    """`ray::ServeReplica:pubserve:Tagger.extract` is `Tagger`; others are called by their module or their program."""
    first, *rest = process.cmdline() or [process.name()]
    if first.startswith(_RAY):
        return first.removeprefix(_RAY).rpartition(":")[2].partition(".")[0].strip()
    module = rest[rest.index("-m") + 1 :][:1] if "-m" in rest else []
    script = [Path(word).name for word in rest if word.endswith(".py")][:1]
    return (module or script or [Path(first).name])[0]


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0  # ended between listing and looking


def free_port() -> int:
    """A port of the loopback that nothing listens on.

    Not one of those that the system hands out by itself: before it is used, another process could get it.
    """
    while True:
        port = random.SystemRandom().randrange(20_000, 32_768)
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


@contextlib.contextmanager
def serving(
    command: Sequence[str], ready_url: str, *, log: Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server: yields once `ready_url` answers; at the end nothing of what it started is left.

    Args:
        log: where its output goes.
        env: on top of the environment here.

    Raises:
        DidNotStart: with the last lines of its output.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, **(env or {})})
    try:
        _wait_until_ready(process, ready_url, log)
        yield process
    finally:
        _end(process)


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    ends_s = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < ends_s:
        if process.poll() is not None:
            raise DidNotStart(f"it ended with status {process.returncode}: {_last_words(log)}")
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(url, timeout=30).is_success:
                return
        time.sleep(READY_POLL_S)
    raise DidNotStart(f"no answer within {START_TIMEOUT_S:.0f} s: {_last_words(log)}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end, then make it and its descendants end."""
    descendants: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error):
        descendants = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_TIMEOUT_S)
    process.kill()
    process.wait()
    for descendant in descendants:
        with contextlib.suppress(psutil.Error):
            descendant.kill()
    psutil.wait_procs(descendants, timeout=STOP_TIMEOUT_S)


def _last_words(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return " / ".join(line.strip() for line in lines[-LAST_LINES:]) or "it printed nothing"
