"""Several Ray nodes on this host, with the service on them, its models simulated."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import ray
from ray import serve
from ray.cluster_utils import Cluster
from ray.serve import Application

APP_NAME = "simulated"
OBJECT_STORE_BYTES = 80 * 2**20
CPUS_PER_NODE = 256
"""Logical: replicas that only sleep share the cores of this host."""
NODE = {"num_cpus": CPUS_PER_NODE, "object_store_memory": OBJECT_STORE_BYTES}
POLL_S = 0.2


@contextmanager
def nodes(count: int, *, port: int) -> Iterator[Cluster]:
    """A cluster of `count` nodes with Ray Serve listening on `port`; all of it is gone at the end."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray's workers give way to every other process of the host; what is measured must not.
    os.environ.setdefault("RAY_worker_niceness", "0")
    before = set(psutil.Process().children(recursive=True))
    cluster = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
    try:
        for _ in range(count - 1):
            cluster.add_node(**NODE)
        ray.init(address=cluster.address, logging_level="ERROR", log_to_driver=False)
        # One door: what is studied is what lies behind it, and a proxy per node costs memory.
        serve.start(proxy_location="HeadOnly", http_options={"host": "127.0.0.1", "port": port})
        yield cluster
        serve.shutdown()
    finally:
        ray.shutdown()
        cluster.shutdown()
        _end(set(psutil.Process().children(recursive=True)) - before)


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
