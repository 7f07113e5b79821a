"""How a request wants to be answered, apart from what it asks."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from serve.clock import RequestClock
from serve.turns import Priority, Turn

Pay = Callable[[int], Awaitable[None]]
"""Called with the tokens of admitted work; raises `QuotaExceeded` where the caller may not use so many."""


async def free(_: int) -> None:
    """Nothing is counted."""


@dataclass(frozen=True, slots=True)
class Ask:
    """By when, how urgently and for whom."""

    deadline_s: float
    """From now."""
    priority: Priority | None = None
    """None: urgent if it is small."""
    caller: str = ""
    """Who shares the service with others: callers of one priority get equal shares."""
    clock: RequestClock = field(default_factory=RequestClock)
    pay: Pay = free

    def turn(self, papers: int, *, interactive_papers: int) -> Turn:
        """Whoever sends one paper waits for it; whoever sends a thousand has something else to do meanwhile."""
        by_size = Priority.INTERACTIVE if papers <= interactive_papers else Priority.BULK
        return Turn(by_size if self.priority is None else self.priority, self.caller)
