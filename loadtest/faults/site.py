"""The service that is harmed: two nodes on this host, two replicas of each model, one of the engine."""

import asyncio
import os
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from ray import serve
from ray.cluster_utils import Cluster

from loadtest.processes import free_port
from loadtest.scale import cluster
from loadtest.scale.components import part_of
from loadtest.simulated import build_simulated
from serve.settings import Settings

NODES = 2
TOKENS_PER_S = 4_000.0
"""Of each replica: forty papers of a hundred tokens."""
BODY_TIMEOUT_S = 10.0
DISK_BYTES = 8 * 2**20
PARTS = ("Classifier", "Tagger", "Engine", "Ingress", "HTTP proxy", "Serve controller")
POLL_S = 0.5


@dataclass(slots=True)
class Site:
    """A service that runs. `state` is the folder of its batches, on a small disk of its own where that can be had."""

    port: int
    state: Path
    settings: Settings
    cluster: Cluster
    has_own_disk: bool
    full_strength: Counter[str] = field(default_factory=Counter)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def deploy(self, *, tokens_per_s: float = TOKENS_PER_S) -> None:
        """Start the service, or roll out an update of the one that runs."""
        cluster.deploy(build_simulated(self.settings, tokens_per_s=tokens_per_s))
        self.full_strength = Counter({part: len(found) for part, found in processes().items() if part in PARTS})

    def kill(self, part: str, *, every: bool = False) -> int:
        """SIGKILL the busiest process of a part, or every one at once; how many.

        Serve prefers replicas on the node of the caller: another one might have nothing in work.
        """
        victims = sorted(processes()[part], key=_cpu_s, reverse=True)[: None if every else 1]
        for victim in victims:
            os.kill(victim.pid, signal.SIGKILL)
        return len(victims)

    async def is_whole(self) -> bool:
        """Whether as many processes of each part run as at first, and Serve calls the service healthy."""
        return await asyncio.to_thread(self._is_whole)

    def _is_whole(self) -> bool:
        running = Counter({part: len(found) for part, found in processes().items()})
        if not running >= self.full_strength:
            return False
        try:
            status = serve.status()
        except Exception:  # whatever a controller that is being replaced makes of it
            return False
        app = status.applications[cluster.APP_NAME]
        return app.status == "RUNNING" and all(proxy == "HEALTHY" for proxy in status.proxies.values())


def processes() -> dict[str, list[psutil.Process]]:
    """Those below this one that are parts of the service."""
    found: dict[str, list[psutil.Process]] = {}
    for process in psutil.Process().children(recursive=True):
        try:
            part = part_of(" ".join(process.cmdline()))
        except psutil.Error:
            continue  # ended between listing and looking
        if part is not None:
            found.setdefault(part, []).append(process)
    return found


def _cpu_s(process: psutil.Process) -> float:
    return float(process.cpu_times().user)


@contextmanager
def site() -> Iterator[Site]:
    """The service, started; all of it is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="pubserve-faults-") as folder:
        port = free_port()
        with _small_disk(Path(folder)) as mounted, cluster.nodes(NODES, port=port) as ray_cluster:
            running = Site(port, Path(folder), _settings(folder), ray_cluster, mounted)
            running.deploy()
            yield running


@contextmanager
def _small_disk(folder: Path) -> Iterator[bool]:
    """Give a folder a disk of its own, if that is allowed; whether it is."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "pubserve-faults", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _settings(state: str) -> Settings:
    two = {"min_replicas": 2, "max_replicas": 2}
    return Settings(
        http={"body_timeout_s": BODY_TIMEOUT_S},
        ingress=two,
        classifier={"scaling": two},
        extractor={"tagger": {"scaling": two}},
        cache={"enabled": False},
        batches={"state_dir": state},
        agent={"state_dir": state},
    )
