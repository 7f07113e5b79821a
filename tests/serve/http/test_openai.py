"""OpenAI's protocol on the HTTP application; the real engine and the real client are in tests/e2e."""

import json
from typing import Any

import httpx
import pytest

from serve.service import Service
from tests.serve.conftest import InstantModels
from tests.serve.http.test_papers import error_of

pytestmark = pytest.mark.anyio

ENGINE = "smollm2-135m-instruct"


def chat(model: str, content: Any, **fields: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": content}], **fields}


async def test_the_engine_and_the_pipeline_are_models(http: httpx.AsyncClient) -> None:
    listed = (await http.get("/v1/models")).json()

    assert [model["id"] for model in listed["data"]] == [ENGINE, "pubserve"]
    assert (await http.get(f"/v1/models/{ENGINE}")).json()["id"] == ENGINE


async def test_an_unknown_model_is_a_404_that_names_the_field(http: httpx.AsyncClient) -> None:
    for response in (
        await http.post("/v1/chat/completions", json=chat("gpt-99", "hi")),
        await http.post("/v1/completions", json={"model": "gpt-99", "prompt": "hi"}),
        await http.get("/v1/models/gpt-99"),
    ):
        assert error_of(response) == (404, "model_not_found", "model")


async def test_requests_go_to_the_engine_as_they_are(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/completions", json={"model": ENGINE, "prompt": "hi", "top_k": 5})

    assert answer.json()["choices"] == [{"text": "hello"}]


async def test_streams_are_server_sent_events(http: httpx.AsyncClient, service: Service) -> None:
    answer = await http.post("/v1/chat/completions", json=chat(ENGINE, "hi", stream=True))

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.endswith("data: [DONE]\n\n")
    assert service.in_flight == 0


async def test_what_the_engine_refuses_is_a_400_that_names_the_field(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/chat/completions", json=chat(ENGINE, "hi", max_tokens=-1))

    assert error_of(answer) == (400, "invalid_field", "max_tokens")


async def test_messages_are_checked_before_the_engine_is_asked(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/chat/completions", json={"model": ENGINE, "messages": []})

    assert error_of(answer) == (422, "invalid_field", "messages")


@pytest.mark.parametrize(
    "content",
    [
        "Asthma is no lung cancer.",
        json.dumps({"id": "7", "title": "On asthma", "abstract": "Asthma is no lung cancer."}),
        [{"type": "text", "text": "Asthma is no lung cancer."}],
    ],
)
async def test_the_pipeline_reads_the_last_user_message_as_a_paper(http: httpx.AsyncClient, content: Any) -> None:
    answer = (await http.post("/v1/chat/completions", json=chat("pubserve", content))).json()

    [choice] = answer["choices"]
    result = json.loads(choice["message"]["content"])
    assert "Lung Cancer" in result["extracted_diseases"]
    assert choice["finish_reason"] == "stop"
    assert answer["usage"]["total_tokens"] > 0


async def test_the_pipeline_streams_its_result_and_ends(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/chat/completions", json=chat("pubserve", "Asthma.", stream=True))

    events = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]
    assert events[-1] == "[DONE]"
    content = "".join(json.loads(e)["choices"][0]["delta"].get("content", "") for e in events[:-1])
    assert json.loads(content)["extracted_diseases"] == ["Asthma"]


SEVERAL = json.dumps({"papers": [{"id": "1", "title": "Asthma."}, {"id": "2"}, {"id": "3", "title": "Lung cancer."}]})


async def test_several_papers_are_answered_by_a_line_each(http: httpx.AsyncClient) -> None:
    answer = (await http.post("/v1/chat/completions", json=chat("pubserve", SEVERAL))).json()

    asthma, unreadable, cancer = map(json.loads, answer["choices"][0]["message"]["content"].splitlines())
    assert (asthma["abstract_id"], asthma["extracted_diseases"]) == ("1", ["Asthma"])
    assert (unreadable["abstract_id"], unreadable["error"]["code"]) == ("2", "unreadable_paper")
    assert (cancer["abstract_id"], cancer["predicted_labels"]) == ("3", ["Cancer"])


async def test_what_is_asked_of_them_goes_along(http: httpx.AsyncClient) -> None:
    content = json.dumps({"papers": [{"id": "1", "title": "Asthma."}], "tasks": ["labels"]})

    answer = (await http.post("/v1/chat/completions", json=chat("pubserve", content))).json()

    result = json.loads(answer["choices"][0]["message"]["content"])
    assert (result["predicted_labels"], result["extracted_diseases"]) == (["Non-Cancer"], [])


@pytest.mark.parametrize(
    "content", [{"papers": []}, {"papers": [{"id": "1"}], "tasks": ["sing"]}, {"papers": [{"title": "no id"}]}]
)
async def test_papers_that_cannot_be_asked_about_are_refused(http: httpx.AsyncClient, content: dict[str, Any]) -> None:
    for stream in (False, True):
        answer = await http.post("/v1/chat/completions", json=chat("pubserve", json.dumps(content), stream=stream))

        assert answer.status_code == 422


async def test_a_stream_has_a_chunk_for_each_paper_as_soon_as_it_is_read(
    http: httpx.AsyncClient, service: Service, models: InstantModels
) -> None:
    models.stall_on = "slow"
    papers = [{"id": "0", "title": "slow"}, *({"id": str(n), "title": "Asthma."} for n in range(1, 8))]

    answer = await http.post(
        "/v1/chat/completions",
        json=chat("pubserve", json.dumps({"papers": papers}), stream=True),
        headers={"x-request-timeout-ms": "500"},
    )

    *events, last, done = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]
    results = [json.loads(json.loads(event)["choices"][0]["delta"]["content"]) for event in events]
    assert sorted(result["abstract_id"] for result in results) == [str(n) for n in range(8)]
    assert "error" not in results[0]
    assert {r["error"]["code"] for r in results if r["abstract_id"] == "0"} == {"deadline_exceeded"}
    assert (json.loads(last)["choices"][0]["finish_reason"], done) == ("stop", "[DONE]")
    assert service.in_flight == 0


async def test_a_chat_without_a_paper_is_refused(http: httpx.AsyncClient) -> None:
    no_user = {"model": "pubserve", "messages": [{"role": "system", "content": "be kind"}]}

    assert error_of(await http.post("/v1/chat/completions", json=no_user)) == (422, "invalid_field", "messages")
    empty = await http.post("/v1/chat/completions", json=chat("pubserve", " "))
    assert error_of(empty) == (422, "unreadable_paper", "messages")


async def test_the_pipeline_completes_no_prompts(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/completions", json={"model": "pubserve", "prompt": "hi"})

    assert error_of(answer) == (422, "invalid_field", "model")


async def test_more_chats_than_the_service_holds_are_refused(http: httpx.AsyncClient, service: Service) -> None:
    with service.chats.admit(service.chats.limit):
        answer = await http.post("/v1/chat/completions", json=chat(ENGINE, "hi"))

    assert error_of(answer)[:2] == (429, "too_busy")
    assert int(answer.headers["retry-after"]) >= 1


async def test_the_engine_has_a_deadline_too(http: httpx.AsyncClient, service: Service) -> None:
    body = {"model": ENGINE, "prompt": "for ever"}

    answer = await http.post("/v1/completions", json=body, headers={"x-request-timeout-ms": "50"})

    assert error_of(answer)[:2] == (504, "deadline_exceeded")
    assert service.in_flight == 0
