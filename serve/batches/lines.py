"""Input files of batches: JSONL, one request a line."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from serve.batches.messages import BatchError

MAX_ERRORS = 100
"""A file with more is not read on."""
_MAX_CUSTOM_ID_CHARS = 512
_MAX_GROUP_LINES = 1_000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """One request: its place in the file, the first line being 1, and the name that the caller gave it."""

    number: int
    custom_id: str
    body: dict[str, Any]


class LineError(Exception):
    """A line that is no request of this batch."""

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param


@dataclass(slots=True)
class Checked:
    """What is in an input file. It can be run if there are no errors."""

    total: int = 0
    model: str | None = None
    errors: list[BatchError] = field(default_factory=list)

    def refuse(self, error: LineError, line: int | None = None) -> None:
        self.errors.append(BatchError(code=error.code, message=error.message, param=error.param, line=line))


@dataclass(frozen=True, slots=True)
class InputFile:
    """Reads from disk: not for the event loop."""

    path: Path
    endpoint: str
    max_line_bytes: int

    def check(self, max_lines: int) -> Checked:
        """Read every line once."""
        checked = Checked()
        seen: dict[str, int] = {}
        for number, raw in self._raw():
            checked.total += 1
            if checked.total > max_lines:
                checked.refuse(LineError("too_many_lines", f"There are over {max_lines} lines; make several batches."))
                break
            try:
                line = self._line(number, raw)
                if (first := seen.setdefault(line.custom_id, number)) != number:
                    raise LineError(
                        "duplicate_custom_id", f"Line {first} has the same custom_id; make each unique.", "custom_id"
                    )
            except LineError as error:
                checked.refuse(error, number)
                if len(checked.errors) == MAX_ERRORS:
                    break
                continue
            model = line.body.get("model")
            checked.model = checked.model or (model if isinstance(model, str) else None)
        if not checked.total:
            checked.refuse(LineError("empty_file", "The file holds no lines; write one request a line."))
        return checked

    def groups(self, done: Collection[int], group_bytes: int) -> Iterator[list[Line]]:
        """Lines of a file that was checked, without those that are done: as many together as have so many bytes."""
        group: list[Line] = []
        size = 0
        for number, raw in self._raw():
            if number in done:
                continue
            group.append(self._line(number, raw))
            size += len(raw)
            if size >= group_bytes or len(group) == _MAX_GROUP_LINES:
                yield group
                group, size = [], 0
        if group:
            yield group

    def _raw(self) -> Iterator[tuple[int, bytes]]:
        """Lines that are not blank. One that is too long is cut, just above what is allowed."""
        with self.path.open("rb") as file:
            number = 0
            while raw := file.readline(self.max_line_bytes + 1):
                number += 1
                rest = raw
                while len(rest) > self.max_line_bytes and not rest.endswith(b"\n"):
                    rest = file.readline(self.max_line_bytes + 1)
                if number == 1:
                    raw = raw.removeprefix(_BYTE_ORDER_MARK)
                if raw.strip():
                    yield number, raw

    def _line(self, number: int, raw: bytes) -> Line:
        """Raises `LineError`."""
        if len(raw) > self.max_line_bytes:
            raise LineError(
                "line_too_long", f"The line is over {self.max_line_bytes} bytes; split it over several lines."
            )
        request = _json_object(raw)
        custom_id = _required(request, "custom_id", str)
        if not 0 < len(custom_id) <= _MAX_CUSTOM_ID_CHARS:
            raise LineError(
                "invalid_custom_id", f"custom_id has to have 1 to {_MAX_CUSTOM_ID_CHARS} characters.", "custom_id"
            )
        if _required(request, "method", str) != "POST":
            raise LineError("invalid_method", 'method has to be "POST".', "method")
        if _required(request, "url", str) != self.endpoint:
            raise LineError("mismatched_url", f"url has to be the endpoint of the batch, {self.endpoint}.", "url")
        return Line(number, custom_id, _required(request, "body", dict))


def _json_object(raw: bytes) -> dict[str, Any]:
    try:
        request = json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise LineError("invalid_encoding", f"Byte {error.start} of the line is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise LineError("invalid_json_line", f"The line is not JSON: {error.msg} at column {error.colno}.") from None
    except (ValueError, RecursionError):
        raise LineError("invalid_json_line", "The line is nested too deep, or a number in it is too long.") from None
    if not isinstance(request, dict):
        raise LineError("invalid_json_line", "The line is not a JSON object with custom_id, method, url and body.")
    return request


def _required(request: dict[str, Any], name: str, kind: type) -> Any:
    value = request.get(name)
    if value is None:
        raise LineError("missing_required_parameter", f"{name} is missing.", name)
    if not isinstance(value, kind):
        wanted = "an object" if kind is dict else "text"
        raise LineError("invalid_type", f"{name} has to be {wanted}.", name)
    return value
