"""What Ray reads from the environment of its processes, the same wherever the service runs."""

import os

ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # A proxy is replaced after three failed checks. Ray looks every ten seconds: half a minute without a door.
    "RAY_SERVE_PROXY_HEALTH_CHECK_PERIOD_S": "1",
    # A proxy that is still starting is killed after three waits of this length, and on a busy machine the next one is,
    # too: Ray waits five seconds at first.
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "20",
    # Ray Serve's controller looks after everything ten times a second, which takes a twentieth of a core.
    "RAY_SERVE_CONTROL_LOOP_INTERVAL_S": "0.5",
}


def set_ray_environment() -> None:
    """Before Ray starts: its processes inherit it. What is set already stays."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
