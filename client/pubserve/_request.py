"""What a call sends: the caller's papers and tasks checked here, then encoded, without any I/O."""

import json
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal, get_args

import httpx
from pydantic import ValidationError

from pubserve._tracing import trace_headers
from pubserve.contract import MAX_PAPERS_PER_REQUEST, Paper, Task
from pubserve.errors import InvalidArgument

ANALYZE_PATH = "/v1/analyze"
STREAM_PATH = "/v1/analyze/stream"
CLASSIFY_PATH = "/v1/classify"
EXTRACT_PATH = "/v1/extract"
HEALTH_PATH = "/healthz"
READY_PATH = "/readyz"

REQUEST_ID_HEADER = "x-request-id"
DEADLINE_HEADER = "x-request-timeout-ms"
PRIORITY_HEADER = "x-priority"

Priority = Literal["interactive", "bulk"]
BULK: Priority = "bulk"

Papers = Iterable[Paper | Mapping[str, Any]]
Tasks = Iterable[Task | str]

_SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


@dataclass(frozen=True, slots=True)
class Call:
    """One call to the service, however many attempts it takes."""

    method: str
    path: str
    request_id: str
    timeout: httpx.Timeout
    content: bytes | None = None
    paper_ids: tuple[str, ...] = ()
    deadline_ms: int | None = None
    priority: Priority | None = None

    def headers(self, deadline_left_ms: int | None) -> dict[str, str]:
        headers = {REQUEST_ID_HEADER: self.request_id, **trace_headers()}
        if self.content is not None:
            headers["content-type"] = "application/json"
        if self.priority is not None:
            headers[PRIORITY_HEADER] = self.priority
        if deadline_left_ms is not None:
            headers[DEADLINE_HEADER] = str(deadline_left_ms)
        return headers


def papers_call(
    path: str,
    papers: Papers,
    tasks: Tasks | None,
    *,
    timeout: httpx.Timeout,
    deadline_ms: int | None,
    request_id: str | None,
    priority: Priority | None,
) -> Call:
    """A call about papers. Raises `InvalidArgument` for anything that could not be sent."""
    if deadline_ms is not None and deadline_ms < 1:
        raise InvalidArgument("deadline_ms must be at least 1", field="deadline_ms")
    if priority is not None and priority not in get_args(Priority):
        raise InvalidArgument(f"priority must be one of {', '.join(get_args(Priority))}", field="priority")
    return checked_call(
        path,
        check_papers(papers),
        None if tasks is None else check_tasks(tasks),
        timeout=timeout,
        deadline_ms=deadline_ms,
        request_id=request_id,
        priority=priority,
    )


def checked_call(
    path: str,
    papers: Sequence[Paper],
    tasks: Sequence[str] | None,
    *,
    timeout: httpx.Timeout,
    deadline_ms: int | None = None,
    request_id: str | None = None,
    priority: Priority | None = None,
) -> Call:
    """A call about papers and tasks that were checked before."""
    body: dict[str, Any] = {"papers": [paper.model_dump(exclude_none=True) for paper in papers]}
    if tasks is not None:
        body["tasks"] = tasks
    return Call(
        method="POST",
        path=path,
        request_id=check_header("request_id", request_id) if request_id else uuid.uuid4().hex,
        timeout=timeout,
        content=encode(body),
        paper_ids=tuple(paper.id for paper in papers),
        deadline_ms=deadline_ms,
        priority=priority,
    )


def probe_call(path: str, *, timeout: httpx.Timeout) -> Call:
    """A call that asks how the service is."""
    return Call(method="GET", path=path, request_id=uuid.uuid4().hex, timeout=timeout)


def require_several(papers: object) -> None:
    """Refuse what is no iterable of papers."""
    # A mapping, a text and a pydantic model can all be iterated, and none of them gives papers.
    if isinstance(papers, Mapping | str | bytes | Paper) or not isinstance(papers, Iterable):
        raise InvalidArgument("papers must be a list or another iterable of papers", hint="wrap a single paper in [ ].")


def check_papers(papers: Papers) -> list[Paper]:
    """The papers of one request, or an `InvalidArgument` that names the first bad one."""
    require_several(papers)
    taken = list(islice(papers, MAX_PAPERS_PER_REQUEST + 1))
    if not taken:
        raise InvalidArgument("papers is empty: there is nothing to read")
    if len(taken) > MAX_PAPERS_PER_REQUEST:
        raise InvalidArgument(
            f"papers holds more than the {MAX_PAPERS_PER_REQUEST:,} that one call takes",
            hint="use analyze_many, which splits them over several calls.",
        )
    return [check_paper(index, paper) for index, paper in enumerate(taken)]


def check_paper(index: int, value: object) -> Paper:
    """The paper at a place of the caller's list, or an `InvalidArgument` that names the place and the field."""
    if not isinstance(value, Paper | Mapping):
        raise InvalidArgument(
            f"papers[{index}] must be a Paper or a mapping, not {type(value).__name__}",
            index=index,
            hint="for PMIDs use analyze_many, which fetches their papers." if isinstance(value, str | int) else None,
        )
    try:
        paper = value if isinstance(value, Paper) else Paper.model_validate(dict(value))
    except ValidationError as error:
        problems = {
            ".".join(map(str, problem["loc"])): problem["msg"]
            for problem in error.errors(include_url=False, include_context=False, include_input=False)
        }
        raise InvalidArgument(
            "; ".join(f"papers[{index}].{field}: {message}" for field, message in problems.items()),
            index=index,
            field=next(iter(problems)),
            hint=f"a paper has {', '.join(Paper.model_fields)}; a missing title or abstract is None.",
        ) from None
    for field, text in paper:
        if isinstance(text, str) and _SURROGATE_PAIR.search(text):
            # JSON would join the two halves into one character, and every offset after it would be wrong.
            raise InvalidArgument(
                f"papers[{index}].{field}: holds a character as two UTF-16 halves, which JSON cannot carry unchanged",
                index=index,
                field=field,
                hint="join them: text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace').",
            )
    return paper


def check_tasks(tasks: Tasks) -> list[str]:
    """The names of the tasks asked for, or an `InvalidArgument` that names the first unknown one."""
    if isinstance(tasks, str):
        raise InvalidArgument("tasks must be a list or another iterable of tasks", hint="wrap a single task in [ ].")
    known = [task.value for task in Task]
    checked = list(tasks)
    if not checked:
        raise InvalidArgument("tasks is empty", hint="leave tasks out for the service's default.")
    for index, task in enumerate(checked):
        if task not in known:
            raise InvalidArgument(f"tasks[{index}]: {task!r} is not one of {', '.join(known)}", index=index)
    return [str(task) for task in checked]


def check_header(name: str, value: str) -> str:
    """A value that can stand in an HTTP header. The message never repeats it: it may be a key."""
    if not value.isascii() or not value.isprintable():
        raise InvalidArgument(f"{name} may hold printable ASCII characters only", field=name)
    return value


def encode(body: Mapping[str, Any]) -> bytes:
    """JSON in ASCII: a lone surrogate, which UTF-8 cannot carry, travels as its escape."""
    return json.dumps(body, ensure_ascii=True, separators=(",", ":")).encode("ascii")
