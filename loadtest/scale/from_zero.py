"""A service that has no replica of its models until the first paper comes, and none again when papers stop."""

import time
from collections.abc import Callable

import httpx
from pydantic import BaseModel, Field

from loadtest.scale import cluster
from loadtest.scale.wave import MODELS, Wave

PAPER = {"id": "1", "title": "Asthma in children.", "abstract": "It is common."}
POLL_S = 0.5
WAKING_S = 10.0
"""Besides the start of a replica: how long a first call may take to bring one about."""


class Woken(BaseModel):
    """What callers saw. Times in seconds."""

    replicas_at_start: dict[str, int]
    first_status: int = Field(description="HTTP status of the first paper.")
    first_answer_s: float = Field(description="From no replica to the answer to the first paper.")
    to_zero_s: float | None = Field(description="From the last paper to no replica; null: not within the patience.")
    readyz_status: int | None = Field(description="Of /readyz when no replica runs.")
    readyz_wakes: bool = Field(description="Whether that alone starts replicas again.")


def run(wave: Wave, *, patience_s: float) -> Woken:
    """Start with nothing, ask, wait until there is nothing again, and look whether it stays so."""
    with (
        cluster.nodes(wave.nodes, port=wave.port),
        httpx.Client(base_url=f"http://127.0.0.1:{wave.port}", timeout=300) as http,
    ):
        cluster.deploy(wave.application())
        at_start = _replicas()
        began_s = time.monotonic()
        answer = http.post("/v1/analyze", json={"papers": [PAPER]})
        first_answer_s = time.monotonic() - began_s
        to_zero_s = _wait_for(lambda: not any(_replicas().values()), patience_s)
        readyz_status, woken = None, False
        if to_zero_s is not None:
            readyz_status = http.get("/readyz").status_code
            woken = _wait_for(lambda: any(_replicas().values()), wave.model.start_s + WAKING_S) is not None
        return Woken(
            replicas_at_start=at_start,
            first_status=answer.status_code,
            first_answer_s=first_answer_s,
            to_zero_s=to_zero_s,
            readyz_status=readyz_status,
            readyz_wakes=woken,
        )


def _replicas() -> dict[str, int]:
    running = cluster.replicas()
    return {model: running.get(model, 0) for model in MODELS}


def _wait_for(condition: Callable[[], bool], patience_s: float) -> float | None:
    """Seconds until it holds, None if it does not in time."""
    began_s = time.monotonic()
    while (passed_s := time.monotonic() - began_s) < patience_s:
        if condition():
            return passed_s
        time.sleep(POLL_S)
    return None
