"""Questions in PromQL, put together from the names of metrics.

Sums go over `replica`, so that each expression holds for one ingress and for many.
"""

from tools.monitoring.panels import Query

QUANTILES = (0.5, 0.95, 0.99)


def rate(metric: str, *, by: str = "", where: str = "") -> str:
    """The sum of a counter's growth per second."""
    return f"sum{f' by ({by})' if by else ''} (rate({metric}{f'{{{where}}}' if where else ''}[5m]))"


def rates(metric: str, *, by: str) -> Query:
    """The growth of a counter per second, a series for each value of the labels."""
    return Query(rate(metric, by=by), " ".join(f"{{{{{label}}}}}" for label in by.split(", ")))


def quantiles(histogram: str, *, where: str = "") -> list[Query]:
    """The usual three of a histogram."""
    buckets = rate(f"{histogram}_bucket", by="le", where=where)
    return [Query(f"histogram_quantile({q}, {buckets})", f"p{q * 100:g}") for q in QUANTILES]


def p95(histogram: str, *, by: str) -> Query:
    """The 95th percentile of a histogram, a series for each value of a label."""
    buckets = rate(f"{histogram}_bucket", by=f"{by}, le")
    return Query(f"histogram_quantile(0.95, {buckets})", f"{{{{{by}}}}}")


def mean(histogram: str, *, by: str) -> Query:
    """What a histogram saw on average, a series for each value of a label."""
    return Query(f"{rate(f'{histogram}_sum', by=by)} / {rate(f'{histogram}_count', by=by)}", f"{{{{{by}}}}}")
