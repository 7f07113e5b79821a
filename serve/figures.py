"""Figures read back from instruments, for a status that people look at without a Prometheus."""

import math
from collections import defaultdict
from collections.abc import Callable

from prometheus_client import Counter, Histogram
from prometheus_client.samples import Sample


def by_label(counter: Counter) -> dict[str, int]:
    """The values of a counter with one label."""
    return {_label(sample): int(sample.value) for sample in _samples(counter, "_total")}


def total(counter: Counter, counts: Callable[[dict[str, str]], bool] = lambda _: True) -> float:
    """The sum of a counter over the labels that count."""
    return sum(sample.value for sample in _samples(counter, "_total") if counts(sample.labels))


def means_by_label(histogram: Histogram) -> dict[str, float]:
    """The means of a histogram with one label; those that were observed."""
    counts = {_label(sample): sample.value for sample in _samples(histogram, "_count")}
    sums = {_label(sample): sample.value for sample in _samples(histogram, "_sum")}
    return {label: round(sums[label] / count, 6) for label, count in counts.items() if count}


def quantiles_by_label(histogram: Histogram, quantile: float) -> dict[str, float]:
    """A quantile of a histogram with one label; those that were observed. Within a bucket, a straight line; what is
    beyond the last bound is the last bound: as Prometheus has it."""
    buckets: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for sample in _samples(histogram, "_bucket"):
        [label] = (value for name, value in sample.labels.items() if name != "le")
        buckets[label].append((float(sample.labels["le"]), sample.value))
    return {label: round(_quantile(found, quantile), 6) for label, found in buckets.items() if found[-1][1]}


def _quantile(buckets: list[tuple[float, float]], quantile: float) -> float:
    """From upper bounds with the counts up to them, in order, the last of them infinite."""
    rank = quantile * buckets[-1][1]
    low = below = 0.0
    for bound, count in buckets:
        if count >= rank:
            return low if math.isinf(bound) else low + (bound - low) * (rank - below) / (count - below)
        low, below = bound, count
    raise AssertionError("the last bucket holds all")


def _samples(metric: Counter | Histogram, suffix: str) -> list[Sample]:
    return [s for family in metric.collect() for s in family.samples if s.name == family.name + suffix]


def _label(sample: Sample) -> str:
    [value] = sample.labels.values()
    return value
