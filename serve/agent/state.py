"""The state of a run: what its checkpoints hold, and all that a step may change."""

from collections.abc import Sequence
from operator import add
from typing import Annotated, Literal, TypedDict

from pubserve.contract import Paper
from serve.agent import messages
from serve.agent.messages import (
    Cited,
    Claim,
    LeftOut,
    Limit,
    ModelCheck,
    Reading,
    RunRequest,
    Spent,
    Step,
)


class AgentState(TypedDict, total=False):
    """Everything is a message of ours or of the contract, so that a checkpoint can be read by nothing but data.

    `papers` are those that are read; `pending` the ids of those that wait for a second reading, `to_sum_up` of those
    that wait for a place in the summary, and `to_sum_up_now` is off once no more of them will get one.
    """

    run_id: str
    owner: str
    request: RunRequest
    papers: list[Paper]
    left_out: Annotated[list[LeftOut], add]
    readings: list[Reading]
    check: ModelCheck
    pending: list[str]
    to_sum_up: list[str]
    to_sum_up_now: bool
    approved: bool
    citations: list[Cited]
    claims: Annotated[list[Claim], add]
    claims_dropped: Annotated[int, add]
    summary_by: Literal["model", "papers", "nobody"]
    spent: Annotated[Spent, add]
    limit_reached: Limit | None
    steps: Annotated[list[Step], add]


def stored_types() -> Sequence[tuple[str, ...]]:
    """What may be made again from a checkpoint: our messages, and nothing else."""
    ours = [kind for kind in vars(messages).values() if isinstance(kind, type) and kind.__module__ == messages.__name__]
    return [*((kind.__module__, kind.__name__) for kind in ours), (Paper.__module__, Paper.__name__)]
