"""Quantiles as Prometheus reckons them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram

from serve.figures import quantiles_by_label

BOUNDS = (1.0, 2.0, 4.0)


def observed(*values: float) -> Histogram:
    histogram = Histogram("seconds", "", ["of"], buckets=BOUNDS, registry=CollectorRegistry())
    for value in values:
        histogram.labels("all").observe(value)
    return histogram


@pytest.mark.parametrize(
    ("values", "quantile", "expected"),
    [([0.5], 0.5, 0.5), ([1.5, 1.5], 0.5, 1.5), ([0.5, 3, 3, 3], 0.5, 2 + 2 / 3), ([9, 9], 0.95, 4.0), ([], 0.5, None)],
)
def test_within_a_bucket_a_quantile_lies_on_a_line(
    values: list[float], quantile: float, expected: float | None
) -> None:
    found = quantiles_by_label(observed(*values), quantile).get("all")

    assert found == (None if expected is None else pytest.approx(expected))


@given(values=st.lists(st.floats(0, 10), min_size=1), quantile=st.floats(0.01, 1))
def test_at_least_the_share_that_is_asked_for_lies_in_the_buckets_up_to_a_quantile(
    values: list[float], quantile: float
) -> None:
    found = quantiles_by_label(observed(*values), quantile)["all"]

    up_to = next(bound for bound in BOUNDS if bound >= found)
    assert up_to == BOUNDS[-1] or sum(value <= up_to for value in values) >= quantile * len(values) - 1e-6
