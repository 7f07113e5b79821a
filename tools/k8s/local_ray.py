"""A Ray to build the application on, as small as it goes."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import ray


@contextmanager
def local_ray() -> Iterator[None]:
    """A Ray on this machine, taken down again."""
    ray.init(
        address="local", num_cpus=1, object_store_memory=100 * 2**20, include_dashboard=False, logging_level="ERROR"
    )
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    try:
        yield
    finally:
        ray.shutdown()
