"""Where the time of one request went, so that the parts add up to the whole."""

import time


class RequestClock:
    """Marks on one process's monotonic clock, from the arrival of a request to its answer.

    The models work at the same time, so `receive + queue + the longest stage + write` is the total.
    """

    def __init__(self) -> None:
        self._received_s = self._admitted_s = time.monotonic()
        self._first_work_s: float | None = None
        self._ended_s: dict[str, float] = {}

    def admitted(self) -> None:
        """The request was read, checked and let in."""
        self._admitted_s = time.monotonic()

    def stage_answered(self, stage: str, work_ms: float) -> None:
        """A stage answered for some papers, after so much work on them."""
        now_s = time.monotonic()
        began_s = max(self._admitted_s, now_s - work_ms / 1e3)
        self._first_work_s = began_s if self._first_work_s is None else min(began_s, self._first_work_s)
        self._ended_s[stage] = now_s

    def parts_s(self, ended_s: float) -> dict[str, tuple[float, float]]:
        """What surrounds the stages, as marks on the clock: `receive`, and from the last stage on, `write`."""
        parts = {"receive": (self._received_s, self._admitted_s)} if self._admitted_s > self._received_s else {}
        return {**parts, "write": (max(self._ended_s.values()), ended_s)} if self._ended_s else parts

    def durations_ms(self) -> dict[str, float]:
        """Until now: `receive`, `queue` (until a stage took up the first paper), each stage (from then until it was
        done with the last), `write`, and `total`. A request that reached no stage has its total alone."""
        now_s = time.monotonic()
        total = {"total": (now_s - self._received_s) * 1e3}
        if self._first_work_s is None:
            return total
        first_s = self._first_work_s
        stages = {stage: (ended_s - first_s) * 1e3 for stage, ended_s in self._ended_s.items()}
        return {
            "receive": (self._admitted_s - self._received_s) * 1e3,
            "queue": (first_s - self._admitted_s) * 1e3,
            **stages,
            "write": (now_s - max(self._ended_s.values())) * 1e3,
            **total,
        }
