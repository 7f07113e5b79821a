"""What the service is meant to reach beside its peers, as ratios within a round, and whether it did."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from loadtest.bench.measurement import Load, Measurement, Work
from loadtest.bench.peers.peer import IN_BATCHES
from training.evaluation import Estimate


@dataclass(frozen=True, slots=True)
class Aim:
    """Papers per second of one peer over those of another, or alone where there is no other.

    Args:
        loads: under which the two are compared, those of single papers if none are named; the largest that both were
            put under in a round counts.
    """

    name: str
    peer: str
    work: Work
    at_least: float
    other: str | None = None
    loads: Sequence[Load] | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was measured of an aim: the median of the rounds, with the lowest and the highest. None if nothing was."""

    aim: Aim
    measured: "Spread | None"
    load: Load | None

    @property
    def held(self) -> bool | None:
        return None if self.measured is None else self.measured.value >= self.aim.at_least


_ONE, _MANY = Load(concurrency=1), Load(concurrency=32)
_BATCHES = (Load(concurrency=1, papers_per_request=64), Load(concurrency=8, papers_per_request=64))

_OURS, _CLASSIFIER, _TAGGER = "pubserve", "bare-classifier", "bare-tagger"
_GENERATOR, _VLLM = "pubserve-generator", "vllm-offline"

AIMS: Sequence[Aim] = (
    Aim("classifier, 32 papers a request / bare loop", _OURS, Work.CLASSIFY, 0.95, _CLASSIFIER, [IN_BATCHES]),
    Aim("classifier, single papers / bare loop", _OURS, Work.CLASSIFY, 0.95, _CLASSIFIER),
    Aim("tagger, 32 papers a request / bare loop", _OURS, Work.EXTRACT, 0.95, _TAGGER, [IN_BATCHES]),
    Aim("tagger, single papers / bare loop", _OURS, Work.EXTRACT, 0.95, _TAGGER),
    Aim("generator, 32 papers a request / vLLM offline", _GENERATOR, Work.EXTRACT, 0.95, _VLLM, [IN_BATCHES]),
    Aim("generator, single papers / vLLM offline", _GENERATOR, Work.EXTRACT, 0.95, _VLLM),
    Aim("whole pipeline / Flask, one by one", _OURS, Work.ANALYZE, 10, "flask"),
    Aim("whole pipeline / FastAPI with pipelines", _OURS, Work.ANALYZE, 1.5, "fastapi-pipelines"),
    Aim("extraction / llama.cpp", _OURS, Work.EXTRACT, 1, "llama.cpp"),
    Aim("one paper at a time, instant models / FastAPI", "ingress", Work.ANALYZE, 0.8, "fastapi-echo", [_ONE]),
    Aim("32 single papers in flight, instant models / FastAPI", "ingress", Work.ANALYZE, 0.8, "fastapi-echo", [_MANY]),
    Aim("papers/s in batches of 64, instant models", "ingress", Work.ANALYZE, 1500, loads=_BATCHES),
)


def judge(aim: Aim, measurements: Iterable[Measurement]) -> Verdict:
    """The aim against what was measured; where two peers are compared, only rounds that have both count."""
    own: dict[tuple[Load, int], float] = {}
    others: dict[tuple[Load, int], float] = {}
    for measured in measurements:
        if measured.work == aim.work and _is_about(aim, measured.load):
            side = own if measured.peer == aim.peer else others if measured.peer == aim.other else {}
            side[measured.load, measured.round] = measured.papers_per_s
    common = own.keys() & others.keys() if aim.other else own.keys()
    if not common:
        return Verdict(aim, None, None)
    load = max((load for load, _ in common), key=lambda load: load.concurrency * load.papers_per_request)
    values = [own[at] / (others[at] if aim.other else 1) for at in common if at[0] == load]
    return Verdict(aim, Spread.of(values), load)


def _is_about(aim: Aim, load: Load) -> bool:
    return load.papers_per_request == 1 if aim.loads is None else load in aim.loads


class Spread(Estimate):
    """The median of the rounds, with the lowest and the highest of them in place of an interval."""

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Raises `ValueError` for no rounds."""
        in_order = sorted(values)
        return cls(median(in_order), in_order[0], in_order[-1])

    def __str__(self) -> str:
        value, low, high = (three_digits(number) for number in (self.value, self.low, self.high))
        return value if low == high else f"{value} ({low} to {high})"


def three_digits(number: float) -> str:
    """For people: `0.952`, `12.3`, `1,234`."""
    return f"{number:,.0f}" if number >= 100 else f"{number:#.3g}".removesuffix(".")
