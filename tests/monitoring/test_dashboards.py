"""The dashboards that a cluster gets are those described in Python, and Grafana can read them."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from tools.monitoring.__main__ import dashboard_files
from tools.monitoring.dashboards import DASHBOARDS
from tools.monitoring.grafana import COLUMNS, GrafanaDashboard
from tools.monitoring.panels import Dashboard, Row, line, stat, to_grafana
from tools.monitoring.promql import mean, p95, quantiles, rate, rates

FILES = dashboard_files()


def test_the_files_have_not_drifted_from_their_description() -> None:
    for path, content in FILES.items():
        assert path.read_text(encoding="utf-8") == content, "run `python -m tools.monitoring generate`"
    assert {path.name for path in next(iter(FILES)).parent.iterdir()} == {path.name for path in FILES}


@pytest.mark.parametrize("text", FILES.values(), ids=[path.stem for path in FILES])
def test_a_file_is_a_dashboard_and_its_panels_fill_the_grid_without_overlap(text: str) -> None:
    dashboard = GrafanaDashboard.model_validate_json(text)

    taken: set[tuple[int, int]] = set()
    for panel in dashboard.panels:
        place = panel.gridPos
        cells = {(x, y) for x in range(place.x, place.x + place.w) for y in range(place.y, place.y + place.h)}
        assert place.x + place.w <= COLUMNS
        assert not cells & taken
        taken |= cells
    assert len({panel.id for panel in dashboard.panels}) == len(dashboard.panels)


def test_pages_and_panels_have_names_of_their_own() -> None:
    assert len({dashboard.uid for dashboard in DASHBOARDS}) == len(DASHBOARDS)
    for dashboard in DASHBOARDS:
        titles = [panel.title for row in dashboard.rows for panel in row.panels]
        assert len(set(titles)) == len(titles)


@pytest.mark.parametrize(
    "change",
    [{"colour": "red"}, {"schemaVersion": 12}, {"panels": []}, {"uid": "Not A Slug"}, {"time": {"since": "now"}}],
)
def test_what_grafana_does_not_know_is_no_dashboard(change: dict[str, Any]) -> None:
    dashboard = json.loads(next(iter(FILES.values())))

    with pytest.raises(ValidationError):
        GrafanaDashboard.model_validate({**dashboard, **change})


def test_more_is_worse_or_less_is() -> None:
    full = stat("Full", "-", "short", "a", warn_at=5, bad_at=9)
    up = stat("Up", "-", "short", "b", warn_at=1, bad_at=0)

    _, more, less = to_grafana(Dashboard("page", "Page", "-", [Row("Now", [full, up])])).panels

    assert colours(more) == [("green", None), ("orange", 5), ("red", 9)]
    assert colours(less) == [("red", None), ("orange", 0), ("green", 1)]


def colours(panel: Any) -> list[tuple[str, float | None]]:
    return [(step.color, step.value) for step in panel.fieldConfig.defaults.thresholds.steps]


def test_questions_are_sums_over_replicas() -> None:
    assert rate("a_total", where='b="c"') == 'sum (rate(a_total{b="c"}[5m]))'
    assert rates("a_total", by="b, c").legend == "{{b}} {{c}}"
    assert quantiles("a")[1].expr == "histogram_quantile(0.95, sum by (le) (rate(a_bucket[5m])))"
    assert p95("a", by="b").expr == "histogram_quantile(0.95, sum by (b, le) (rate(a_bucket[5m])))"
    assert mean("a", by="b").expr == "sum by (b) (rate(a_sum[5m])) / sum by (b) (rate(a_count[5m]))"
    assert line("a", "-", "s", *quantiles("a")).queries[2].legend == "p99"
