"""Whose turn it is: urgent work before bulk, and among callers of one urgency an equal share of tokens.

The order is start-time fair queueing: every caller has a clock that runs on by the cost of what it sends, and the item
with the earliest start on its caller's clock is next. A caller who sends a thousand papers waits behind its own.

Source: P. Goyal, H. Vin, H. Cheng, "Start-time fair queueing", SIGCOMM 1996.
"""

import asyncio
from bisect import insort
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import count, takewhile
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Priority(IntEnum):
    """The lower the earlier. Nothing of a lower number ever waits for what has a higher one and has not begun."""

    INTERACTIVE = 0
    BULK = 1


@dataclass(frozen=True, slots=True)
class Turn:
    """How urgent a piece of work is, and for whom it is done."""

    priority: Priority = Priority.INTERACTIVE
    caller: str = ""
    trace: str | None = field(default=None, compare=False)
    """The span that the work is a part of, as a W3C `traceparent`; None where no trace is kept."""


@dataclass(order=True, slots=True)
class _Entry(Generic[Item]):
    priority: Priority
    start: float
    place: int
    cost: int = field(compare=False)
    item: Item = field(compare=False)


class TurnQueue(Generic[Item]):
    """Items in the order of their turns. Lives on one event loop."""

    def __init__(self) -> None:
        self._entries: list[_Entry[Item]] = []
        self._places = count()
        self._now = dict.fromkeys(Priority, 0.0)
        self._clocks: dict[Turn, float] = {}
        """When the last item of each caller will have had its share."""

    def __len__(self) -> int:
        return len(self._entries)

    def push(self, item: Item, turn: Turn, cost: int) -> None:
        start = max(self._now[turn.priority], self._clocks.get(turn, 0.0))
        self._clocks[turn] = start + cost
        insort(self._entries, _Entry(turn.priority, start, next(self._places), cost, item))

    def next_up(self, cost: int) -> list[Item]:
        """The items whose turn it is, all of one priority: as many as cost about so much together, one at least."""
        found: list[Item] = []
        for entry in takewhile(lambda entry: entry.priority == self._entries[0].priority, self._entries):
            if found and cost <= 0:
                break
            found.append(entry.item)
            cost -= entry.cost
        return found

    def take(self, items: Collection[Item]) -> None:
        """Remove items: they have their turn now."""
        ids = {id(item) for item in items}
        for entry in self._entries:
            if id(entry.item) in ids:
                self._now[entry.priority] = max(self._now[entry.priority], entry.start)
        self._keep(lambda entry: id(entry.item) not in ids)
        # A caller whose clock is behind the common one starts from there, as if it had never been here.
        self._clocks = {turn: clock for turn, clock in self._clocks.items() if clock > self._now[turn.priority]}

    def drop(self, unwanted: Callable[[Item], bool]) -> None:
        """Remove items nobody waits for."""
        self._keep(lambda entry: not unwanted(entry.item))

    def _keep(self, wanted: Callable[[_Entry[Item]], bool]) -> None:
        self._entries = [entry for entry in self._entries if wanted(entry)]


class Places:
    """So many pieces of work at once; when a place falls free, the one whose turn it is gets it."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._waiting: TurnQueue[asyncio.Future[None]] = TurnQueue()

    @asynccontextmanager
    async def hold(self, turn: Turn, cost: int) -> AsyncIterator[None]:
        """Wait for a place, and keep it for the length of the block."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.push(place, turn, cost)
        self._fill()
        try:
            await place
            yield
        finally:
            if place.done() and not place.cancelled():
                self._free += 1
            place.cancel()
            self._fill()

    def _fill(self) -> None:
        self._waiting.drop(asyncio.Future.done)
        while self._free and len(self._waiting):
            [place, *_] = self._waiting.next_up(0)
            self._waiting.take([place])
            place.set_result(None)
            self._free -= 1
