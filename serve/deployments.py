"""The deployments of this application as Ray Serve sees them."""

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Any

from pydantic import Field

from pubserve.contract import Wire
from serve.logs import log

MAX_AGE_S = 1.0
"""However many ask, Ray's controller is asked about once in this time."""

ANSWER_WITHIN_S = 1.0


class DeploymentStatus(Wire):
    """One deployment: what Ray Serve says of it, and its replicas."""

    name: str = Field(examples=["Classifier"])
    status: str = Field(description="HEALTHY, UPDATING, UPSCALING, DOWNSCALING, UNHEALTHY or DEPLOY_FAILED.")
    message: str = Field(default="", description="Ray Serve's own words where something is wrong.")
    replicas_running: int = Field(ge=0)
    replicas_target: int = Field(ge=0, description="As many as autoscaling wants now.")


def deployments_on_ray() -> list[DeploymentStatus]:
    """Ask Ray's controller; blocks. Empty where this process is no replica of Ray Serve."""
    if "ray" not in sys.modules:
        return []  # importing it only to learn that takes seconds
    import ray
    from ray import serve
    from ray.serve.context import _get_global_client, _get_internal_replica_context

    if not ray.is_initialized() or _get_internal_replica_context() is None:
        return []
    # `serve.status()` asks the same of the controller and leaves the targets out of its answer.
    applications: dict[str, Any] = _get_global_client().get_serve_details()["applications"]
    deployments = applications[serve.get_replica_context().app_name]["deployments"]
    return [_status(name, details) for name, details in deployments.items()]


def _status(name: str, details: dict[str, Any]) -> DeploymentStatus:
    return DeploymentStatus(
        name=name,
        status=details["status"],
        message=details["message"],
        replicas_running=sum(replica["state"] == "RUNNING" for replica in details["replicas"]),
        replicas_target=details["target_num_replicas"],
    )


class Deployments:
    """The last that is known of the deployments, never older than it must be, and never waited for too long."""

    def __init__(self, ask: Callable[[], list[DeploymentStatus]] = deployments_on_ray) -> None:
        self._ask = ask
        self._known: list[DeploymentStatus] = []
        self._asking: asyncio.Task[list[DeploymentStatus]] | None = None
        self._asked_s = 0.0

    async def read(self) -> list[DeploymentStatus]:
        """What Ray says; what it said last, if it does not answer."""
        now_s = time.monotonic()
        if self._asking is None or (self._asking.done() and now_s - self._asked_s > MAX_AGE_S):
            self._asked_s = now_s
            self._asking = asyncio.create_task(asyncio.to_thread(self._ask))
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                # A thread cannot be stopped: an answer that comes late is there for the next who asks.
                self._known = await asyncio.shield(self._asking)
        except TimeoutError:
            log.warning("deployments_unknown", reason="Ray's controller does not answer")
        except Exception:
            log.exception("deployments_unknown")
        return self._known
