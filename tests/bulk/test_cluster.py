"""Where a job works: on a cluster that answers, or here."""

import os

import pytest

from bulk.cluster import local_workers, running_ray
from bulk.errors import NoCluster
from serve.settings import Settings


def test_this_machine_has_a_worker_for_each_core_or_for_as_many_as_one_takes(settings: Settings) -> None:
    cores = len(os.sched_getaffinity(0))
    wide = settings.model_copy(update={"bulk": settings.bulk.model_copy(update={"worker_cpus": 2.0 * cores})})

    assert local_workers(settings) == cores
    assert local_workers(wide) == 1


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nowhere"])
def test_a_cluster_that_does_not_answer_is_named(settings: Settings, address: str) -> None:
    with pytest.raises(NoCluster, match=address) as refused, running_ray(address, settings, workers=None):
        pass
    assert "--address" in refused.value.remedy
