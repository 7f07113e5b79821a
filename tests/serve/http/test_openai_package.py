"""The real `openai` package on a real socket: what it sends is understood, and what it gets is what it expects."""

import json
from collections.abc import Iterator
from threading import Thread
from time import monotonic, sleep
from typing import Literal

import openai
import pytest
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam
from pydantic import BaseModel

from pubserve.contract import Analysis
from serve.service import Service
from serve.settings import Settings
from tests.serve.chatting import WORDS, ChattingModels
from tests.serve.sockets import serving

ENGINE = "smollm2-135m-instruct"
WITHIN_S = 30


@pytest.fixture
def models() -> ChattingModels:
    return ChattingModels()


@pytest.fixture
def service(settings: Settings, models: ChattingModels) -> Service:
    return Service(settings, models)


@pytest.fixture
def client(service: Service) -> Iterator[openai.OpenAI]:
    with serving(service) as url, openai.OpenAI(base_url=f"{url}v1", api_key="none", max_retries=0) as client:
        yield client


def said(text: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "user", "content": text}]


def eventually(happens: object) -> None:
    """Waits until a call gives something true."""
    given_up_s = monotonic() + WITHIN_S
    while not happens():  # type: ignore[operator]
        assert monotonic() < given_up_s
        sleep(0.01)


def test_models_are_listed_and_found(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [ENGINE, "pubserve"]
    assert client.models.retrieve("pubserve").owned_by == "pubserve"


def test_chats_and_prompts_are_answered(client: openai.OpenAI) -> None:
    chat = client.chat.completions.create(model=ENGINE, messages=said("Hello."))
    completion = client.completions.create(model=ENGINE, prompt="Hello.")

    assert chat.choices[0].message.content == completion.choices[0].text == "".join(WORDS)


def test_a_chat_streams(client: openai.OpenAI) -> None:
    chunks = client.chat.completions.create(model=ENGINE, messages=said("Hello."), stream=True)

    assert [chunk.choices[0].delta.content for chunk in chunks] == [*WORDS, None]


class Place(BaseModel):
    organ: Literal["lung", "heart"]
    is_chronic: bool


def test_the_engine_fills_in_a_pydantic_model(client: openai.OpenAI) -> None:
    chat = client.chat.completions.parse(model=ENGINE, messages=said("Asthma?"), response_format=Place)

    assert chat.choices[0].message.parsed == Place(organ="lung", is_chronic=True)


def test_the_pipeline_answers_with_the_contracts_own_model(client: openai.OpenAI) -> None:
    chat = client.chat.completions.parse(model="pubserve", messages=said("Asthma."), response_format=Analysis)

    analysis = chat.choices[0].message.parsed
    assert analysis is not None
    assert analysis.extracted_diseases == ["Asthma"]


def test_the_pipeline_streams_a_chunk_for_each_paper(client: openai.OpenAI) -> None:
    papers = [{"id": str(n), "title": "Asthma."} for n in range(9)]

    *chunks, last, usage = client.chat.completions.create(
        model="pubserve",
        messages=said(json.dumps({"papers": papers})),
        stream=True,
        stream_options={"include_usage": True},
    )

    results = [Analysis.model_validate_json(chunk.choices[0].delta.content or "") for chunk in chunks]
    assert sorted(result.abstract_id for result in results) == [paper["id"] for paper in papers]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert last.choices[0].finish_reason == "stop"
    assert usage.choices == []
    assert usage.usage
    assert usage.usage.total_tokens > 0
    assert len({chunk.id for chunk in (*chunks, last, usage)}) == 1
    for chunk in (*chunks, last, usage):
        ChatCompletionChunk.model_validate(chunk.model_dump(), strict=True)


def test_the_packages_own_helper_gathers_a_stream(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model="pubserve", messages=said("Asthma."), response_format=Analysis) as stream:
        final = stream.get_final_completion()

    analysis = final.choices[0].message.parsed
    assert analysis is not None
    assert analysis.extracted_diseases == ["Asthma"]


def test_an_unknown_model_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as raised:
        client.chat.completions.create(model="gpt-99", messages=said("hi"))

    assert (raised.value.code, raised.value.param) == ("model_not_found", "model")
    assert raised.value.request_id == raised.value.response.headers["x-request-id"]


def test_a_wrong_field_and_an_unreadable_paper_are_unprocessable(client: openai.OpenAI) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match="messages"):
        client.chat.completions.create(model=ENGINE, messages=[])
    with pytest.raises(openai.UnprocessableEntityError) as raised:
        client.chat.completions.create(model="pubserve", messages=said(" "), stream=True)

    assert raised.value.code == "unreadable_paper"


def test_a_full_service_is_a_rate_limit(client: openai.OpenAI, service: Service) -> None:
    with service.papers.admit(service.papers.limit), pytest.raises(openai.RateLimitError) as raised:
        client.chat.completions.create(model="pubserve", messages=said("Asthma."))

    assert raised.value.code == "too_busy"


def test_a_service_that_shuts_down_and_a_deadline_are_its_errors(
    client: openai.OpenAI, service: Service, models: ChattingModels
) -> None:
    models.stall_on = "slow"

    with pytest.raises(openai.InternalServerError) as late:
        client.chat.completions.create(
            model="pubserve", messages=said("slow"), extra_headers={"x-request-timeout-ms": "100"}
        )
    service.drain()
    with pytest.raises(openai.InternalServerError) as draining:
        client.chat.completions.create(model="pubserve", messages=said("Asthma."))

    assert (late.value.status_code, late.value.code) == (504, "deadline_exceeded")
    assert (draining.value.status_code, draining.value.code) == (503, "unavailable")


def test_a_refused_request_is_made_again_until_there_is_room(client: openai.OpenAI, service: Service) -> None:
    answers: list[str | None] = []

    def ask() -> None:
        patient = client.with_options(max_retries=5)
        chat = patient.chat.completions.create(model="pubserve", messages=said("Asthma."))
        answers.append(chat.choices[0].message.content)

    asking = Thread(target=ask)
    with service.papers.admit(service.papers.limit):
        asking.start()
        eventually(lambda: service.metrics.refused.labels("too_busy")._value.get())
    asking.join(WITHIN_S)

    [content] = answers
    assert Analysis.model_validate_json(content or "").extracted_diseases == ["Asthma"]


def test_a_timeout_is_the_packages_own(client: openai.OpenAI, models: ChattingModels) -> None:
    models.stall_on = "slow"

    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=0.5).chat.completions.create(model="pubserve", messages=said("slow"))


def test_no_service_is_a_connection_error(client: openai.OpenAI) -> None:
    nowhere = client.with_options(base_url="http://127.0.0.1:9/v1")

    with pytest.raises(openai.APIConnectionError):
        nowhere.models.list()
