"""Property-based tests: never timed, for the machines are noisy; in CI the same examples every time.

What a service keeps is kept apart from what the user's own keeps.
"""

import os
import tempfile

from hypothesis import settings

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")

os.environ.setdefault("PUBSERVE_BATCHES__STATE_DIR", tempfile.mkdtemp(prefix="pubserve-tests-"))
os.environ.setdefault("PUBSERVE_AGENT__STATE_DIR", tempfile.mkdtemp(prefix="pubserve-tests-"))
