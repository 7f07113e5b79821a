"""`pubserve batch` with the real models gives what the service answers, but for the time it took."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pubserve import Client, Paper, Task
from tests.e2e.conftest import ASTHMA, CANCER

WITHIN_S = 400
PAPERS = [
    CANCER,
    ASTHMA,
    Paper(id="title", title="[Hairy cell leukaemia (HCL) in two brothers.]"),
    Paper(id="long", title="Sepsis after surgery.", abstract=" ".join([ASTHMA.abstract or ""] * 40)),
]


def comparable(answer: dict[str, Any]) -> dict[str, Any]:
    """Confidences to two digits: how rows share a batch shows in the last of four."""
    answer.pop("timings_ms", None)
    confidences = {label: round(given, 2) for label, given in answer["confidence_scores"].items()}
    mentions = [{**mention, "confidence": round(mention["confidence"], 2)} for mention in answer["mentions"]]
    return {**answer, "confidence_scores": confidences, "mentions": mentions}


@pytest.mark.timeout(900)
def test_a_job_writes_what_the_service_answers(client: Client, tmp_path: Path) -> None:
    (tmp_path / "papers.jsonl").write_text("".join(paper.model_dump_json() + "\n" for paper in PAPERS))
    answered = [result.model_dump(mode="json") for result in client.analyze(PAPERS, tasks=list(Task)).results]

    job = subprocess.run(
        [sys.executable, "-m", "pubserve", "batch", str(tmp_path / "papers.jsonl"), str(tmp_path / "out"),
         "--tasks", ",".join(Task), "--workers", "1", "--address", "local", "--json"],
        capture_output=True, text=True, timeout=WITHIN_S, check=False,
    )  # fmt: skip

    assert job.returncode == 0, job.stderr
    assert json.loads(job.stdout)["papers"] == len(PAPERS)
    [part] = (tmp_path / "out" / "papers").iterdir()
    written = [json.loads(line) for line in part.read_text().splitlines()]
    assert [comparable(paper) for paper in written] == [comparable(paper) for paper in answered]
