"""What became of the records of a file: how many were kept, which were dropped, and why."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Column, Table

from pubserve.formats.records import Reason

LISTED_DROPS_MAX = 1000
"""Dropped records that a report names; it goes on counting those beyond, so that its memory is bounded."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A record that was dropped, and where it stood."""

    file: Path
    line: int
    reason: Reason
    detail: str

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}" if self.line else str(self.file)

    def __str__(self) -> str:
        return f"{self.place}: {self.detail}"


class MalformedRecord(ValueError):
    """A record that cannot be used, where none may be dropped. `dropped` has its file, line and reason."""

    def __init__(self, dropped: Dropped) -> None:
        super().__init__(dropped)
        self.dropped = dropped


@dataclass(slots=True)
class ReadReport:
    """Counts of what was read. `dropped` counts every drop; `drops` lists the first `LISTED_DROPS_MAX` of them."""

    kept: int = 0
    dropped: Counter[Reason] = field(default_factory=Counter)
    drops: list[Dropped] = field(default_factory=list)

    def drop(self, dropped: Dropped) -> None:
        self.dropped[dropped.reason] += 1
        if len(self.drops) < LISTED_DROPS_MAX:
            self.drops.append(dropped)

    def as_dict(self) -> dict[str, Any]:
        """The report in JSON's types."""
        return {
            "kept": self.kept,
            "dropped": {reason.value: count for reason, count in self.dropped.most_common()},
            "drops": [
                {"file": str(drop.file), "line": drop.line, "reason": drop.reason.value, "detail": drop.detail}
                for drop in self.drops
            ],
        }

    def table(self, *, rows: int = 20) -> Table:
        """A table for people: counts by reason, then the first `rows` places."""
        table = Table("Dropped", Column("Where", overflow="fold"), "Why", box=None, pad_edge=False)
        for reason, count in self.dropped.most_common():
            table.add_row(f"{count:,}", "", reason.value)
        for drop in self.drops[:rows]:
            table.add_row("", drop.place, drop.detail)
        if (unlisted := self.dropped.total() - rows) > 0:
            table.add_row("", "…", f"and {unlisted:,} more")
        return table
