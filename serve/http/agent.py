"""Runs of the agent over HTTP: begun, gone on with and decided on as server-sent events; looked at as JSON."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import httpx
from fastapi import APIRouter, Depends, Path, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from serve.admission import Admission
from serve.agent.messages import RUN_ID, Broken, Decision, Event, RunRequest, RunView, StepDone
from serve.ask import Ask
from serve.deadline import until_deadline
from serve.errors import DeadlineExceeded, InternalError, ServiceError, Unavailable
from serve.http.caller import Caller, set_caller
from serve.http.dependencies import AskDep, CallerDep, error_responses
from serve.http.json_body import JsonBodyRoute, JsonResponse, encode_json
from serve.logs import log
from serve.service import Service

if TYPE_CHECKING:
    from serve.agent.runs import Runs
    from serve.agent.steps import Tools

IN_PROCESS_URL = "http://pubserve"
PING_S = 15

router = APIRouter(
    route_class=JsonBodyRoute, tags=["agent"], responses=error_responses(400, 404, 409, 413, 422, 429, 503, 504)
)

Work = Callable[["Runs", "Tools"], AsyncGenerator[Event, None]]
RunId = Annotated[str, Path(pattern=f"^{RUN_ID}$", description="The name that the run was begun with, or was given.")]
_EVENT = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"enum": ["started", "step", "done", "approval", "error"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}
_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/event-stream": {"schema": _EVENT}},
        "description": "Events `started`, `step` (several), and one of `done`, `approval` and `error`.",
    }
}


class AgentDoor:
    """How many runs one ingress replica has in flight, and what each of them works with."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._places = Admission(
            service.settings.agent.max_runs, unit="runs", retry_after_max_s=service.settings.http.retry_after_max_s
        )
        service.metrics.in_flight.labels("runs").set_function(lambda: self._places.in_flight)
        service.metrics.in_flight_limit.labels("runs").set(self._places.limit)

    async def look(self, run_id: str, owner: str) -> RunView:
        """
        Raises:
            NotFound: there is no such run of this owner.
        """
        runs = await _heavy("serve.agent.runs")
        async with runs.Runs.open(self._service.settings.agent) as opened:
            view: RunView = await opened.view(run_id, owner=owner)
            return view

    async def events(self, work: Work, app: ASGIApp, caller: Caller, ask: Ask) -> AsyncGenerator[Event, None]:
        """The events of a run in this process, which holds a place until its last one.

        Raises:
            ServiceError: the run cannot begin. Once it has begun, what goes wrong is an event.
        """
        self._places.draining = self._service.papers.draining
        with self._places.admit(1) as held:
            runs, tools = await _heavy("serve.agent.runs"), await _heavy("serve.agent.tools")
            settings = self._service.settings
            transport = httpx.ASGITransport(_for_caller(app, caller))
            async with (
                runs.Runs.open(settings.agent) as opened,
                tools.tools_for(settings, url=IN_PROCESS_URL, transport=transport) as made,
                aclosing(until_deadline(ask.deadline_s, work(opened, made))) as events,
            ):
                async for event in self._told(events):
                    yield event
            held.done(1)

    async def _told(self, events: AsyncGenerator[Event, None]) -> AsyncIterator[Event]:
        run_id: str | None = None
        try:
            async for event in events:
                run_id = event.run_id
                yield event
                if isinstance(event, StepDone) and self._service.papers.draining:
                    raise Unavailable("The service is shutting down; resume the run when it is back.")
        except Exception as error:
            if run_id is None:
                raise
            yield Broken(run_id=run_id, error=_as_service_error(error).body)


def _as_service_error(error: Exception) -> ServiceError:
    if isinstance(error, DeadlineExceeded):
        return DeadlineExceeded("The run was not done by its deadline; resume it to go on.", param=error.param)
    if isinstance(error, ServiceError):
        return error
    log.exception("agent_run_failed")
    return InternalError("The run broke off by a fault of the service; resume it, and report x-request-id if it stays.")


async def _agent_door(request: Request) -> AgentDoor:
    door: AgentDoor = request.app.state.agent_door
    return door


AgentDep = Annotated[AgentDoor, Depends(_agent_door)]


@router.post("/v1/agent/runs", response_class=EventSourceResponse, responses=_EVENTS)
async def begin_run(request: Request, agent: AgentDep, caller: CallerDep, body: RunRequest, ask: AskDep) -> Response:
    """Begin a run: papers are fetched, cleaned, classified, uncertain ones read again, and the set summed up.

    Every step is told as soon as it is done and kept. Whoever goes away stops the run; the same request with the same
    `run_id`, or `/resume`, goes on after the last step that was done.
    """
    return await _stream(
        agent.events(lambda runs, tools: runs.begin(body, tools, owner=caller.owner), request.app, caller, ask)
    )


@router.get("/v1/agent/runs/{run_id}", response_model=RunView)
async def get_run(agent: AgentDep, caller: CallerDep, run_id: RunId) -> Response:
    """A run as it stands: its steps so far, what it waits for, and its report once it is done."""
    return JsonResponse(await agent.look(run_id, caller.owner))


@router.post("/v1/agent/runs/{run_id}/resume", response_class=EventSourceResponse, responses=_EVENTS)
async def resume_run(request: Request, agent: AgentDep, caller: CallerDep, run_id: RunId, ask: AskDep) -> Response:
    """Go on with a run that broke off, from its last step that was done."""
    return await _stream(
        agent.events(lambda runs, tools: runs.resume(run_id, tools, owner=caller.owner), request.app, caller, ask)
    )


@router.post("/v1/agent/runs/{run_id}/approve", response_class=EventSourceResponse, responses=_EVENTS)
async def approve_run(
    request: Request, agent: AgentDep, caller: CallerDep, run_id: RunId, body: Decision, ask: AskDep
) -> Response:
    """Decide on the second readings of a run that waits for it, and go on."""
    return await _stream(
        agent.events(
            lambda runs, tools: runs.resume(run_id, tools, owner=caller.owner, approved=body.approved),
            request.app,
            caller,
            ask,
        )
    )


async def _stream(events: AsyncGenerator[Event, None]) -> Response:
    # The first event decides the status: a refusal is an honest 4xx or 5xx, not an event in a stream that said 200.
    first = await anext(events)
    return EventSourceResponse(_encoded(first, events), ping=PING_S)


async def _encoded(first: Event, rest: AsyncGenerator[Event, None]) -> AsyncIterator[ServerSentEvent]:
    async with aclosing(rest):
        yield _encode(first)
        async for event in rest:
            yield _encode(event)


def _encode(event: Event) -> ServerSentEvent:
    return ServerSentEvent(encode_json(event.model_dump(mode="json")).decode("ascii"), event=event.event)


def _for_caller(app: ASGIApp, caller: Caller) -> ASGIApp:
    """The application inside its door, for calls on behalf of a caller who was let in and who pays for them."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        set_caller(scope, caller)
        await app(scope, receive, send)

    return call


async def _heavy(module: str) -> Any:
    """A module that brings LangGraph and LangChain: a second or two, which neither the start nor the loop waits for."""
    return await asyncio.to_thread(import_module, module)
