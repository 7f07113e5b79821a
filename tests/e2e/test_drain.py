"""SIGTERM: what is in flight is finished, what is new is refused, and the command ends well."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.e2e.conftest import RunningService, unread


def test_a_terminated_service_finishes_its_work_and_exits_with_zero(service: RunningService) -> None:
    papers = [paper.model_dump() for paper in unread(8)]

    with ThreadPoolExecutor() as pool:
        in_flight = pool.submit(httpx.post, f"{service.url}/v1/analyze", json={"papers": papers}, timeout=120)
        while service.metric('pubserve_in_flight{unit="tokens"}') == 0:
            time.sleep(0.05)
        service.process.send_signal(signal.SIGTERM)
        refused = _first_refusal(service.url)
        finished = in_flight.result()

    assert refused.status_code == 503
    assert refused.json()["error"]["code"] == "unavailable"
    assert int(refused.headers["retry-after"]) >= 1
    assert finished.status_code == 200
    assert [result["abstract_id"] for result in finished.json()["results"]] == [paper["id"] for paper in papers]
    assert service.stop() == 0


def _first_refusal(url: str) -> httpx.Response:
    """The signal takes a moment to arrive; until then new work is still welcome."""
    for _ in range(200):
        answer = httpx.post(f"{url}/v1/classify", json={"papers": [{"id": "new", "title": "t"}]}, timeout=60)
        if not answer.is_success:
            return answer
    raise AssertionError("new work was never refused")
