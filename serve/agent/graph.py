"""The workflow: which step follows which, and where it stops."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from serve.agent.messages import ModelCheck, Spent, Step
from serve.agent.state import AgentState
from serve.agent.steps import Said, Steps, Tools

Graph = CompiledStateGraph[AgentState, None, AgentState, AgentState]


def build(tools: Tools | None, checkpoints: BaseCheckpointSaver[Any] | None) -> Graph:
    """fetch → clean → read → check → adjudicate (again and again) → approve → cite → summarise (likewise) → conclude.

    What does not apply is passed by: see the functions below. Without tools a run can be looked at, but not go on.
    """
    steps = Steps(cast(Tools, tools))
    graph = StateGraph(AgentState)
    for work in (
        steps.fetch, steps.clean, steps.read, steps.check, steps.adjudicate,
        steps.approve, steps.cite, steps.summarise, steps.conclude,
    ):  # fmt: skip
        graph.add_node(work.__name__, _recorded(work.__name__, work))
    graph.add_edge(START, "fetch")
    graph.add_edge("fetch", "clean")
    graph.add_edge("clean", "read")
    graph.add_edge("read", "check")
    graph.add_conditional_edges("check", _before_approval, ["adjudicate", "approve"])
    graph.add_conditional_edges("adjudicate", _before_approval, ["adjudicate", "approve"])
    graph.add_edge("approve", "cite")
    graph.add_conditional_edges("cite", _summary, ["summarise", "conclude", END])
    graph.add_conditional_edges("summarise", _more_summary, ["summarise", "conclude", END])
    graph.add_edge("conclude", END)
    return graph.compile(checkpointer=checkpoints)


def beginning(state: AgentState) -> AgentState:
    """The state of a run before its first step."""
    return {
        "left_out": [], "readings": [], "pending": [], "to_sum_up": [], "to_sum_up_now": True, "approved": True,
        "citations": [], "claims": [], "claims_dropped": 0, "summary_by": "nobody", "spent": Spent(),
        "limit_reached": None, "steps": [], **state,
    }  # fmt: skip


def _recorded(name: str, work: Callable[[AgentState], Awaitable[Said]]) -> Any:
    """The step, with what it said and how long it took added to the state."""

    async def node(state: AgentState) -> AgentState:
        started_s = time.monotonic()
        said, update = await work(state)
        seconds = round(time.monotonic() - started_s, 3)
        return {**update, "steps": [Step(number=len(state["steps"]) + 1, name=name, said=said, seconds=seconds)]}

    return node


def _before_approval(state: AgentState) -> str:
    able = state["check"] is ModelCheck.ABLE
    return "adjudicate" if able and state["pending"] and not state["limit_reached"] else "approve"


def _summary(state: AgentState) -> str:
    if not state["request"].summarise:
        return END
    return "summarise" if state["check"] is ModelCheck.ABLE and state["to_sum_up"] else "conclude"


def _more_summary(state: AgentState) -> str:
    if state["to_sum_up"] and state["to_sum_up_now"]:
        return "summarise"
    return END if state["claims"] else "conclude"
