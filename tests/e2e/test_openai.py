"""The real `openai` package against the real engine."""

import json
from collections.abc import Iterator
from typing import Literal, TypedDict

import openai
import pytest
from langgraph.graph import START, StateGraph
from pydantic import BaseModel, Field

from pubserve import Client
from pubserve.contract import Analysis
from serve.chains import chat_model, citation_chain, topic_chain
from tests.e2e.conftest import ASTHMA, CANCER, RunningService, unread

ENGINE = "smollm2-135m-instruct"


@pytest.fixture
def openai_client(service: RunningService) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{service.url}/v1", api_key="none", max_retries=0, timeout=120) as client:
        yield client


def test_models_are_listed_and_found(openai_client: openai.OpenAI) -> None:
    assert {model.id for model in openai_client.models.list()} == {ENGINE, "pubserve"}
    assert openai_client.models.retrieve("pubserve").id == "pubserve"


def test_a_chat_is_answered(openai_client: openai.OpenAI) -> None:
    answer = openai_client.chat.completions.create(
        model=ENGINE, messages=[{"role": "user", "content": "Say hello."}], max_tokens=8, temperature=0
    )

    assert answer.choices[0].message.content
    assert answer.usage
    assert answer.usage.completion_tokens <= 8


def test_a_chat_streams_the_same_words(openai_client: openai.OpenAI) -> None:
    asked = {"model": ENGINE, "messages": [{"role": "user", "content": "Count to five."}], "max_tokens": 12}

    whole = openai_client.chat.completions.create(**asked, temperature=0)  # type: ignore[call-overload]
    chunks = list(openai_client.chat.completions.create(**asked, temperature=0, stream=True))  # type: ignore[call-overload]

    streamed = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert len(chunks) > 2
    assert streamed == whole.choices[0].message.content


def test_a_prompt_is_completed(openai_client: openai.OpenAI) -> None:
    answer = openai_client.completions.create(model=ENGINE, prompt="One, two, three,", max_tokens=4, temperature=0)

    assert "four" in answer.choices[0].text


def test_an_answer_keeps_to_a_json_schema(openai_client: openai.OpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {"organ": {"enum": ["lung", "heart"]}, "count": {"type": "integer", "maximum": 9, "minimum": 0}},
        "required": ["organ", "count"],
        "additionalProperties": False,
    }

    answer = openai_client.chat.completions.create(
        model=ENGINE,
        messages=[{"role": "user", "content": "Asthma is a disease of which organ?"}],
        response_format={"type": "json_schema", "json_schema": {"name": "organ", "schema": schema}},
        max_tokens=40,
        temperature=0,
    )

    content = json.loads(answer.choices[0].message.content or "")
    assert set(content) == {"organ", "count"}
    assert content["organ"] in ("lung", "heart")


class Place(BaseModel):
    organ: Literal["lung", "heart"]
    is_chronic: bool


def test_pydantic_reads_what_the_engine_writes(openai_client: openai.OpenAI) -> None:
    answer = openai_client.chat.completions.parse(
        model=ENGINE,
        messages=[{"role": "user", "content": "Asthma is a disease of which organ?"}],
        response_format=Place,
        max_tokens=40,
        temperature=0,
    )

    assert isinstance(answer.choices[0].message.parsed, Place)


@pytest.mark.parametrize("stream", [False, True])
def test_the_pipeline_is_a_model(openai_client: openai.OpenAI, stream: bool) -> None:
    message = f"{CANCER.title}\n{CANCER.abstract}"
    asked = {"model": "pubserve", "messages": [{"role": "user", "content": message}]}

    if stream:
        chunks = openai_client.chat.completions.create(**asked, stream=True)  # type: ignore[call-overload]
        content = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    else:
        answer = openai_client.chat.completions.create(**asked)  # type: ignore[call-overload]
        content = answer.choices[0].message.content

    result = Analysis.model_validate_json(content)
    assert result.predicted_labels == ["Cancer"]
    assert all(message[m.start : m.end] == m.text for m in result.mentions)
    assert result.mentions


def test_the_pipeline_streams_a_chunk_for_each_paper(openai_client: openai.OpenAI) -> None:
    papers = [paper.model_dump() for paper in (CANCER, ASTHMA)]

    *chunks, last = openai_client.chat.completions.create(
        model="pubserve", messages=[{"role": "user", "content": json.dumps({"papers": papers})}], stream=True
    )

    results = [Analysis.model_validate_json(chunk.choices[0].delta.content or "") for chunk in chunks]
    labels = {result.abstract_id: result.predicted_labels for result in results}
    assert labels == {CANCER.id: ["Cancer"], ASTHMA.id: ["Non-Cancer"]}
    assert last.choices[0].finish_reason == "stop"


