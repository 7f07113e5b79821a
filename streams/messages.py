"""What travels: messages as brokers hand them over, the papers in them, and what becomes of each."""

import json
from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum

from pydantic import Field, ValidationError

from pubserve.contract import DEFAULT_TASKS, Analysis, Paper, Task
from pubserve.lines import HASH_FIELD, input_hash, line_of

PAPER_FIELD = "paper"
CHARS_PER_TOKEN = 4


class Reason(StrEnum):
    """Why a message is a dead letter."""

    NO_PAPER = "no_paper"
    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    NOT_A_PAPER = "not_a_paper"
    REFUSED = "refused"
    FAILED = "failed"
    TOO_MANY_DELIVERIES = "too_many_deliveries"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message, handed to this worker. `count` says how often it was handed out, this time included."""

    place: Hashable
    """The broker's name for it."""
    payload: bytes | None
    """None where there is no paper at all."""
    count: int = 1


@dataclass(frozen=True, slots=True)
class Question:
    """A paper, what is asked of it, and the message that both came in."""

    delivery: Delivery
    paper: Paper
    tasks: tuple[str, ...]

    @property
    def tokens(self) -> int:
        """About how many."""
        return (len(self.paper.title or "") + len(self.paper.abstract or "")) // CHARS_PER_TOKEN + 1

    def answered(self, analysis: Analysis) -> "Answer":
        key = input_hash(self.paper, self.tasks)
        return Answer(self.delivery, key, line_of(analysis.model_dump(mode="json") | {HASH_FIELD: key}).rstrip())


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes to the output. The same paper and tasks have the same key."""

    delivery: Delivery
    key: str
    value: bytes


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that will not be answered, and why. `detail` never quotes the text of a paper."""

    delivery: Delivery
    reason: Reason
    detail: str


Settled = Answer | DeadLetter


class PaperMessage(Paper):
    """The JSON of a message."""

    tasks: list[Task] = Field(default=list(DEFAULT_TASKS), min_length=1)


def read(delivery: Delivery, *, max_bytes: int, max_deliveries: int) -> Question | DeadLetter:
    """The question in a message."""

    def dead(reason: Reason, detail: str) -> DeadLetter:
        return DeadLetter(delivery, reason, detail)

    payload = delivery.payload
    if delivery.count > max_deliveries:
        workers = delivery.count - 1
        return dead(Reason.TOO_MANY_DELIVERIES, f"{workers} workers took it and none settled it; max_deliveries")
    if payload is None:
        return dead(
            Reason.NO_PAPER, f"there is no value; on Redis, put the paper's JSON into the field {PAPER_FIELD!r}"
        )
    if len(payload) > max_bytes:
        return dead(Reason.TOO_LARGE, f"{len(payload):,} bytes are more than max_message_bytes, {max_bytes:,}")
    try:
        values = json.loads(payload.decode())
    except UnicodeDecodeError as error:
        return dead(Reason.NOT_UTF8, f"byte {error.start} is not UTF-8; encode the JSON in UTF-8")
    except (ValueError, RecursionError) as error:
        where = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        return dead(Reason.NOT_JSON, f"not JSON{where}; a message is one JSON object")
    try:
        message = PaperMessage.model_validate(values)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        said = "; ".join(f"{'.'.join(map(str, problem['loc'])) or 'message'}: {problem['msg']}" for problem in problems)
        return dead(Reason.NOT_A_PAPER, f"{said}; a message has {', '.join(PaperMessage.model_fields)}")
    paper = Paper(id=message.id, title=message.title, abstract=message.abstract)
    return Question(delivery, paper, tuple(task.value for task in message.tasks))
