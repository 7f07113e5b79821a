"""What callers get: answers, their speed, refusals and failures."""

from tools.monitoring.panels import Dashboard, Query, Row, line, stat
from tools.monitoring.promql import p95, quantiles, rate, rates

WINDOWS = ("5m", "1h", "6h")


def burn(ratio: str, objective: float) -> list[Query]:
    """How many times as fast as it may the budget is used up."""
    return [Query(f"pubserve:{ratio}:ratio_rate{window} / {objective}", window) for window in WINDOWS]


_NOW = Row(
    "Now",
    [
        stat(
            "Ready",
            "1 where both models answered when last asked, on every replica of the ingress.",
            "none",
            "min(pubserve_ready)",
            warn_at=1,
            bad_at=0.5,
        ),
        stat(
            "Papers a second", "Goodput: papers answered.", "ops", rate("pubserve_papers_total", where='outcome="ok"')
        ),
        stat(
            "Requests in error, 1 h",
            "Answered with 5xx. The objective is 0.1 %.",
            "percentunit",
            "pubserve:request_errors:ratio_rate1h",
            warn_at=0.001,
            bad_at=0.0144,
        ),
        stat(
            "Slow answers, 1 h",
            "Interactive requests that took over 5 s. The objective is 1 %.",
            "percentunit",
            "pubserve:slow_answers:ratio_rate1h",
            warn_at=0.01,
            bad_at=0.144,
        ),
        stat(
            "Work in flight",
            "Tokens admitted, of as many as may be.",
            "percentunit",
            'sum(pubserve_in_flight{unit="tokens"}) / sum(pubserve_in_flight_limit{unit="tokens"})',
            warn_at=0.8,
            bad_at=0.95,
        ),
    ],
)

_REQUESTS = Row(
    "Requests",
    [
        line(
            "Requests by status",
            "429 and 503 are refusals, 499 are callers who left.",
            "reqps",
            rates("pubserve_requests_total", by="status"),
        ),
        line("Refused", "By code. Each says when to come back.", "reqps", rates("pubserve_refused_total", by="code")),
        line(
            "Papers",
            "Answered, or failed for a reason of their own.",
            "ops",
            rates("pubserve_papers_total", by="outcome"),
        ),
        line(
            "Papers in error",
            "By code. What is unreadable or invalid is the caller's, the rest is ours.",
            "ops",
            rates("pubserve_paper_errors_total", by="code"),
        ),
    ],
)

_SPEED = Row(
    "Speed",
    [
        line(
            "Interactive answers",
            "From admission until every paper of the request is answered.",
            "s",
            *quantiles("pubserve_answer_seconds", where='priority="interactive"'),
            bad_at=5,
        ),
        line(
            "Bulk answers",
            "The same for requests of many papers, which give way to the others.",
            "s",
            *quantiles("pubserve_answer_seconds", where='priority="bulk"'),
        ),
        line(
            "Requests, 95th percentile",
            "By route, from first byte in to last byte out.",
            "s",
            p95("pubserve_request_seconds", by="route"),
        ),
    ],
)

_BUDGETS = Row(
    "Error budgets",
    [
        line(
            "Burn rate of availability",
            "At 1 the budget lasts 30 days. Alerts: 14.4 over an hour, 6 over six hours.",
            "none",
            *burn("request_errors", 0.001),
            warn_at=6,
            bad_at=14.4,
        ),
        line(
            "Burn rate of latency",
            "The same for interactive answers that took over 5 s.",
            "none",
            *burn("slow_answers", 0.01),
            warn_at=6,
            bad_at=14.4,
        ),
        line(
            "In flight",
            "Admitted and not yet answered, on all replicas.",
            "short",
            Query("sum by (unit) (pubserve_in_flight)", "{{unit}}"),
            Query("sum by (unit) (pubserve_in_flight_limit)", "{{unit}}, limit"),
        ),
    ],
)

SERVICE_LEVELS = Dashboard(
    "pubserve-service-levels",
    "Service levels",
    "What callers get: answers, their speed, refusals and failures.",
    [_NOW, _REQUESTS, _SPEED, _BUDGETS],
)
