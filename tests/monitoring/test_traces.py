"""A trace through Ray Serve: the ingress and the replicas of the models are different processes."""

import httpx

from tests.monitoring.conftest import Observed

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLERS_SPAN = "00f067aa0ba902b7"
PAPERS = [{"id": str(n), "title": f"Asthma, part {n}", "abstract": "A case was seen. " * 10} for n in range(3)]


def test_one_trace_ties_the_caller_the_ingress_and_the_replicas_together(observed: Observed) -> None:
    headers = {"traceparent": f"00-{TRACE_ID}-{CALLERS_SPAN}-01", "x-request-id": "traced-on-ray"}
    answer = httpx.post(f"{observed.url}/v1/analyze", json={"papers": PAPERS}, headers=headers, timeout=60)
    assert answer.status_code == 200

    spans = observed.traces
    spans.wait_for(
        lambda so_far: (
            {"classifier", "tagger", "classify", "extract", "POST /v1/analyze"}
            <= {span.name for span in so_far.spans if span.trace_id == TRACE_ID}
        )
    )

    def one(name: str, below: str) -> str:
        """The id of the only span of that name in this trace, once it is known to be where it belongs."""
        [span] = [span for span in spans.named(name) if span.trace_id == TRACE_ID]
        assert span.parent_id == below
        return span.span_id

    request = one("POST /v1/analyze", below=CALLERS_SPAN)
    classifier = one("classifier", below=one("classify", below=request))
    tagger = one("tagger", below=one("extract", below=request))
    batches = [span for span in spans.named("batch") if span.trace_id == TRACE_ID]
    assert {span.parent_id for span in batches} == {classifier, tagger}
    assert {span.service for span in spans.spans if span.trace_id == TRACE_ID} == {
        "pubserve-ingress", "pubserve-classifier", "pubserve-tagger",
    }  # fmt: skip
