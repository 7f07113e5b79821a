"""An answer as one line, in a journal or in a stream, and the hash that says of which paper it is."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from pubserve.contract import Paper

HASH_FIELD = "input_hash"
_HASH_CHARS = 32


def input_hash(paper: Paper, tasks: Sequence[str]) -> str:
    """Names a paper, its texts and what is asked of it: the same text under another id is another paper."""
    asked = json.dumps([paper.id, paper.title, paper.abstract, sorted(set(tasks))])
    return hashlib.sha256(asked.encode("ascii")).hexdigest()[:_HASH_CHARS]


def line_of(values: dict[str, Any]) -> bytes:
    """One line of JSON, in UTF-8 if that can carry it; a lone surrogate needs its escape."""
    try:
        return json.dumps(values, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(values).encode() + b"\n"
