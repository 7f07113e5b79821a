"""The same job on a cluster of several nodes, here on one host, with models of simulated speed."""

import json
import os
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
import ray
from ray.cluster_utils import Cluster

from bulk.job import Job, run
from bulk.storage import Location
from loadtest.simulated_bulk import LOADER, SimulatedLoader, SimulatedModels
from pubserve.contract import Task
from serve.settings import Settings
from tests.bulk.papers import lines_in, write_jsonl

NODES, CPUS_A_NODE, WORKERS = 2, 2, 3
PAPERS = 60
SEEN_VARIABLE = "BULK_TEST_SEEN"
"""A folder with a file for each node that a worker was on; nodes have the environment in which they were started."""


class TellsItsNode(SimulatedLoader):
    """Leaves the name of the node on which it loads."""

    def load(self, settings: Settings, tasks: Collection[Task]) -> SimulatedModels:
        (Path(os.environ[SEEN_VARIABLE]) / ray.get_runtime_context().get_node_id()).touch()
        return super().load(settings, tasks)


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a cluster whose nodes have room for two workers each."""
    (tmp_path / "seen").mkdir()
    monkeypatch.setenv(SEEN_VARIABLE, str(tmp_path / "seen"))
    node = {"num_cpus": CPUS_A_NODE, "object_store_memory": 80 * 2**20}
    nodes = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    try:
        for _ in range(NODES - 1):
            nodes.add_node(**node)
        yield nodes.address
    finally:
        nodes.shutdown()


def test_a_job_on_two_nodes_writes_what_it_writes_on_one_machine(
    cluster: str, settings: Settings, tmp_path: Path
) -> None:
    corpus = write_jsonl(tmp_path / "corpus.jsonl", range(PAPERS))
    loader = f"{TellsItsNode.__module__}:{TellsItsNode.__qualname__}"
    here, there = (
        Job(Location.given(str(corpus)), Location.given(str(tmp_path / out)), settings, loader=loader)
        for out, loader in (("here", LOADER), ("there", loader))
    )

    spread = run(there, address=cluster, workers=WORKERS)
    alone = run(here, workers=1)

    assert len(list((tmp_path / "seen").iterdir())) == NODES
    assert (spread.papers, spread.failed) == (alone.papers, alone.failed) == (PAPERS, {})
    papers = lines_in(tmp_path / "there" / "papers")
    assert papers == lines_in(tmp_path / "here" / "papers")
    assert len({json.loads(line)["abstract_id"] for line in papers}) == PAPERS
