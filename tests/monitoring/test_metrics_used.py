"""Names in expressions are found, and held against what a process exports."""

import pytest

from tools.monitoring.metrics_used import asked_for, exported_by, missing

TEXT = """\
# TYPE pubserve_papers_total counter
pubserve_papers_total{outcome="ok",replica="a"} 3
# TYPE pubserve_stage_seconds histogram
pubserve_stage_seconds_bucket{stage="classify",le="+Inf"} 3
pubserve_stage_seconds_sum{stage="classify"} 1
pubserve_stage_seconds_count{stage="classify"} 3
"""


@pytest.mark.parametrize(
    ("expr", "asked"),
    [
        ("up", {}),
        ("pubserve:request_errors:ratio_rate5m > 1", {}),
        ('rate(ray_a_total{b="c", d!~"e|f"}[5m])', {"ray_a_total": {"b", "d"}}),
        ("sum by (a, b) (pubserve_x)", {"pubserve_x": {"a", "b"}}),
        ("sum(max by (a) (pubserve_x)) / sum(rate(pubserve_y[5m]))", {"pubserve_x": {"a"}, "pubserve_y": set()}),
        ("sum by (a, le) (rate(ray_x_bucket[1h]))", {"ray_x_bucket": {"a", "le"}}),
        (
            "sum by (le) (rate(ray_x_bucket[1h])) / sum(rate(ray_x_count[1h]))",
            {"ray_x_bucket": {"le"}, "ray_x_count": set()},
        ),
    ],
)
def test_metrics_and_their_labels_are_read_from_expressions(expr: str, asked: dict[str, set[str]]) -> None:
    assert asked_for(expr) == asked


def test_what_is_not_exported_is_said_with_the_expression_that_asks() -> None:
    exported = exported_by(TEXT)

    assert missing(['sum by (outcome) (pubserve_papers_total{replica="a"})'], exported) == []
    assert [
        str(each) for each in missing(["pubserve_paper_total", "sum by (route) (pubserve_papers_total)"], exported)
    ] == [
        "pubserve_paper_total: pubserve_paper_total",
        "pubserve_papers_total has no label route: sum by (route) (pubserve_papers_total)",
    ]
