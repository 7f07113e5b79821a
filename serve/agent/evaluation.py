"""Whether second readings help: the labels before and after them, against labels that people gave."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pubserve.contract import Paper
from pubserve.formats.records import PaperRecord
from serve.agent.graph import beginning, build
from serve.agent.messages import Adjudication, Reading, RunRequest
from serve.agent.report import report_of
from serve.agent.steps import Tools
from serve.http.caller import EVERYONE

SPARE_STEPS = 20


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Counts of papers, and shares of them that are labelled rightly."""

    papers: int
    adjudication: Adjudication
    accuracy_before: float
    accuracy_after: float
    mended: int
    spoilt: int

    @property
    def lowers_accuracy(self) -> bool:
        return self.spoilt > self.mended


async def evaluate(records: Sequence[PaperRecord], tools: Tools) -> Evaluation:
    """Read papers with labels, and read the uncertain ones again. Ids are unique, and labels those of the contract.

    The limits of a run do not hold: the tools' settings say how many calls there may be, `summarise` is off.
    """
    papers = [Paper(id=record.id, title=record.title or None, abstract=record.abstract or None) for record in records]
    truth = {record.id: record.label for record in records}
    request = RunRequest(papers=papers, summarise=False)
    state = beginning({"run_id": "evaluation", "owner": EVERYONE, "request": request})
    config: Any = {"recursion_limit": tools.settings.max_steps + SPARE_STEPS}
    report = report_of(await build(tools, None).ainvoke(state, config))  # type: ignore[arg-type]
    before = [_is_right(reading.first_labels, reading, truth) for reading in report.readings]
    after = [_is_right(reading.labels, reading, truth) for reading in report.readings]
    pairs = list(zip(before, after, strict=True))
    return Evaluation(
        papers=len(pairs),
        adjudication=report.adjudication,
        accuracy_before=_share(before),
        accuracy_after=_share(after),
        mended=pairs.count((False, True)),
        spoilt=pairs.count((True, False)),
    )


def _is_right(labels: list[str], reading: Reading, truth: dict[str, str | None]) -> bool:
    return labels == [truth[reading.paper_id]]


def _share(right: Sequence[bool]) -> float:
    return round(sum(right) / len(right), 4) if right else 0.0
