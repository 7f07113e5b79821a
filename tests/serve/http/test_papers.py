"""The routes that read papers, and what they say to input that is wrong."""

import json
from typing import Any

import httpx
import pytest

from pubserve.contract import MAX_PAPERS_PER_REQUEST, Task
from serve.service import Service
from tests.serve.conftest import InstantModels

pytestmark = pytest.mark.anyio

PAPER = {"id": "1", "title": "On asthma", "abstract": "Asthma is no lung cancer."}


async def post(http: httpx.AsyncClient, path: str = "/v1/analyze", **fields: Any) -> httpx.Response:
    return await http.post(path, json=fields)


def error_of(response: httpx.Response) -> tuple[int, str, str | None]:
    """Status, code and param; and that the shape is OpenAI's, and a request id is there."""
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"message", "type", "param", "code"}
    assert body["error"]["message"]
    assert response.headers["x-request-id"]
    return response.status_code, body["error"]["code"], body["error"]["param"]


async def test_a_paper_comes_back_with_labels_diseases_and_their_places(http: httpx.AsyncClient) -> None:
    response = await post(http, papers=[PAPER])

    assert response.status_code == 200
    [result] = response.json()["results"]
    assert result["abstract_id"] == "1"
    assert result["predicted_labels"] == ["Cancer"]
    assert result["confidence_scores"] == {"Cancer": 0.9, "Non-Cancer": 0.1}
    assert result["extracted_diseases"] == ["Asthma", "Lung Cancer"]
    for mention in result["mentions"]:
        assert PAPER[mention["field"]][mention["start"] : mention["end"]] == mention["text"]
    assert [m["field"] for m in result["mentions"]] == ["title", "abstract", "abstract"]
    assert result["models"] == {"classifier": "classifier@1", "extractor": "extractor@2"}
    assert set(result["timings_ms"]) == {"queue", "classify", "extract"}


async def test_the_contract_names_every_field_of_a_result(http: httpx.AsyncClient) -> None:
    [result] = (await post(http, papers=[PAPER])).json()["results"]

    assert list(result) == [
        "abstract_id", "predicted_labels", "confidence_scores", "extracted_diseases", "mentions", "citations",
        "topics", "summary", "warnings", "models", "timings_ms",
    ]  # fmt: skip


async def test_results_are_in_the_order_asked_one_for_each_paper(http: httpx.AsyncClient) -> None:
    papers = [{"id": str(n), "title": f"Paper {n}", "abstract": "x " * (n % 7)} for n in range(50)]

    response = await post(http, papers=papers)

    assert [r["abstract_id"] for r in response.json()["results"]] == [p["id"] for p in papers]
    assert response.json()["usage"]["papers"] == 50


async def test_many_papers_travel_in_one_call(http: httpx.AsyncClient, models: InstantModels) -> None:
    await post(http, papers=[{**PAPER, "id": str(n)} for n in range(10)])

    assert sorted(models.calls) == [2, 4, 4]


async def test_a_thousand_papers_are_welcome(http: httpx.AsyncClient) -> None:
    response = await post(http, papers=[{"id": str(n), "title": "t"} for n in range(MAX_PAPERS_PER_REQUEST)])

    assert len(response.json()["results"]) == MAX_PAPERS_PER_REQUEST


async def test_classify_and_extract_are_the_two_halves(http: httpx.AsyncClient) -> None:
    [labels] = (await post(http, "/v1/classify", papers=[PAPER])).json()["results"]
    [diseases] = (await post(http, "/v1/extract", papers=[PAPER])).json()["results"]

    assert labels["predicted_labels"] == ["Cancer"]
    assert (labels["mentions"], labels["models"]["extractor"], labels["timings_ms"]["extract"]) == ([], None, None)
    assert diseases["extracted_diseases"] == ["Asthma", "Lung Cancer"]
    assert (diseases["predicted_labels"], diseases["models"]["classifier"]) == ([], None)


async def test_the_first_versions_routes_answer_as_they_did(http: httpx.AsyncClient) -> None:
    labels = (await post(http, "/predict", text="Lung cancer and asthma")).json()
    diseases = (await post(http, "/ExtractDisease", text="Lung cancer and asthma")).json()

    assert labels == {"predicted_labels": ["Cancer"], "confidence_scores": {"Cancer": 0.9, "Non-Cancer": 0.1}}
    assert diseases == {"abstract_id": "text", "extracted_diseases": ["Lung Cancer", "Asthma"]}


