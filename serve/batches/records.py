"""What becomes of the lines of a batch: each is one line of JSON in one of its two files."""

import json
from dataclasses import dataclass
from typing import Any

from serve.batches.lines import Line
from serve.errors import ServiceError


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a line. `record` is in ASCII, without a line feed."""

    line: int
    ok: bool
    record: str
    input_tokens: int = 0
    output_tokens: int = 0


def answered(batch_id: str, line: Line, body: dict[str, Any]) -> Answer:
    """The body of the answer, as the route would have sent it."""
    usage = body.get("usage") or {}
    return Answer(
        line.number,
        True,
        _record(batch_id, line, status=200, body=body),
        usage.get("prompt_tokens", 0),
        usage.get("completion_tokens", 0),
    )


def refused(batch_id: str, line: Line, error: ServiceError) -> Answer:
    """The error, as the route would have sent it."""
    body = error.response.model_dump(mode="json")
    return Answer(line.number, False, _record(batch_id, line, status=error.status, body=body))


def not_run(batch_id: str, line: Line, code: str, message: str) -> str:
    """The record of a line that was not answered before the batch ended."""
    return _dump(_head(batch_id, line) | {"response": None, "error": {"code": code, "message": message}})


def request_id(batch_id: str, line: Line) -> str:
    return f"batch_req_{batch_id.removeprefix('batch_')}_{line.number}"


def _record(batch_id: str, line: Line, *, status: int, body: dict[str, Any]) -> str:
    response = {"status_code": status, "request_id": request_id(batch_id, line), "body": body}
    return _dump(_head(batch_id, line) | {"response": response, "error": None})


def _head(batch_id: str, line: Line) -> dict[str, Any]:
    return {"id": request_id(batch_id, line), "custom_id": line.custom_id}


def _dump(record: dict[str, Any]) -> str:
    return json.dumps(record, separators=(",", ":"))
