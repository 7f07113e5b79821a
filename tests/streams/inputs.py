"""Streams of papers with poison among them, and what must become of each message."""

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pubserve.contract import DEFAULT_TASKS, Paper
from pubserve.lines import input_hash
from streams.messages import Reason

MAX_MESSAGE_BYTES = 20_000
POISON_SHARE = 0.05
REPEATED_SHARE = 0.02

_POISON: dict[Reason, Sequence[Callable[[int], bytes]]] = {
    Reason.NOT_JSON: (lambda n: b"{%d" % n, lambda n: b"", lambda n: b"[" * 10_000),
    Reason.NOT_UTF8: (
        lambda n: b'{"id": "%d", "title": "Asthma \xff"}' % n,
        lambda n: b'{"id": "%d", "title": "half a pair \xed\xa0\x80"}' % n,
    ),
    Reason.NOT_A_PAPER: (
        lambda n: b'{"title": "No id, %d."}' % n,
        lambda n: b'{"id": "%d", "title": 3}' % n,
        lambda n: b'{"id": "%d", "title": "Asthma.", "tasks": ["weather"]}' % n,
        lambda n: b"[%d]" % n,
    ),
    Reason.TOO_LARGE: (lambda n: json.dumps({"id": str(n), "abstract": "x" * MAX_MESSAGE_BYTES}).encode(),),
    Reason.REFUSED: (lambda n: json.dumps({"id": str(n), "title": " ", "abstract": ""}).encode(),),
}


@dataclass(frozen=True, slots=True)
class Message:
    """A payload; `key` of the answer it gets, or the `reason` why it is a dead letter."""

    payload: bytes
    key: str | None = None
    reason: Reason | None = None


def messages(count: int, seed: int) -> list[Message]:
    """Papers, some of them sent twice, and poison of every kind."""
    chance = random.Random(seed)
    made: list[Message] = []
    for number in range(count):
        if chance.random() < POISON_SHARE:
            reason = chance.choice(list(_POISON))
            made.append(Message(chance.choice(_POISON[reason])(number), reason=reason))
        elif made and chance.random() < REPEATED_SHARE:
            made.append(chance.choice(made))
        else:
            made.append(_paper(number))
    return made


def _paper(number: int) -> Message:
    paper = Paper(id=f"p{number}", title=f"Relapse of lung cancer, case {number}.", abstract="We followed 12 patients.")
    payload = paper.model_dump_json().encode()
    return Message(payload, key=input_hash(paper, [task.value for task in DEFAULT_TASKS]))


def keys(of: Sequence[Message]) -> set[str]:
    """Of the answers that there must be."""
    return {message.key for message in of if message.key is not None}


def reasons(of: Sequence[Message]) -> Counter[str]:
    """Of the dead letters that there must be."""
    return Counter(message.reason.value for message in of if message.reason is not None)