async def test_a_stream_has_one_result_a_line(http: httpx.AsyncClient) -> None:
    response = await post(http, "/v1/analyze/stream", papers=[{**PAPER, "id": str(n)} for n in range(9)])

    assert response.headers["content-type"] == "application/x-ndjson"
    results = [json.loads(line) for line in response.text.splitlines()]
    assert sorted(r["abstract_id"] for r in results) == [str(n) for n in range(9)]


# One bad paper never fails its neighbours.


@pytest.mark.parametrize(
    ("bad", "param"),
    [
        ({"id": "bad", "title": "", "abstract": " "}, "papers[1].abstract"),
        ({"id": "bad"}, "papers[1].abstract"),
        ({"id": "bad", "title": 5}, "papers[1].title"),
        ({"id": "bad", "title": "t", "abstract": ["a"]}, "papers[1].abstract"),
        ({"id": "bad", "text": "t"}, "papers[1].text"),
    ],
)
async def test_a_bad_paper_gets_an_error_and_its_neighbours_get_results(
    http: httpx.AsyncClient, bad: dict[str, Any], param: str
) -> None:
    response = await post(http, papers=[PAPER, bad, {**PAPER, "id": "3"}])

    assert response.status_code == 200
    first, failed, last = response.json()["results"]
    assert (first["predicted_labels"], last["predicted_labels"]) == (["Cancer"], ["Cancer"])
    assert set(failed) == {"abstract_id", "error"}
    assert (failed["abstract_id"], failed["error"]["param"]) == ("bad", param)
    assert response.json()["usage"]["failed"] == 1


async def test_a_paper_without_an_id_is_named_by_its_place(http: httpx.AsyncClient) -> None:
    response = await post(http, papers=[PAPER, {"title": "t"}, 7])

    assert [r["abstract_id"] for r in response.json()["results"]] == ["1", "papers[1]", "papers[2]"]


async def test_a_paper_the_extractor_cannot_read_fails_alone(http: httpx.AsyncClient, models: InstantModels) -> None:
    models.fail_on = "unreadable"

    response = await post(http, papers=[PAPER, {"id": "2", "title": "unreadable"}])

    ok, failed = response.json()["results"]
    assert ok["extracted_diseases"]
    assert failed["error"]["code"] == "extraction_failed"


async def test_a_stage_that_breaks_says_nothing_of_the_inside(http: httpx.AsyncClient, models: InstantModels) -> None:
    models.classify_error = RuntimeError("weights at /secret/place")

    response = await post(http, papers=[PAPER])
    [failed] = response.json()["results"]

    assert failed["error"]["type"] == "server_error"
    assert "secret" not in json.dumps(failed)


async def test_a_missing_abstract_is_a_warning(http: httpx.AsyncClient) -> None:
    for paper in ({"id": "1", "title": "t"}, {"id": "1", "title": "t", "abstract": None}):
        [result] = (await post(http, papers=[paper])).json()["results"]
        assert result["warnings"] == ["abstract_missing"]


async def test_duplicate_ids_are_both_answered_with_a_warning(http: httpx.AsyncClient) -> None:
    first, second = (await post(http, papers=[PAPER, PAPER])).json()["results"]

    assert (first["warnings"], second["warnings"]) == ([], ["duplicate_id"])


async def test_an_endless_abstract_is_cut_with_a_warning(http: httpx.AsyncClient, service: Service) -> None:
    body = json.dumps({"papers": [{"id": "1", "title": "t", "abstract": "asthma " * 12_000}]})

    [result] = (await http.post("/v1/analyze", content=body)).json()["results"]

    assert result["warnings"] == ["abstract_truncated"]
    assert max(m["end"] for m in result["mentions"]) <= service.settings.pipeline.max_field_chars


async def test_nul_bytes_and_lone_surrogates_are_read_around(http: httpx.AsyncClient) -> None:
    body = '{"papers": [{"id": "\\ud800", "title": "a\\u0000b", "abstract": "x\\udfff asthma"}]}'

    [result] = (await http.post("/v1/analyze", content=body)).json()["results"]

    assert result["abstract_id"] == "\ud800"
    assert result["mentions"][0]["start"] == 3
    assert result["warnings"] == ["title_characters_replaced", "abstract_characters_replaced"]


async def test_numeric_ids_are_echoed_as_text(http: httpx.AsyncClient) -> None:
    [result] = (await post(http, papers=[{**PAPER, "id": 30872385}])).json()["results"]

    assert result["abstract_id"] == "30872385"


