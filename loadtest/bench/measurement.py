"""What is measured of a peer, and how measurements are kept so that none is made twice."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict


class Work(StrEnum):
    """What a peer does with a paper."""

    CLASSIFY = "classify"
    EXTRACT = "extract"
    ANALYZE = "analyze"
    """Both."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Load(_Frozen):
    """How much is asked at once. A loop in process takes so many papers at a time."""

    concurrency: int
    """Requests in flight: as soon as one is answered, the next one leaves."""
    papers_per_request: int = 1

    def __str__(self) -> str:
        return (
            f"{self.concurrency}" if self.papers_per_request == 1 else f"{self.concurrency}x{self.papers_per_request}"
        )


WARM_UP_BUDGETS = 4
"""Until all that is in flight has been answered once, a fast model reads ahead of a slow one, and takes its time. So a
load's time begins then, though so many times that time after the start at the latest."""


class Outcome(_Frozen):
    """What a peer did within its time."""

    papers: int
    failed: int
    papers_per_s: float
    """From the last answer of the warm-up to the last one of all, from the start if the warm-up saw none: a peer that
    answers in batches is not blamed for the batch that was cut off."""
    lasted_s: float
    """Until what was under way was abandoned."""
    first_result_s: float
    p50_s: float
    p99_s: float
    abandoned: int = 0
    """Requests that were under way when time was up."""
    client_cpu_s: float = 0.0

    @classmethod
    def of(
        cls,
        answers: Sequence[tuple[float, float, int]],
        *,
        lasted_s: float,
        warm_up_s: float = 0.0,
        failed: int = 0,
        abandoned: int = 0,
        client_cpu_s: float = 0.0,
    ) -> "Outcome":
        """From `(seconds from the start, latency in seconds, papers)` of each request that was answered.

        What works on many papers at once answers few at the beginning, and not for being slow: `warm_up_s`.

        Raises:
            ValueError: there is none.
        """
        if not answers:
            raise ValueError(f"no request was answered; {failed} papers failed, {abandoned} requests were under way")
        ended_s, latency_s, papers = (np.array(column) for column in zip(*answers, strict=True))
        p50_s, p99_s = np.quantile(np.repeat(latency_s, papers), [0.5, 0.99])
        warm_s = ended_s[ended_s <= warm_up_s].max(initial=0.0)
        if warm_s == ended_s.max():
            warm_s = 0.0  # the requests came to an end early
        return cls(
            papers=int(papers.sum()),
            failed=failed,
            papers_per_s=float(papers[ended_s > warm_s].sum() / (ended_s.max() - warm_s)),
            lasted_s=lasted_s,
            first_result_s=float(ended_s.min()),
            p50_s=float(p50_s),
            p99_s=float(p99_s),
            abandoned=abandoned,
            client_cpu_s=client_cpu_s,
        )


class Measurement(_Frozen):
    """One peer under one load in one round."""

    peer: str
    work: Work
    load: Load
    round: int
    outcome: Outcome
    cpu_s: Mapping[str, float]
    """Processor time of the peer's processes while it worked, the work that was cut off included."""
    peak_bytes: int

    @property
    def papers_per_s(self) -> float:
        return self.outcome.papers_per_s

    @property
    def cpu_s_per_1000_papers(self) -> float:
        return sum(self.cpu_s_per_1000_papers_of.values())

    @property
    def cpu_s_per_1000_papers_of(self) -> dict[str, float]:
        """By process, at the pace of the load: what was begun and cut off was not read for nothing."""
        papers = self.papers_per_s * self.outcome.lasted_s
        return {process: cpu_s / papers * 1000 for process, cpu_s in self.cpu_s.items()}


class OtherRun(Exception):
    """The folder holds measurements that were made in other circumstances."""


class Runs:
    """Measurements in a folder, one JSON file each.

    Args:
        circumstances: what has to be the same for two measurements to be compared.

    Raises:
        OtherRun: naming what is not.
    """

    def __init__(self, folder: Path, circumstances: Mapping[str, str]) -> None:
        self.folder = folder
        record = folder / "circumstances.json"
        if record.exists():
            before = _Circumstances.model_validate_json(record.read_bytes()).values
            changed = sorted(key for key in before | dict(circumstances) if before.get(key) != circumstances.get(key))
            if changed:
                raise OtherRun(
                    f"{folder} was measured with another {', '.join(changed)}; name another folder with --runs, "
                    "or remove this one."
                )
        folder.mkdir(parents=True, exist_ok=True)
        record.write_text(_Circumstances(values=dict(circumstances)).model_dump_json(indent=2) + "\n", encoding="utf-8")

    def find(self, peer: str, work: Work, load: Load, round_: int) -> Measurement | None:
        path = self._path(peer, work, load, round_)
        return Measurement.model_validate_json(path.read_bytes()) if path.exists() else None

    def keep(self, measurement: Measurement) -> None:
        path = self._path(measurement.peer, measurement.work, measurement.load, measurement.round)
        partial = path.with_suffix(".partial")
        partial.write_text(measurement.model_dump_json(indent=2) + "\n", encoding="utf-8")
        partial.rename(path)  # what is there is whole

    def __iter__(self) -> Iterator[Measurement]:
        for path in sorted(self.folder.glob("*-round-*.json")):
            yield Measurement.model_validate_json(path.read_bytes())

    def _path(self, peer: str, work: Work, load: Load, round_: int) -> Path:
        return self.folder / f"{peer}-{work}-{load}-round-{round_}.json"


class _Circumstances(_Frozen):
    values: dict[str, str]
