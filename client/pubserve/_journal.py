"""What was answered so far, in a file: one result a line, so that a run that was killed goes on where it was."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import TypeAdapter

from pubserve.contract import Result
from pubserve.errors import InvalidArgument
from pubserve.lines import HASH_FIELD, line_of

_RESULT: TypeAdapter[Result] = TypeAdapter(Result)


class Journal:
    """A JSONL file of results, each with the `input_hash` of its paper.

    Opening one that exists keeps the answers in it. Failures are dropped, since they are asked about again, and so is a
    last line that a killed process left half written. A result is in the file before the caller sees it.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._offsets: dict[bytes, int] = {}
        self._recover()
        self._file = self.path.open("a+b")

    def __len__(self) -> int:
        return len(self._offsets)

    def __contains__(self, input_hash: str) -> bool:
        return bytes.fromhex(input_hash) in self._offsets

    def get(self, input_hash: str) -> Result | None:
        """The answer that is kept under this hash."""
        offset = self._offsets.get(bytes.fromhex(input_hash))
        if offset is None:
            return None
        self._file.seek(offset)
        return _RESULT.validate_python(json.loads(self._file.readline()))

    def add(self, input_hash: str, result: Result) -> None:
        """Write a result down, unless there is one under this hash."""
        if input_hash in self:
            return
        self._file.seek(0, os.SEEK_END)
        self._offsets[bytes.fromhex(input_hash)] = self._file.tell()
        self._file.write(line_of(result.model_dump(mode="json") | {HASH_FIELD: input_hash}))
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _recover(self) -> None:
        """Find what is answered, and rewrite the file if there is anything else in it."""
        if not self.path.exists():
            return
        scratch = self.path.with_name(f".{self.path.name}.recovering")
        kept, dropped = 0, False
        with self.path.open("rb") as old, scratch.open("wb") as new:
            for answered, line in _answers_in(old, self.path):
                if answered is None or answered in self._offsets:
                    dropped = True
                    continue
                self._offsets[answered] = kept
                kept += new.write(line)
        if dropped:
            os.replace(scratch, self.path)
        else:
            scratch.unlink()


def _answers_in(lines: Any, path: Path) -> Iterator[tuple[bytes | None, bytes]]:
    """Each line, with its hash if it holds an answer. Refuses to go on in a file that something else has written."""
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n"):
            yield None, line
            continue
        try:
            values = json.loads(line)
            answered = None if "error" in values else bytes.fromhex(values[HASH_FIELD])
        except (ValueError, KeyError, TypeError):
            raise InvalidArgument(
                f"{path}:{number}: not a line that analyze_many wrote; expected a result with its {HASH_FIELD}",
                field="journal",
                hint="name a new file, or the journal of an earlier run.",
            ) from None
        yield answered, line