# Requests that are refused as a whole.


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({}, 422, "papers"),
        ({"papers": []}, 422, "papers"),
        ({"papers": "text"}, 422, "papers"),
        ({"papers": [5]}, 422, "papers[0]"),
        ({"papers": [{"id": 1.5, "title": "t"}]}, 422, "papers[0].id"),
        ({"papers": [{"title": "no id"}]}, 422, "papers[0].id"),
        ({"papers": [{"id": "x" * 257, "title": "t"}]}, 422, "papers[0].id"),
        ({"papers": [PAPER] * 1001}, 422, "papers"),
        ({"papers": [PAPER], "tasks": ["labels", "colour"]}, 422, "tasks[1]"),
        ({"papers": [PAPER], "tasks": []}, 422, "tasks"),
        ({"papers": [PAPER], "taks": ["labels"]}, 422, "taks"),
        ([PAPER], 422, "body"),
    ],
)
async def test_a_wrong_field_is_named(http: httpx.AsyncClient, body: Any, status: int, param: str) -> None:
    response = await http.post("/v1/analyze", json=body)

    assert error_of(response) == (status, "invalid_field", param)


async def test_every_task_of_the_contract_is_done(http: httpx.AsyncClient) -> None:
    paper = {
        "id": "1",
        "title": "A randomised trial in children with lung cancer",
        "abstract": "It was registered as NCT01234567. Children were treated. In conclusion, treatment helped them.",
    }

    [result] = (await post(http, "/v1/analyze", papers=[paper], tasks=[task.value for task in Task])).json()["results"]

    assert result["predicted_labels"] == ["Cancer"]
    assert result["extracted_diseases"] == ["Lung Cancer"]
    assert result["citations"] == ["NCT01234567"]
    assert "study type: randomised controlled trial" in result["topics"]
    assert "disease area: cancer" in result["topics"]
    assert result["summary"] == "In conclusion, treatment helped them."


async def test_what_is_not_asked_for_is_empty(http: httpx.AsyncClient) -> None:
    paper = {"id": "1", "title": "Lung cancer in children", "abstract": "We conclude that it is seldom."}

    [topics] = (await post(http, "/v1/analyze", papers=[paper], tasks=["topics"])).json()["results"]
    [labels] = (await post(http, "/v1/analyze", papers=[paper], tasks=["labels"])).json()["results"]

    assert (topics["mentions"], topics["extracted_diseases"], topics["summary"]) == ([], [], None)
    assert topics["topics"] == ["population: children", "disease area: cancer"]
    assert (labels["topics"], labels["summary"], labels["citations"]) == ([], None, [])


@pytest.mark.parametrize(
    ("body", "clue"),
    [
        (b"", "line 1"),
        (b"not json", "line 1, column 1"),
        (b'{"papers": [', "line 1"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b'{"papers": "caf\xe9"}', "UTF-8"),
        (b"[" * 100_000, "nested"),
        (b'{"papers": ' + b"9" * 5000 + b"}", "number"),
    ],
)
async def test_what_is_not_json_is_said_to_be_so(http: httpx.AsyncClient, body: bytes, clue: str) -> None:
    response = await http.post("/v1/analyze", content=body)

    assert error_of(response) == (400, "malformed_body", None)
    assert clue in response.json()["error"]["message"]


async def test_a_form_is_not_json(http: httpx.AsyncClient) -> None:
    response = await http.post("/v1/analyze", data={"papers": "x"})

    assert error_of(response)[:2] == (400, "malformed_body")
    assert "application/json" in response.json()["error"]["message"]


async def test_a_body_over_the_limit_is_refused(http: httpx.AsyncClient) -> None:
    async def unannounced() -> Any:
        for _ in range(20):
            yield b" " * 10_000

    for content in (b" " * 200_000, unannounced()):
        response = await http.post("/v1/analyze", content=content)
        assert error_of(response)[:2] == (413, "body_too_large")


@pytest.mark.parametrize("value", ["soon", "0", "-5", "1.5", "99999999999"])
async def test_a_deadline_that_makes_no_sense_is_named(http: httpx.AsyncClient, value: str) -> None:
    response = await http.post("/v1/analyze", json={"papers": [PAPER]}, headers={"x-request-timeout-ms": value})

    assert error_of(response) == (422, "invalid_field", "x-request-timeout-ms")
