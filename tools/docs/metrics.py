"""Every metric of `/metrics`, from the instruments themselves."""

from prometheus_client import Counter, Histogram
from prometheus_client.metrics import MetricWrapperBase

from serve.metrics import Metrics
from streams.metrics import WorkerMetrics
from tools.docs.markdown import code, definitions

OF = {"service": Metrics, "worker": WorkerMetrics}


def metrics_page(of: str = "service") -> str:
    """One entry for each metric, under the name by which it is queried."""
    instruments = [value for value in vars(OF[of]()).values() if isinstance(value, MetricWrapperBase)]
    return definitions(_entry(instrument) for instrument in instruments)


def _entry(instrument: MetricWrapperBase) -> tuple[str, str, str]:
    [described] = instrument.describe()
    suffix = "_total" if isinstance(instrument, Counter) else ""
    labels = instrument._labelnames
    facts = [described.type, f"labels {', '.join(map(code, labels))}" if labels else "no labels"]
    if isinstance(instrument, Histogram):
        bounds = ", ".join(f"{bound:g}" for bound in instrument._kwargs["buckets"])
        facts.append(f"buckets {bounds}")
    return code(described.name + suffix), described.documentation, " · ".join(facts)
