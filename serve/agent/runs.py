"""Runs that survive the process they are in: begun, gone on with, decided on, looked at."""

import os
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Self, cast

import aiosqlite
from filelock import FileLock, Timeout
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.types import Command

from pubserve.contract import ErrorBody
from pubserve.errors import PubserveError
from serve.agent.graph import Graph, beginning, build
from serve.agent.messages import (
    AwaitsApproval,
    Broken,
    Change,
    Done,
    Event,
    Reading,
    RunRequest,
    RunView,
    Started,
    StepDone,
)
from serve.agent.report import report_of
from serve.agent.results import Found, Results
from serve.agent.state import AgentState, stored_types
from serve.agent.steps import Tools
from serve.errors import Conflict, InvalidRequest, NotFound, Unavailable
from serve.settings import AgentSettings

DEFAULT_STATE_DIR = "~/.local/state/pubserve/agent"
CANCER = "Cancer"
INTERRUPT = "__interrupt__"
"""Where LangGraph puts a stop among the updates of steps."""
BACKSTOP_STEPS = 20
"""Beyond the limit of the settings, which every loop keeps: a fault of ours must end, too."""


class Runs:
    """The runs of one state directory. Several processes may share it; a run goes on in one of them at a time."""

    def __init__(
        self, settings: AgentSettings, state_dir: Path, checkpoints: AsyncSqliteSaver, results: Results
    ) -> None:
        self.results = results
        self._settings = settings
        self._locks = state_dir / "locks"
        self._checkpoints = checkpoints

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: AgentSettings) -> AsyncIterator[Self]:
        """
        Raises:
            Unavailable: the state directory cannot be written to.
        """
        state_dir = _made(settings.state_dir or DEFAULT_STATE_DIR)
        serializer = JsonPlusSerializer(allowed_msgpack_modules=stored_types())
        async with (
            aiosqlite.connect(state_dir / "checkpoints.sqlite") as connection,
            Results.open(state_dir / "results.sqlite") as results,
        ):
            yield cls(settings, state_dir, AsyncSqliteSaver(connection, serde=serializer), results)

    async def begin(self, request: RunRequest, tools: Tools, *, owner: str) -> AsyncGenerator[Event, None]:
        """A run from its first step to its last, or to where it waits for approval. The same request with the same
        `run_id` goes on with the run that is there. Leaving the iterator leaves a run that can be resumed.

        Raises:
            InvalidRequest: it has more papers than a run may have.
            Conflict: there is another run of that name, or this one is in progress elsewhere.
        """
        if request.most_papers > self._settings.max_papers:
            raise InvalidRequest(
                f"There are {request.most_papers} papers; a run takes up to {self._settings.max_papers}.",
                param="papers",
            )
        run_id = request.run_id or uuid.uuid4().hex
        with self._alone(run_id):
            graph = build(tools, self._checkpoints)
            state = await self._state(run_id)
            if state is not None:
                if state["request"] != request or state["owner"] != owner:
                    raise Conflict(f"There is a run {run_id!r} with another request; choose another `run_id`.")
                async for event in self._events(graph, run_id, None):
                    yield event
                return
            await self._make_room()
            await self.results.begin(run_id, owner)
            first = beginning({"run_id": run_id, "owner": owner, "request": request})
            async for event in self._events(graph, run_id, first):
                yield event

    async def resume(
        self, run_id: str, tools: Tools, *, owner: str, approved: bool | None = None
    ) -> AsyncGenerator[Event, None]:
        """Go on with a run from its last step that was done; `approved` is the decision that it waits for.

        Raises:
            NotFound: there is no such run of this owner.
            Conflict: it is in progress, or a decision was made and it waits for none.
        """
        with self._alone(run_id):
            await self._require(run_id, owner)
            graph = build(tools, self._checkpoints)
            if approved is not None and await _changes(graph, run_id) is None:
                raise Conflict(f"Run {run_id!r} does not wait for approval.")
            given: Command[Any] | None = None if approved is None else Command(resume=approved)
            async for event in self._events(graph, run_id, given):
                yield event

    async def view(self, run_id: str, *, owner: str) -> RunView:
        """A run as it stands.

        Raises:
            NotFound: there is no such run.
        """
        state = await self._require(run_id, owner)
        graph = build(None, self._checkpoints)
        changes = await _changes(graph, run_id)
        over = not (await graph.aget_state(_config(run_id))).next
        return RunView(
            run_id=run_id,
            status="done" if over else "unfinished" if changes is None else "awaits_approval",
            question=state["request"].question,
            steps=state["steps"],
            changes=changes or [],
            report=report_of(state) if over else None,
        )

    async def forget(self, run_id: str) -> None:
        """Remove a run and its results."""
        with self._alone(run_id):
            await self._checkpoints.adelete_thread(run_id)
            await self.results.forget(run_id)
        (self._locks / run_id).unlink(missing_ok=True)

    async def _events(
        self, graph: Graph, run_id: str, given: AgentState | Command[Any] | None
    ) -> AsyncGenerator[Event, None]:
        config: Any = {**_config(run_id), "recursion_limit": self._settings.max_steps + BACKSTOP_STEPS}
        yield Started(run_id=run_id)
        try:
            # "sync": a step is on disk before the next begins, so that a killed run repeats no step that was told of.
            updates: Any = graph.astream(cast(Any, given), config, stream_mode="updates", durability="sync")
            async with aclosing(updates):
                async for update in updates:
                    for node, changed in update.items():
                        if node != INTERRUPT:
                            yield StepDone(run_id=run_id, step=changed["steps"][-1])
        except PubserveError as error:
            body = ErrorBody(message=f"{error} Resume the run to try again.", type="server_error", code="run_broke_off")
            yield Broken(run_id=run_id, error=body)
            return
        state = await self._state(run_id)
        assert state is not None
        await self.results.put(run_id, [found_in(reading, run_id) for reading in state["readings"]])
        if (changes := await _changes(graph, run_id)) is not None:
            yield AwaitsApproval(run_id=run_id, changes=changes)
            return
        yield Done(run_id=run_id, report=report_of(state))

    async def _make_room(self) -> None:
        for run_id in await self.results.beyond(self._settings.kept_runs - 1):
            try:
                await self.forget(run_id)
            except Conflict:
                continue  # old, and in progress

    async def _require(self, run_id: str, owner: str) -> AgentState:
        state = await self._state(run_id)
        if state is None or state["owner"] != owner:
            raise NotFound(f"There is no run {run_id!r}.", param="run_id", code="run_not_found")
        return state

    async def _state(self, run_id: str) -> AgentState | None:
        checkpoint = await self._checkpoints.aget_tuple(_config(run_id))
        values = checkpoint.checkpoint["channel_values"] if checkpoint else {}
        return cast(AgentState, values) if "request" in values else None

    @contextmanager
    def _alone(self, run_id: str) -> Iterator[None]:
        """Nobody else goes on with the run meanwhile; the lock of a killed process is free at once."""
        try:
            with FileLock(os.fspath(self._locks / run_id), timeout=0, thread_local=False):
                yield
        except Timeout:
            raise Conflict(f"Run {run_id!r} is in progress; wait for it, or look at it.") from None


def found_in(reading: Reading, run_id: str) -> Found:
    """A reading as it can be searched for."""
    return Found(
        paper_id=reading.paper_id,
        title=reading.title,
        labels=reading.labels,
        diseases=reading.diseases,
        cancer_confidence=reading.confidence_scores.get(CANCER),
        run_id=run_id,
    )


def _made(path: str) -> Path:
    state_dir = Path(path).expanduser()
    try:
        (state_dir / "locks").mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Unavailable(
            f"Runs cannot be kept in {state_dir} ({error.strerror}); set PUBSERVE_AGENT__STATE_DIR."
        ) from None
    return state_dir


async def _changes(graph: Graph, run_id: str) -> list[Change] | None:
    """What a run waits to have approved; None where it does not wait."""
    snapshot = await graph.aget_state(_config(run_id))
    for waiting in snapshot.interrupts:
        return [Change.model_validate(change) for change in waiting.value]
    return None


def _config(run_id: str) -> Any:
    return {"configurable": {"thread_id": run_id}}
