"""Replicas of each deployment, what drives their number, and the nodes below them."""

from tools.monitoring.panels import Dashboard, Query, Row, line
from tools.monitoring.promql import rates


def _of_deployments(how: str, expr: str, suffix: str = "") -> Query:
    return Query(f"{how} by (deployment) ({expr})", "{{deployment}}" + suffix)


_STARTS = "rate(ray_serve_replica_startup_latency_ms_bucket[1h])"

_REPLICAS = Row(
    "Replicas",
    [
        line(
            "Healthy",
            "Replicas that answer their health check.",
            "short",
            _of_deployments("sum", "ray_serve_deployment_replica_healthy"),
        ),
        line(
            "Wanted",
            "As many as autoscaling asks for, within its bounds and without them.",
            "short",
            _of_deployments("max", "ray_serve_autoscaling_target_replicas"),
            _of_deployments("max", "ray_serve_autoscaling_desired_replicas", ", without bounds"),
        ),
        line(
            "Started",
            "In an hour. What is not autoscaling is crashes.",
            "short",
            _of_deployments("sum", "increase(ray_serve_deployment_replica_starts_total[1h])"),
        ),
        line(
            "Time to start",
            "Until a new replica answers, 95th percentile.",
            "s",
            Query(
                f"histogram_quantile(0.95, sum by (deployment, le) ({_STARTS})) / 1000",
                "{{deployment}}",
            ),
        ),
    ],
)

_LOAD = Row(
    "Load",
    [
        line(
            "Requests at replicas",
            "What autoscaling looks at: queued and in work.",
            "short",
            _of_deployments("sum", "ray_serve_autoscaling_total_requests"),
        ),
        line(
            "Requests a replica should have",
            "The target of each deployment.",
            "short",
            _of_deployments("max", "ray_serve_autoscaling_target_ongoing_requests"),
        ),
        line(
            "Queued for a replica",
            "By the deployment that is waited for.",
            "short",
            _of_deployments("sum", "ray_serve_deployment_queued_queries"),
        ),
        line(
            "Calls",
            "By the deployment that is called.",
            "reqps",
            rates("ray_serve_deployment_request_counter_total", by="deployment"),
        ),
    ],
)

_NODES = Row(
    "Nodes",
    [
        line("Processors", "In use.", "percentunit", Query("max by (ip) (ray_node_cpu_utilization) / 100", "{{ip}}")),
        line(
            "Memory",
            "In use.",
            "percentunit",
            Query("max by (ip) (ray_node_mem_used / ray_node_mem_total)", "{{ip}}"),
            warn_at=0.85,
            bad_at=0.95,
        ),
        line(
            "Disk",
            "In use where Ray writes.",
            "percentunit",
            Query("max by (ip) (ray_node_disk_utilization_percentage) / 100", "{{ip}}"),
            warn_at=0.8,
            bad_at=0.9,
        ),
        line(
            "Memory by kind of process",
            "Resident. One that only grows is a leak.",
            "bytes",
            Query("sum by (Component) (ray_component_rss_bytes)", "{{Component}}"),
        ),
    ],
)

AUTOSCALING = Dashboard(
    "pubserve-autoscaling",
    "Autoscaling",
    "Replicas of each deployment, what drives their number, and the nodes below them.",
    [_REPLICAS, _LOAD, _NODES],
)
