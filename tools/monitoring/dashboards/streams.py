"""Papers that nobody waits for on a connection: messages of a stream, and lines of batch files."""

from tools.monitoring.panels import Dashboard, Query, Row, line
from tools.monitoring.promql import quantiles, rate, rates

_STREAM = Row(
    "Stream",
    [
        line(
            "Behind",
            "Messages that no worker has read.",
            "short",
            Query("sum(max by (partition) (pubserve_worker_lag))", "lag"),
        ),
        line(
            "Read and not settled",
            "By the group, and by the workers that live.",
            "short",
            Query("sum(max by (partition) (pubserve_worker_pending))", "pending"),
            Query("sum(pubserve_worker_held)", "held"),
        ),
        line("Settled", "By outcome.", "ops", rates("pubserve_worker_messages_total", by="outcome")),
        line("Dead letters", "By reason.", "ops", rates("pubserve_worker_dead_letters_total", by="reason")),
    ],
)

_WORKERS = Row(
    "Workers",
    [
        line(
            "Time of a batch",
            "From its first request until all in it is settled.",
            "s",
            *quantiles("pubserve_worker_batch_seconds"),
        ),
        line(
            "Papers of a batch",
            "Mean.",
            "short",
            Query(
                f"{rate('pubserve_worker_batch_papers_sum')} / {rate('pubserve_worker_batch_papers_count')}", "papers"
            ),
        ),
        line("Tries again", "By cause.", "ops", rates("pubserve_worker_retries_total", by="cause")),
    ],
)

_BATCH_API = Row(
    "Batch API",
    [
        line("Batches", "By status.", "short", Query("max by (status) (pubserve_batches)", "{{status}}")),
        line("Lines answered", "By outcome.", "ops", rates("pubserve_batch_lines_total", by="outcome")),
    ],
)

STREAMS = Dashboard(
    "pubserve-streams",
    "Streams and batches",
    "Papers that nobody waits for on a connection: messages of a stream, and lines of batch files.",
    [_STREAM, _WORKERS, _BATCH_API],
)
