"""How fast a count grows, over the last minute."""

import time
from collections import deque
from collections.abc import Callable

WINDOW_S = 60.0


class Throughput:
    """The rate of a count that only grows, from samples of it.

    Sampled about once a second, whoever asks and however seldom: a rate over the time since the last question would be
    another figure for every caller.
    """

    def __init__(self, count: Callable[[], float], clock: Callable[[], float] = time.monotonic) -> None:
        self._count = count
        self._clock = clock
        self._samples: deque[tuple[float, float]] = deque()
        self.sample()

    def sample(self) -> None:
        """Note the count of now, and forget what is older than the window."""
        now_s = self._clock()
        self._samples.append((now_s, self._count()))
        while now_s - self._samples[0][0] > WINDOW_S:
            self._samples.popleft()

    @property
    def per_s(self) -> float:
        """Between the oldest sample of the window and the newest; 0 before there are two."""
        (first_s, first), (last_s, last) = self._samples[0], self._samples[-1]
        return (last - first) / (last_s - first_s) if last_s > first_s else 0.0
