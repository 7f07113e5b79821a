"""A real service on Ray whose replicas come and go while papers are read: each is answered once."""

import asyncio
from threading import Thread

from loadtest.processes import free_port
from loadtest.scale import cluster
from loadtest.scale.callers import Callers
from loadtest.simulated import build_simulated
from serve.settings import Settings

LOAD_S = 10.0


def with_replicas(count: int) -> Settings:
    scaling = {"min_replicas": count, "max_replicas": count}
    return Settings(
        classifier={"scaling": scaling}, extractor={"tagger": {"scaling": scaling}}, cache={"enabled": False}
    )


def test_no_paper_is_lost_or_answered_twice_from_one_replica_to_two_and_back() -> None:
    port = free_port()
    callers = Callers(f"http://127.0.0.1:{port}", papers=8, tokens=100)

    with cluster.nodes(1, port=port):
        cluster.deploy(build_simulated(with_replicas(1), tokens_per_s=2000))
        load = Thread(target=lambda: asyncio.run(callers.keep(4, for_s=LOAD_S)))
        load.start()
        cluster.deploy(build_simulated(with_replicas(2), tokens_per_s=2000))
        most = cluster.replicas()
        cluster.deploy(build_simulated(with_replicas(1), tokens_per_s=2000))
        load.join()

    ledger = callers.ledger
    assert (most["Classifier"], most["Tagger"]) == (2, 2)
    assert (ledger.lost, ledger.duplicated, ledger.failed, ledger.refused) == (0, 0, 0, 0)
    assert ledger.answered == ledger.sent > 0
