"""Ray for a job: a bounded one on this machine, or a cluster that is there."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from typing import Any

from bulk.errors import NoCluster
from serve.hardware import available_cores
from serve.settings import Settings

ADDRESS_VARIABLE = "RAY_ADDRESS"
LOCAL = "local"
AUTO = "auto"
CONNECT_TIMEOUT_S = 10.0
READER_CPUS = 0.5
LOCAL_READERS = 2


def local_workers(settings: Settings) -> int:
    """As many as this machine has room for, by GPUs where a worker needs one, else by cores."""
    bulk = settings.bulk
    if bulk.worker_gpus:
        import torch

        return max(1, int(torch.cuda.device_count() / bulk.worker_gpus))
    return max(1, int(available_cores() / bulk.worker_cpus))


@contextmanager
def running_ray(address: str | None, settings: Settings, *, workers: int | None) -> Iterator[int | None]:
    """Ray, at `address` or `RAY_ADDRESS`, else on this machine alone. One that is connected already stays as it is.

    Yields how many workers to have: `workers` where it is given, else as many as fit here; None where a cluster is to
    grow as it can.

    Raises:
        NoCluster: nothing answers.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    if ray.is_initialized():
        yield workers
        return
    address = address or os.environ.get(ADDRESS_VARIABLE)
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "WARNING", "configure_logging": True}
    if address and address != LOCAL:
        try:
            _require_answer(address)
            ray.init(address=address, **options)
        except (OSError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise NoCluster(
                f"No Ray cluster at {address}: {reason}", "Correct --address, or leave it out to work on this machine."
            ) from None
    else:
        workers = workers or local_workers(settings)
        ray.init(
            address=LOCAL,
            num_cpus=ceil(workers * settings.bulk.worker_cpus + LOCAL_READERS * READER_CPUS),
            object_store_memory=settings.ray.object_store_mb * 2**20,
            include_dashboard=False,
            **options,
        )
    try:
        yield workers
    finally:
        ray.shutdown()


def _require_answer(address: str) -> None:
    """Ray itself would try for minutes, and end the process in the end.

    Raises:
        OSError: nothing listens there.
        ValueError: it is no address.
    """
    if address == AUTO:
        return
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not (host and port.isdecimal()):
        raise ValueError(f"expected {AUTO}, or host:port")
    socket.create_connection((host, int(port)), CONNECT_TIMEOUT_S).close()
