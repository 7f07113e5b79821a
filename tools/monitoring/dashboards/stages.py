"""Where the time of a paper goes, and what the models make of it."""

from tools.monitoring.panels import Dashboard, Query, Row, line
from tools.monitoring.promql import mean, p95, rate, rates

_TIME = Row(
    "Time",
    [
        line("Work on a paper", "By stage, 95th percentile.", "s", p95("pubserve_stage_seconds", by="stage")),
        line(
            "Wait before a stage",
            "By stage, 95th percentile. Work waits here and nowhere else.",
            "s",
            p95("pubserve_stage_queue_seconds", by="stage"),
        ),
        line("Mean work on a paper", "By stage.", "s", mean("pubserve_stage_seconds", by="stage")),
    ],
)

_BATCHES = Row(
    "Batches",
    [
        line("Tokens", "A second, by stage and kind.", "ops", rates("pubserve_tokens_total", by="stage, kind")),
        line(
            "Rows of a batch",
            "Mean of forward passes. Near 1 there is too little work to batch.",
            "short",
            mean("pubserve_batch_rows", by="stage"),
        ),
        line("Tokens of a batch", "Mean, with padding.", "short", mean("pubserve_batch_tokens", by="stage")),
        line(
            "Padding",
            "Mean share of a batch.",
            "percentunit",
            mean("pubserve_batch_padding_ratio", by="stage"),
            warn_at=0.2,
            bad_at=0.4,
        ),
    ],
)

_HIT = 'outcome="hit"'

_CACHE = Row(
    "Cache",
    [
        line(
            "Hits",
            "Share of readings that were remembered.",
            "percentunit",
            Query(
                f"({rate('pubserve_cache_lookups_total', where=_HIT)} or vector(0))"
                f" / {rate('pubserve_cache_lookups_total')}",
                "hits",
            ),
        ),
        line("Lookups", "By stage and outcome.", "ops", rates("pubserve_cache_lookups_total", by="stage, outcome")),
    ],
)

_PAPERS = rate("pubserve_papers_total")

_ANSWERS = Row(
    "Answers",
    [
        line(
            "Labels",
            "A second. Other proportions mean other papers, or another model.",
            "ops",
            rates("pubserve_labels_total", by="label"),
        ),
        line(
            "Names in a paper",
            "Mean of those returned, and of those dropped because they are not in the text.",
            "short",
            Query(f"{rate('pubserve_mentions_total')} / {_PAPERS}", "returned"),
            Query(f"{rate('pubserve_ungrounded_names_total')} / {_PAPERS}", "dropped"),
        ),
        line("Warnings", "On papers, by kind.", "ops", rates("pubserve_paper_warnings_total", by="warning")),
    ],
)

STAGES = Dashboard(
    "pubserve-stages",
    "Stages",
    "Where the time of a paper goes, and what the models make of it.",
    [_TIME, _BATCHES, _CACHE, _ANSWERS],
)
