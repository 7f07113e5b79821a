"""Hooks of pytest-xdist for `make test`: which tests stay together, and which begin first.

A module stays in one process, for its fixtures are expensive. So do all tests that put a service on Ray under load or
harm it, and those of the real service: one after the other, for two such services would starve each other of time.
"""

import os
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

SERVICES = ("tests/e2e/", "tests/loadtest/faults/test_faults_in_a_service.py", "tests/loadtest/scale/test_replicas")
"""Beginnings of the paths of tests that share a process."""

LONG = (
    "tests/bulk/",
    "tests/streams/",
    "tests/serve/web/",
    "tests/docs/",
    "tests/serve/agent/",
    "tests/serve/batches/",
    "tests/k8s/",
    "tests/monitoring/",
    "tests/training/",
    "tests/loadtest/",
)
"""They come first, that the last to run are short, and no process waits long for another."""


class Modules(LoadScopeScheduling):
    """Hands out whole modules, in the order of their collection."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return "services" if module.startswith(SERVICES) else module


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return Modules(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Alone, pytest keeps to the order of the tree."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    turns = [turn for turn, beginning in enumerate((*SERVICES, *LONG)) if item.nodeid.startswith(beginning)]
    return turns[0] if turns else len(SERVICES) + len(LONG)
