"""One scrape shows all replicas of the ingress, whichever answers it."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from serve.exported import Export, ExportedMetrics
from serve.metrics import Metrics

pytestmark = pytest.mark.anyio


def replica(name: str, papers: int) -> Export:
    metrics = Metrics()
    metrics.papers.labels("ok").inc(papers)
    metrics.stage_seconds.labels("classify").observe(papers)
    return Export(name, list(metrics.registry.collect()))


async def test_each_family_is_there_once_with_the_samples_of_every_replica() -> None:
    async def ask_all() -> list[Export]:
        return [replica("a", papers=2), replica("b", papers=3)]

    text = (await ExportedMetrics(Metrics(), ask_all).render()).decode()

    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert text.count("# TYPE pubserve_papers_total ") == 1
    papers = {s.labels["replica"]: s.value for s in families["pubserve_papers"].samples if s.name.endswith("_total")}
    assert papers == {"a": 2, "b": 3}
    buckets = [s for s in families["pubserve_stage_seconds"].samples if s.labels.get("le") == "+Inf"]
    assert {s.labels["replica"]: s.value for s in buckets} == {"a": 1, "b": 1}


async def test_alone_it_speaks_for_itself() -> None:
    async def nobody() -> list[Export]:
        return []

    metrics = Metrics()
    metrics.mentions.inc(7)

    assert "pubserve_mentions_total 7.0" in (await ExportedMetrics(metrics, nobody).render()).decode().splitlines()


async def test_replicas_that_hang_do_not_hide_the_one_that_answers(capsys: pytest.CaptureFixture[str]) -> None:
    async def hang() -> list[Export]:
        raise TimeoutError

    text = (await ExportedMetrics(Metrics(), hang).render()).decode()

    assert "pubserve_mentions_total 0.0" in text.splitlines()
    assert "metrics_of_one_replica" in capsys.readouterr().err
