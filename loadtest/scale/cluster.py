"""Several Ray nodes on this host, with the service on them, its models simulated."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import psutil
import ray
from ray import serve
from ray.cluster_utils import Cluster
from ray.serve import Application

from serve.ray_environment import set_ray_environment

APP_NAME = "simulated"
OBJECT_STORE_BYTES = 80 * 2**20
CPUS_PER_NODE = 256
"""Logical: replicas that only sleep share the cores of this host."""
NODE = {"num_cpus": CPUS_PER_NODE, "object_store_memory": OBJECT_STORE_BYTES}
POLL_S = 0.2


@contextmanager
def nodes(
    count: int, *, port: int, head: Mapping[str, Any] = NODE, proxies: Literal["HeadOnly", "EveryNode"] = "HeadOnly"
) -> Iterator[Cluster]:
    """A cluster of `count` nodes with Ray Serve listening on `port`; all of it is gone at the end.

    `head` is what the head is started with. One door is enough for most: what is studied is what lies behind it, and
    proxies cost memory. Those of several nodes share the port.
    """
    set_ray_environment()
    # Ray's workers give way to every other process of the host; what is measured must not.
    os.environ.setdefault("RAY_worker_niceness", "0")
    before = set(psutil.Process().children(recursive=True))
    cluster = Cluster(initialize_head=True, head_node_args={**head, "include_dashboard": False})
    try:
        for _ in range(count - 1):
            cluster.add_node(**NODE)
        connect(cluster)
        serve.start(proxy_location=proxies, http_options={"host": "127.0.0.1", "port": port})
        yield cluster
        serve.shutdown()
    finally:
        ray.shutdown()
        cluster.shutdown()
        _end(set(psutil.Process().children(recursive=True)) - before)


def connect(cluster: Cluster) -> None:
    """Make this process a driver of the cluster."""
    ray.init(address=cluster.address, logging_level="ERROR", log_to_driver=False)


def deploy(application: Application) -> None:
    """Start the application, or change the one that runs; back when every replica that it asks for is there."""
    serve.run(application, name=APP_NAME)
    while serve.status().applications[APP_NAME].status != "RUNNING":
        time.sleep(POLL_S)


def replicas() -> dict[str, int]:
    """Running replicas of each deployment."""
    deployments = serve.status().applications[APP_NAME].deployments
    return {name: of.replica_states.get("RUNNING", 0) for name, of in deployments.items()}


def _end(left_behind: set[psutil.Process]) -> None:
    for process in left_behind:
        process.kill()
    psutil.wait_procs(left_behind, timeout=10)
