"""Every peer by its name."""

from collections.abc import Mapping

from loadtest.bench.peers.echo import ECHO
from loadtest.bench.peers.fastapi_pipelines import FASTAPI_PIPELINES
from loadtest.bench.peers.flask_one_by_one import FLASK
from loadtest.bench.peers.llama_cpp import LLAMA_CPP
from loadtest.bench.peers.loops import BARE_CLASSIFIER, BARE_TAGGER, VLLM_OFFLINE
from loadtest.bench.peers.peer import Peer
from loadtest.bench.peers.pubserve import (
    INGRESS,
    INGRESS_BOTH,
    INGRESS_HAPROXY,
    INGRESS_THROUGHPUT,
    PUBSERVE,
    PUBSERVE_GENERATOR,
)


def _by_name(*peers: Peer) -> Mapping[str, Peer]:
    return {peer.name: peer for peer in peers}


READERS = _by_name(
    PUBSERVE,
    FLASK,
    FASTAPI_PIPELINES,
    BARE_CLASSIFIER,
    BARE_TAGGER,
    LLAMA_CPP,
    PUBSERVE_GENERATOR,
    VLLM_OFFLINE,
)
"""Those that read papers."""

ECHOES = _by_name(ECHO, INGRESS, INGRESS_THROUGHPUT, INGRESS_HAPROXY, INGRESS_BOTH)
"""Those that show what HTTP and Ray Serve cost, without models."""

COMPARED = {**READERS, **_by_name(ECHO, INGRESS)}
"""Those that the aims are about."""

PEERS = {**READERS, **ECHOES}
