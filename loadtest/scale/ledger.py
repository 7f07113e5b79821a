"""What was asked of the service and what became of it, paper by paper."""

import itertools
import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Answered:
    """Papers that came back together."""

    at_s: float
    papers: int
    waited_s: float


@dataclass(slots=True)
class Ledger:
    """Every paper sent has to end in exactly one column: answered, failed or refused.

    Failed papers were admitted and came back with an error of their own; refused ones were turned away at the door.
    """

    _ends: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    failed: int = 0
    refused: int = 0
    answers: list[Answered] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)

    def send(self, ids: Iterable[str]) -> None:
        for paper in ids:
            self._ends[paper] += 0
            self.sent += 1

    def answer(self, ids: Iterable[str], *, at_s: float, waited_s: float) -> None:
        papers = self._end(ids)
        self.answers.append(Answered(at_s, papers, waited_s))

    def fail(self, ids: Iterable[str], error: str) -> None:
        papers = self._end(ids)
        self.failed += papers
        self.errors[error] += papers

    def refuse(self, ids: Iterable[str], error: str) -> None:
        papers = self._end(ids)
        self.refused += papers
        self.errors[error] += papers

    def _end(self, ids: Iterable[str]) -> int:
        papers = list(ids)
        self._ends.update(papers)
        return len(papers)

    @property
    def answered(self) -> int:
        return sum(answer.papers for answer in self.answers)

    @property
    def lost(self) -> int:
        """Papers of which nothing was heard again."""
        return sum(times == 0 for times in self._ends.values())

    @property
    def duplicated(self) -> int:
        """Papers that were heard of more than once, or were never sent."""
        return sum(times > 1 for times in self._ends.values()) + max(0, len(self._ends) - self.sent)

    def papers_per_s(self, from_s: float, to_s: float) -> float:
        """The slope of the line through the answers of the window: papers come in calls, which must not blur it."""
        inside = sorted((a for a in self.answers if from_s <= a.at_s <= to_s), key=lambda answer: answer.at_s)
        moments = [answer.at_s for answer in inside]
        if len(set(moments)) < 2:
            return 0.0
        so_far = list(itertools.accumulate(answer.papers for answer in inside))
        return statistics.linear_regression(moments, so_far).slope