class Asked(BaseModel):
    """The paper that a question is about."""

    title: str = Field(max_length=200)


class State(TypedDict, total=False):
    question: str
    title: str
    found: str
    answer: str


def test_a_graph_of_langgraph_has_a_paper_read(service: RunningService) -> None:
    writer = chat_model(f"{service.url}/v1", ENGINE, max_retries=0, timeout=120, max_tokens=80)

    def choose(state: State) -> State:
        asked = writer.with_structured_output(Asked, method="json_schema").invoke(state["question"])
        assert isinstance(asked, Asked)
        return {"title": asked.title}

    def read(state: State) -> State:
        with Client(service.url) as pubserve:
            return {"found": str(pubserve.analyze([{"id": "1", "title": state["title"]}]).results[0])}

    def answer(state: State) -> State:
        return {"answer": str(writer.invoke(f"{state['question']} {state['found']}").content)}

    graph = StateGraph(State).add_sequence([choose, read, answer]).add_edge(START, "choose").compile()

    state = graph.invoke({"question": f"Is the paper '{CANCER.title}' about cancer?"})

    assert state["found"].startswith("abstract_id='1' predicted_labels=")
    assert state["answer"]


def test_langchain_asks_the_engine_and_gets_what_the_schema_asks_for(service: RunningService) -> None:
    model = chat_model(f"{service.url}/v1", ENGINE, max_retries=0, timeout=120)
    paper = {"title": CANCER.title, "abstract": f"{CANCER.abstract} Others (Smith et al., 2001) saw less."}

    cited = citation_chain(model).invoke(paper)
    topics = topic_chain(model).invoke(paper)

    assert [citation.text for citation in cited.citations] == ["Smith et al., 2001"]
    assert cited.citations[0].role in ("background", "method", "result", "own record")
    assert topics.study_type
    for words in (topics.intervention, topics.outcome):
        assert words is None or words.lower() in f"{paper['title']}\n{paper['abstract']}".lower()


def test_errors_are_the_packages_own(openai_client: openai.OpenAI) -> None:
    hello = [{"role": "user", "content": "hello"}]

    with pytest.raises(openai.NotFoundError, match="gpt-99"):
        openai_client.chat.completions.create(model="gpt-99", messages=hello)  # type: ignore[arg-type]
    with pytest.raises(openai.BadRequestError, match="max_tokens") as refused:
        openai_client.chat.completions.create(model=ENGINE, messages=hello, max_tokens=-1)  # type: ignore[arg-type]
    with pytest.raises(openai.BadRequestError, match="context length"):
        openai_client.completions.create(model=ENGINE, prompt="word " * 10_000, max_tokens=10)
    with pytest.raises(openai.UnprocessableEntityError, match="messages"):
        openai_client.chat.completions.create(model=ENGINE, messages=[])

    assert refused.value.param == "max_tokens"
    assert refused.value.request_id


def test_a_caller_who_stops_listening_frees_the_engine(openai_client: openai.OpenAI, service: RunningService) -> None:
    stream = openai_client.chat.completions.create(
        model=ENGINE, messages=[{"role": "user", "content": "Count for ever."}], max_tokens=3000, stream=True
    )
    next(iter(stream))
    assert service.metric('pubserve_in_flight{unit="chats"}') == 1
    stream.close()

    eventually_idle(service, "chats")


def test_a_caller_who_runs_out_of_time_frees_the_pipeline(
    openai_client: openai.OpenAI, service: RunningService
) -> None:
    papers = [paper.model_dump() for paper in unread(60, times_as_long=30)]

    with pytest.raises(openai.APITimeoutError):
        openai_client.with_options(timeout=2).chat.completions.create(
            model="pubserve", messages=[{"role": "user", "content": json.dumps({"papers": papers})}]
        )

    eventually_idle(service, "tokens")


def eventually_idle(service: RunningService, unit: str) -> None:
    """Soon after a caller has gone away, nothing of his is in work."""
    for _ in range(100):
        if service.metric(f'pubserve_in_flight{{unit="{unit}"}}') == 0:
            return
    pytest.fail("what the caller asked is still in flight")
