"""This service: as it is served, with the generating extractor, and without models."""

from collections.abc import Sequence

from loadtest.bench.closed_loop import Call
from loadtest.bench.measurement import Load, Work
from loadtest.bench.peers.peer import IN_BATCHES, OverHttp, Peer, json_call
from pubserve import Paper

NO_CACHE = {"PUBSERVE_CACHE__ENABLED": "false"}
"""The same papers come again under the next load: they are to be read, not remembered."""

ECHO_LOADS = (
    Load(concurrency=1),
    Load(concurrency=32),
    Load(concurrency=1, papers_per_request=64),
    Load(concurrency=8, papers_per_request=64),
)

# A load asks about the same papers again and again.
_READS_ALL = {"PUBSERVE_CACHE__ENABLED": "false"}


def papers_call(work: Work, papers: Sequence[Paper]) -> Sequence[Call]:
    return [json_call(f"/v1/{work}", {"papers": [paper.model_dump() for paper in papers]})]


def stream_call(papers: Sequence[Paper]) -> Call:
    return json_call("/v1/analyze/stream", {"papers": [paper.model_dump() for paper in papers]})


def _served(name: str, runs: str, works: Sequence[Work], **env: str) -> Peer:
    return Peer(
        name=name,
        runs=runs,
        program=("-m", "serve.launch", "--port", "{port}"),
        works=works,
        drive=OverHttp(papers_call),
        env={**NO_CACHE, **env},
        ready_path="/readyz",
        drops_abandoned=True,
        stream=stream_call if Work.ANALYZE in works else None,
        also=[IN_BATCHES],
    )


def _simulated(name: str, runs: str, **env: str) -> Peer:
    return Peer(
        name=name,
        runs=runs,
        program=("-m", "loadtest.simulated", "--port", "{port}"),
        works=(Work.ANALYZE,),
        drive=OverHttp(papers_call),
        env={**NO_CACHE, **env},
        ready_path="/readyz",
        drops_abandoned=True,
        loads=ECHO_LOADS,
    )


PUBSERVE = _served("pubserve", "This service as `make serve` starts it.", (Work.ANALYZE, Work.CLASSIFY, Work.EXTRACT))

PUBSERVE_GENERATOR = _served(
    "pubserve-generator",
    "This service, its extractor the engine: SmolLM2-135M writes the names of diseases, unit by unit, under a schema.",
    (Work.EXTRACT,),
    PUBSERVE_EXTRACTOR__BACKEND="generator",
)

INGRESS = _simulated("ingress", "This service with models that answer at once (`loadtest.simulated`), as it is served.")

# A replica that is reached directly would wait half a minute, for load balancers to notice, before it ends.
_DIRECT = {"RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "1"}
_THROUGHPUT = {"RAY_SERVE_THROUGHPUT_OPTIMIZED": "1", **_DIRECT}
_HAPROXY = {"RAY_SERVE_ENABLE_HA_PROXY": "1", **_DIRECT}

INGRESS_THROUGHPUT = _simulated(
    "ingress-throughput", "The same with Ray Serve's RAY_SERVE_THROUGHPUT_OPTIMIZED=1.", **_THROUGHPUT
)
INGRESS_HAPROXY = _simulated("ingress-haproxy", "The same with Ray Serve's RAY_SERVE_ENABLE_HA_PROXY=1.", **_HAPROXY)
INGRESS_BOTH = _simulated("ingress-throughput-haproxy", "The same with both.", **(_THROUGHPUT | _HAPROXY))
