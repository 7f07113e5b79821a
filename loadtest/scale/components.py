"""What each part of the service costs: processor time and memory of its processes."""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

_PARTS = (
    (re.compile(r"ray::ServeReplica:[^:]*:(\w+)"), None),  # named by the deployment
    (re.compile(r"VLLM::EngineCore"), "Engine core"),
    (re.compile(r"ray::ProxyActor"), "HTTP proxy"),
    (re.compile(r"ray::ServeController"), "Serve controller"),
    (re.compile(r"gcs_server|raylet|ray::\w*Agent|dashboard"), "Ray itself"),
)
CALLERS = "callers"


@dataclass(frozen=True, slots=True)
class Use:
    """Processes of one part, and what the busiest of them takes: most parts cannot use more than one core each."""

    processes: int
    cores: float
    busiest_cores: float


@dataclass(slots=True)
class Watch:
    """Filled when the block that it watches ends."""

    parts: dict[str, Use] = field(default_factory=dict)


@contextmanager
def processor_time() -> Iterator[Watch]:
    """Watch every part of the service on this host, and this process, for the length of the block."""
    watch, before, began_s = Watch(), _seconds_by_process(), time.monotonic()
    yield watch
    passed_s = time.monotonic() - began_s
    used: dict[str, list[float]] = {}
    for process, (part, seconds) in _seconds_by_process().items():
        used.setdefault(part, []).append((seconds - before.get(process, (part, 0.0))[1]) / passed_s)
    watch.parts = {part: Use(len(cores), sum(cores), max(cores)) for part, cores in sorted(used.items())}


def memory_bytes() -> Mapping[str, list[int]]:
    """Proportional set sizes by part, so that pages that processes share are counted once."""
    sizes: dict[str, list[int]] = {}
    for process, part in _processes():
        try:
            sizes.setdefault(part, []).append(process.memory_full_info().pss)
        except psutil.Error:
            continue  # ended between listing and looking
    return sizes


def part_of(command: str) -> str | None:
    """The part of the service that a process is, by its command line; None for others."""
    for pattern, name in _PARTS:
        if found := pattern.search(command):
            return name or found[1]
    return None


def _seconds_by_process() -> dict[psutil.Process, tuple[str, float]]:
    seconds = {}
    for process, part in _processes():
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        seconds[process] = (part, times.user + times.system)
    return seconds


def _processes() -> Iterator[tuple[psutil.Process, str]]:
    """This process and those below it that are parts of the service."""
    me = psutil.Process()
    yield me, CALLERS
    for process in me.children(recursive=True):
        try:
            part = part_of(" ".join(process.cmdline()))
        except psutil.Error:
            continue
        if part is not None:
            yield process, part
