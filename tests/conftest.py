"""Property-based tests: never timed, for the machines are noisy; in CI the same examples every time.

What a service keeps is kept apart from what the user's own keeps, and from what that of another process of tests keeps.
"""

import os
import tempfile

from hypothesis import settings

from tests.side_by_side import pytest_collection_modifyitems, pytest_xdist_make_scheduler

__all__ = ["pytest_collection_modifyitems", "pytest_xdist_make_scheduler"]

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")

_state = tempfile.TemporaryDirectory(prefix="pubserve-tests-")
os.environ["PUBSERVE_BATCHES__STATE_DIR"] = f"{_state.name}/batches"
os.environ["PUBSERVE_AGENT__STATE_DIR"] = f"{_state.name}/agent"
if "PYTEST_XDIST_WORKER" in os.environ:
    # Processes side by side: each with threads for all cores would get next to nothing done.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
