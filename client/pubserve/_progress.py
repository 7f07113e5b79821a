"""How far a run has come, and the line on a terminal that says so."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

REDRAW_S = 0.2


@dataclass(frozen=True, slots=True)
class Progress:
    """How far `analyze_many` has come: papers with a result, `failed` and `resumed` (from the journal) among them.

    `total` is None where the papers come from an iterator, which does not say how many it has.
    """

    done: int
    failed: int
    resumed: int
    total: int | None
    elapsed_s: float

    @property
    def per_s(self) -> float:
        """Papers answered per second, those from the journal left out."""
        return (self.done - self.resumed) / self.elapsed_s if self.elapsed_s else 0.0

    def __str__(self) -> str:
        of = f" of {self.total:,}" if self.total is not None else ""
        failed = f", {self.failed:,} failed" if self.failed else ""
        return f"{self.done:,}{of} papers{failed}, {self.per_s:.1f} a second"


OnProgress = Callable[[Progress], None]


def on_progress(wanted: bool | OnProgress) -> OnProgress:
    """What to call after every paper: the caller's own function, a line on the terminal, or nothing."""
    if callable(wanted):
        return wanted
    return TerminalLine() if wanted else lambda _: None


class TerminalLine:
    """Redraws one line on stderr, a few times a second; on what is no terminal, it says nothing."""

    def __init__(self) -> None:
        self._drawn_s = 0.0

    def __call__(self, progress: Progress) -> None:
        ended = progress.done == progress.total
        if sys.stderr.isatty() and (ended or monotonic() - self._drawn_s > REDRAW_S):
            self._drawn_s = monotonic()
            sys.stderr.write(f"\r\x1b[K{progress}" + ("\n" if ended else ""))
            sys.stderr.flush()
