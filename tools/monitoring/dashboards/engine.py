"""vLLM behind the OpenAI routes, and behind the papers where it is the extractor.

Its gauges are exported while it works, and not while it rests: nothing is 0.
"""

from tools.monitoring.panels import Dashboard, Query, Row, line
from tools.monitoring.promql import quantiles, rate, rates


def _gauge(metric: str) -> str:
    return f"sum({metric}) or vector(0)"


_REQUESTS = Row(
    "Requests",
    [
        line(
            "In the engine",
            "Running, and waiting for memory or a place.",
            "short",
            Query(_gauge("ray_vllm_num_requests_running"), "running"),
            Query(_gauge("ray_vllm_num_requests_waiting"), "waiting"),
        ),
        line(
            "Finished",
            "By reason: stop and length are answers, abort is a caller who left.",
            "reqps",
            rates("ray_vllm_request_success_total", by="finished_reason"),
        ),
        line(
            "Chats in flight",
            "Admitted by the ingress, and as many as may be.",
            "short",
            Query('sum(pubserve_in_flight{unit="chats"})', "in flight"),
            Query('sum(pubserve_in_flight_limit{unit="chats"})', "limit"),
        ),
    ],
)

_SPEED = Row(
    "Speed, as the engine sees it",
    [
        line("Until the first token", "Of a request.", "s", *quantiles("ray_vllm_time_to_first_token_seconds")),
        line("Between tokens", "Of a request.", "s", *quantiles("ray_vllm_inter_token_latency_seconds")),
        line("Wait", "Before a request's first step.", "s", *quantiles("ray_vllm_request_queue_time_seconds")),
        line(
            "Whole requests", "From arrival to the last token.", "s", *quantiles("ray_vllm_e2e_request_latency_seconds")
        ),
    ],
)

_WORK = Row(
    "Work",
    [
        line(
            "Tokens",
            "A second, read and written.",
            "ops",
            Query(rate("ray_vllm_prompt_tokens_total"), "prompt"),
            Query(rate("ray_vllm_generation_tokens_total"), "generated"),
        ),
        line(
            "Key-value cache",
            "In use on the fullest replica. Near 1, requests wait or start anew.",
            "percentunit",
            Query("max(ray_vllm_kv_cache_usage_perc) or vector(0)", "in use"),
            warn_at=0.85,
            bad_at=0.95,
        ),
        line(
            "Prefix cache",
            "Share of prompt tokens found in it.",
            "percentunit",
            Query(
                f"({rate('ray_vllm_prefix_cache_hits_total')} or vector(0))"
                f" / {rate('ray_vllm_prefix_cache_queries_total')}",
                "hits",
            ),
        ),
        line(
            "Preemptions",
            "Requests put back for want of memory.",
            "ops",
            Query(f"{rate('ray_vllm_num_preemptions_total')} or vector(0)", "preempted"),
        ),
    ],
)

ENGINE = Dashboard(
    "pubserve-engine",
    "Engine",
    "vLLM behind the OpenAI routes, and behind the papers where it is the extractor.",
    [_REQUESTS, _SPEED, _WORK],
)
