"""An engine that answers at once, in OpenAI's shapes: with words, what a schema allows, or a call of a tool."""

import json
from collections.abc import AsyncGenerator
from typing import Any

from tests.serve.conftest import InstantModels

WORDS = ("Asthma ", "is ", "chronic.")


class ChattingModels(InstantModels):
    """Calls the tool that it is told to call, fills in a schema where there is one, and else says `WORDS`."""

    async def openai(self, kind: str, body: dict[str, Any]) -> AsyncGenerator[str | dict[str, Any], None]:
        head = {"id": "1", "created": 0, "model": body["model"]}
        if kind == "completions":
            yield {**head, "object": "text_completion", "choices": [ending({"text": "".join(WORDS)})]}
        elif body.get("stream"):
            for word in WORDS:
                choice = {"index": 0, "delta": {"content": word}, "finish_reason": None}
                yield event({**head, "object": "chat.completion.chunk", "choices": [choice]})
            yield event({**head, "object": "chat.completion.chunk", "choices": [ending({"delta": {}})]})
            yield "data: [DONE]\n\n"
        else:
            yield {**head, "object": "chat.completion", "choices": [ending({"message": message(body)})]}


def ending(choice: dict[str, Any]) -> dict[str, Any]:
    return {"index": 0, **choice, "finish_reason": "stop"}


def event(content: dict[str, Any]) -> str:
    return f"data: {json.dumps(content)}\n\n"


def message(body: dict[str, Any]) -> dict[str, Any]:
    if isinstance(called := body.get("tool_choice"), dict):
        [tool] = [tool["function"] for tool in body["tools"] if tool["function"]["name"] == called["function"]["name"]]
        arguments = json.dumps(least(tool["parameters"], tool["parameters"]))
        call = {"id": "call-1", "type": "function", "function": {"name": tool["name"], "arguments": arguments}}
        return {"role": "assistant", "content": None, "tool_calls": [call]}
    schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
    return {"role": "assistant", "content": json.dumps(least(schema, schema)) if schema else "".join(WORDS)}


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
        case "boolean":
            return True
        case _:
            return None
