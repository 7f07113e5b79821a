"""The service on a real socket, with models that answer at once."""

import json
from collections.abc import AsyncGenerator, Iterator
from threading import Thread
from time import sleep
from typing import Any

import pytest
import uvicorn

from serve.http import create_app
from serve.service import Service
from serve.settings import Settings
from tests.serve.conftest import InstantModels

POLL_S = 0.01


class ChattingModels(InstantModels):
    """An engine besides, which says whatever the schema of the answer asks for."""

    async def openai(self, kind: str, body: dict[str, Any]) -> AsyncGenerator[str | dict[str, Any], None]:
        schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
        content = json.dumps(least(schema, schema)) if schema else "Asthma."
        message = {"role": "assistant", "content": content}
        yield {
            "id": "1", "object": "chat.completion", "created": 0, "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        }  # fmt: skip


def least(schema: dict[str, Any], root: dict[str, Any]) -> Any:
    """The smallest thing that a JSON schema allows."""
    if ref := schema.get("$ref"):
        return least(root["$defs"][ref.rsplit("/", 1)[1]], root)
    if "enum" in schema:
        return schema["enum"][0]
    if several := schema.get("anyOf"):
        return least(several[-1], root)
    match schema["type"]:
        case "object":
            return {name: least(schema["properties"][name], root) for name in schema.get("required", [])}
        case "array":
            return [least(schema["items"], root)] * schema.get("minItems", 0)
        case "string":
            return "asthma"
        case _:
            return None


@pytest.fixture(scope="session")
def service_url() -> Iterator[str]:
    app = create_app(Service(Settings(profile="cpu", cache={"enabled": False}), ChattingModels()))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=1))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the service did not start"
        sleep(POLL_S)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()
