"""LangChain and LangGraph on a real socket: Pubserve as a model, and as a tool of an agent."""

import json
from collections.abc import Iterator
from typing import Any, TypedDict

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.output_parsers import PydanticOutputParser
from langchain_core.tools import BaseTool, tool
from langchain_openai import ChatOpenAI
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition
from pydantic import BaseModel, SecretStr

from pubserve import Client
from pubserve.contract import Analysis
from serve.service import Service
from serve.settings import Settings
from tests.serve.chatting import WORDS, ChattingModels
from tests.serve.sockets import serving

ENGINE = "smollm2-135m-instruct"
CANCER = json.dumps({"title": "Relapse of lung cancer."})
ASTHMA = json.dumps({"title": "On asthma."})


@pytest.fixture
def url(settings: Settings) -> Iterator[str]:
    with serving(Service(settings, ChattingModels())) as url:
        yield url


def chat_with(model: str, url: str) -> ChatOpenAI:
    return ChatOpenAI(base_url=f"{url}v1", api_key=SecretStr("none"), model=model, max_retries=0)


def test_papers_go_through_a_chain(url: str) -> None:
    chain = chat_with("pubserve", url) | PydanticOutputParser(pydantic_object=Analysis)

    cancer, asthma = chain.batch([CANCER, ASTHMA])

    assert (cancer.predicted_labels, asthma.predicted_labels) == (["Cancer"], ["Non-Cancer"])


def test_several_papers_in_a_message_stream_as_a_chunk_each(url: str) -> None:
    papers = [{"id": str(n), "title": "Asthma."} for n in range(5)]

    chunks = chat_with("pubserve", url).stream(json.dumps({"papers": papers}))

    read = [json.loads(str(chunk.content))["abstract_id"] for chunk in chunks if chunk.content]
    assert sorted(read) == [paper["id"] for paper in papers]


@pytest.mark.anyio
async def test_awaited_it_answers_the_same(url: str) -> None:
    answer = await chat_with("pubserve", url).ainvoke(ASTHMA)

    assert json.loads(str(answer.content))["extracted_diseases"] == ["Asthma"]
    assert answer.usage_metadata
    assert answer.usage_metadata["total_tokens"] > 0


class Place(BaseModel):
    """Where a disease is."""

    organ: str


def test_the_engine_fills_in_a_schema_and_streams(url: str) -> None:
    engine = chat_with(ENGINE, url)

    assert engine.with_structured_output(Place, method="json_schema").invoke("Asthma?") == Place(organ="asthma")
    assert "".join(str(chunk.content) for chunk in engine.stream("Asthma?")) == "".join(WORDS)


@pytest.fixture
def read_paper(url: str) -> Iterator[BaseTool]:
    with Client(url) as service:

        @tool
        def read_paper(title: str) -> dict[str, Any]:
            """Say which diseases the title of a paper names."""
            [result] = service.analyze([{"id": "1", "title": title}]).results
            return result.model_dump(include={"extracted_diseases"})

        yield read_paper


class Asked(BaseModel):
    """The paper that a question is about."""

    title: str


class State(TypedDict, total=False):
    question: str
    title: str
    found: dict[str, Any]
    answer: str


def test_a_graph_has_a_paper_read_by_any_model(url: str, read_paper: BaseTool) -> None:
    writer = chat_with(ENGINE, url)

    def choose(state: State) -> State:
        asked = writer.with_structured_output(Asked, method="json_schema").invoke(state["question"])
        assert isinstance(asked, Asked)
        return {"title": asked.title}

    def read(state: State) -> State:
        return {"found": read_paper.invoke({"title": state["title"]})}

    def answer(state: State) -> State:
        return {"answer": str(writer.invoke(f"{state['question']} {state['found']}").content)}

    graph = StateGraph(State).add_sequence([choose, read, answer]).add_edge(START, "choose").compile()

    state = graph.invoke({"question": "What is 'On asthma' about?"})

    assert state["found"] == {"extracted_diseases": ["Asthma"]}
    assert state["answer"] == "".join(WORDS)


def test_an_agent_whose_model_calls_tools_has_a_paper_read(url: str, read_paper: BaseTool) -> None:
    writer = chat_with(ENGINE, url)
    asking = writer.bind_tools([read_paper], tool_choice="read_paper")

    def think(state: MessagesState) -> dict[str, Any]:
        has_read = isinstance(state["messages"][-1], ToolMessage)
        return {"messages": [(writer if has_read else asking).invoke(state["messages"])]}

    graph = StateGraph(MessagesState)
    graph.add_node("think", think)
    graph.add_node("tools", ToolNode([read_paper]))
    graph.add_edge(START, "think")
    graph.add_conditional_edges("think", tools_condition)
    graph.add_edge("tools", "think")

    answer = graph.compile().invoke({"messages": [HumanMessage("What is 'On asthma' about?")]})

    _, asked, read, said = answer["messages"]

    assert isinstance(asked, AIMessage)
    assert [call["name"] for call in asked.tool_calls] == ["read_paper"]
    assert json.loads(read.content) == {"extracted_diseases": ["Asthma"]}
    assert said.content == "".join(WORDS)
