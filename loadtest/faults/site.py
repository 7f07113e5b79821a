"""The service that is harmed: Ray nodes on this host, two replicas of each model, one of the engine."""

import asyncio
import os
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import psutil
import ray
from ray import serve
from ray.cluster_utils import Cluster
from ray.serve import Application
from ray.serve.schema import ServeStatus

from loadtest.faults.clock import faked_clock
from loadtest.faults.redis import redis_server
from loadtest.processes import free_port
from loadtest.scale import cluster
from loadtest.scale.components import part_of
from loadtest.simulated import build_simulated
from serve.settings import Settings

HEAD_AWAY_S = 5.0
TOKENS_PER_S = 4_000.0
"""Of each replica: forty papers of a hundred tokens."""
BODY_TIMEOUT_S = 10.0
DISK_BYTES = 8 * 2**20
PARTS = ("Classifier", "Tagger", "Engine", "Engine core", "Ingress", "HTTP proxy", "Serve controller")
POLL_S = 0.5


class Layout(StrEnum):
    """What the service runs on."""

    TWO_NODES = "two nodes, the head among them, with one proxy"
    HEAD_APART = "a head apart with its state in Redis, two worker nodes, and a proxy on each of the three"
    OWN_CLOCK = "two nodes, with a wall clock that can be set"
    REAL_ENGINE = "two nodes, and on one of them vLLM with the small model of the cpu profile"


@dataclass(slots=True)
class Site:
    """A service that runs. `state` is the folder of its batches, on a small disk of its own where that can be had.

    `clock` is the file that says how far its wall clock is off, where the layout has one.
    """

    port: int
    state: Path
    settings: Settings
    cluster: Cluster
    head: dict[str, Any]
    has_own_disk: bool
    clock: Path | None
    has_real_engine: bool
    full_strength: Counter[str] = field(default_factory=Counter)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def deploy(self, *, tokens_per_s: float = TOKENS_PER_S) -> None:
        """Start the service, or roll out an update of the one that runs."""
        engine = _real_engine(self.settings) if self.has_real_engine else None
        cluster.deploy(build_simulated(self.settings, tokens_per_s=tokens_per_s, engine=engine))
        while not _all_healthy(serve.status()):
            time.sleep(POLL_S)
        self.full_strength = self._running()

    def kill(self, part: str, *, every: bool = False) -> int:
        """SIGKILL the busiest process of a part, or every one at once; how many.

        Serve prefers replicas on the node of the caller: another one might have nothing in work.
        """
        victims = sorted(processes()[part], key=_cpu_s, reverse=True)[: None if every else 1]
        for victim in victims:
            os.kill(victim.pid, signal.SIGKILL)
        return len(victims)

    def lose_head(self) -> int:
        """SIGKILL the head and all that runs on it; how many parts of the service did.

        After `HEAD_AWAY_S` there is another at the same address. This process would end with the head, so it leaves.
        """
        before = self._running()
        ray.shutdown()
        self.cluster.head_node.kill_all_processes(check_alive=False, allow_graceful=False, wait=True)
        self.cluster.head_node = None
        time.sleep(HEAD_AWAY_S)
        lost = before - self._running()
        self.cluster._shutdown_at_exit = False  # the hooks for that can be set in the main thread alone
        self.cluster.add_node(**self.head, include_dashboard=False)
        cluster.connect(self.cluster)
        return lost.total()

    async def is_whole(self) -> bool:
        """Whether as many processes of each part run as at first, and Serve calls the service healthy."""
        return await asyncio.to_thread(self._is_whole)

    def _is_whole(self) -> bool:
        if not self._running() >= self.full_strength:
            return False
        try:
            status = serve.status()
        except Exception:  # whatever a controller that is being replaced makes of it
            return False
        return _all_healthy(status)

    @staticmethod
    def _running() -> Counter[str]:
        return Counter({part: len(found) for part, found in processes().items() if part in PARTS})


def _all_healthy(status: ServeStatus) -> bool:
    proxies = status.proxies.values()
    return status.applications[cluster.APP_NAME].status == "RUNNING" and all(proxy == "HEALTHY" for proxy in proxies)


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
def site(layout: Layout = Layout.TWO_NODES) -> Iterator[Site]:
    """The service, started; all of it is gone at the end.

    Raises:
        MissingProgram: the layout takes a program that is not here.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pubserve-faults-")))
        port, count, head, clock = free_port(), 2, dict(cluster.NODE), None
        proxies: Literal["HeadOnly", "EveryNode"] = "HeadOnly"
        if layout is Layout.HEAD_APART:
            redis = stack.enter_context(redis_server(folder))
            count, proxies, head = 3, "EveryNode", _head_apart(redis)
        mounted = stack.enter_context(_small_disk(folder))
        if layout is Layout.OWN_CLOCK:
            clock = stack.enter_context(faked_clock(folder))
        ray_cluster = stack.enter_context(cluster.nodes(count, port=port, head=head, proxies=proxies))
        real = layout is Layout.REAL_ENGINE
        running = Site(port, folder, _settings(str(folder)), ray_cluster, head, mounted, clock, real)
        running.deploy()
        yield running


def _real_engine(settings: Settings) -> Application:
    from serve.app import engine_of  # imports vLLM

    return engine_of(settings)


def _head_apart(redis: str) -> dict[str, Any]:
    """No replica fits on it; another head finds in Redis what it knew, under the same address."""
    return {
        **cluster.NODE,
        "num_cpus": 0,
        "gcs_server_port": free_port(),
        "external_addresses": [redis, redis],
    }


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
