"""The LangGraph agent of the guide, with a model that calls its tool."""

import json
from typing import Any

import pytest

from tests.client import http_service
from tests.docs.pages import DOCS, Page
from tests.serve.agent.llm_server import Llm

PAPERS = [{"id": "1", "title": "Chemotherapy of lung cancer", "abstract": ""}]
CALL = {
    "id": "call",
    "type": "function",
    "function": {"name": "analyze_papers", "arguments": json.dumps({"papers": PAPERS})},
}
WRITTEN_ADDRESS = "http://127.0.0.1:8000"


def calls_the_tool(_: str, body: dict[str, Any]) -> dict[str, Any]:
    """First a call, then what came of it."""
    last = body["messages"][-1]
    if last["role"] == "tool":
        return {"content": f"It says {json.loads(last['content'])[0]['predicted_labels'][0]}."}
    return {"content": None, "tool_calls": [CALL]}


def test_the_agent_of_the_guide_calls_its_tool(llm: Llm, capsys: pytest.CaptureFixture[str]) -> None:
    llm.answer = calls_the_tool
    [example] = [block.text for block in Page(DOCS / "how-to" / "agent.md").blocks if "StateGraph" in block.text]
    with http_service.serving() as service:
        source = example.replace(f"{WRITTEN_ADDRESS}/v1", llm.url).replace(WRITTEN_ADDRESS, service.url)
        exec(compile(source, "agent.md", "exec"), {})

    assert capsys.readouterr().out == "It says Cancer.\n"
