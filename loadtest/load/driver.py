"""Drives locust through the phases of a shape."""

import time
from collections.abc import Callable

from locust import LoadTestShape, User
from locust.runners import WORKER_REPORT_INTERVAL, MasterRunner

from loadtest.load.options import LoadOptions
from loadtest.load.shapes import Phase, Span, phases_of
from loadtest.load.users import CLOSED_LOOP, OPEN_LOOP

FASTEST_SPAWN_PER_S = 100.0
LAST_REPORT_S = WORKER_REPORT_INTERVAL + 2.0

Tick = tuple[int, float, list[type[User]] | None]


class Driver(LoadTestShape):
    """Takes the phases one after the other and keeps when each of them was.

    A drain lasts until no user is left and, where there are workers, until they have reported what the last ones did:
    nothing of a phase is missing once the next one begins.
    """

    def __init__(self) -> None:
        super().__init__()
        self.spans: list[Span] = []
        self.offer: Callable[[], bool] = lambda: True
        """Called before arrivals begin, to set their rate. False if there is nothing to set it by: the run ends."""
        self._left: list[Phase] | None = None
        self._idle_since_s: float | None = None

    def reset_time(self) -> None:
        """Back to the first phase: a run begins."""
        super().reset_time()
        self.spans, self._left = [], None

    @property
    def complete(self) -> bool:
        """All phases have been run to their end."""
        return self._left == [] and self.spans[-1].end_s is not None

    def end(self) -> None:
        """The phase at hand is over now."""
        if self.spans and self.spans[-1].end_s is None:
            self.spans[-1].end_s = time.time()

    def tick(self) -> Tick | None:
        if self._left is None:
            self._left = self._plan()
        if not self.spans or self._is_over(self.spans[-1]):
            self.end()
            if not self._left or (self._arrivals_begin(self._left[0]) and not self.offer()):
                return None
            self.spans.append(Span(self._left.pop(0), time.time()))
            self._idle_since_s = None  # the users of an earlier drain, not of this one
        return self._users(self.spans[-1].phase)

    def _plan(self) -> list[Phase]:
        assert self.runner
        options = LoadOptions.model_validate(vars(self.runner.environment.parsed_options))
        return phases_of(options.shape, callers=options.callers, seconds=options.duration)

    def _arrivals_begin(self, phase: Phase) -> bool:
        return phase.open_loop and not self.spans[-1].phase.open_loop

    def _is_over(self, span: Span) -> bool:
        now_s = time.time()
        if not span.phase.drains:
            return now_s - span.start_s >= span.phase.seconds
        if self.get_current_user_count() > 0:
            self._idle_since_s = None
            return False
        if self._idle_since_s is None:
            self._idle_since_s = now_s
        return now_s - self._idle_since_s >= (LAST_REPORT_S if isinstance(self.runner, MasterRunner) else 0)

    def _users(self, phase: Phase) -> Tick:
        if phase.open_loop:
            return getattr(self.runner, "worker_count", 1), FASTEST_SPAWN_PER_S, list(OPEN_LOOP)
        return phase.callers, FASTEST_SPAWN_PER_S, list(CLOSED_LOOP)
