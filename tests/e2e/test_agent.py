"""A run of the agent inside the real service, with its own engine as the language model."""

import json

import httpx

from tests.e2e.conftest import ASTHMA, CANCER, RunningService


def test_a_run_says_that_the_small_model_is_too_weak_and_lets_the_papers_speak(service: RunningService) -> None:
    body = {"question": "What lengthens survival?", "papers": [paper.model_dump() for paper in (ASTHMA, CANCER)]}

    with httpx.stream("POST", f"{service.url}/v1/agent/runs", json=body, timeout=300) as answer:
        events = [json.loads(line.removeprefix("data: ")) for line in answer.iter_lines() if line.startswith("data: ")]

    assert events[-1]["event"] == "done"
    report = events[-1]["report"]
    assert {reading["paper_id"]: reading["labels"] for reading in report["readings"]} == {
        "asthma": ["Non-Cancer"],
        "cancer": ["Cancer"],
    }
    assert report["adjudication"]["status"] == "model_too_weak"
    assert report["summary"]["written_by"] == "papers"
    for claim in report["summary"]["claims"]:
        for place in claim["evidence"]:
            paper = {"asthma": ASTHMA, "cancer": CANCER}[place["paper_id"]].model_dump()
            assert paper[place["field"]][place["start"] : place["end"]] == place["text"]
