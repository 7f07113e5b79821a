"""Which build of torch a lock file takes, whatever else an index has."""

from pathlib import Path

import pytest

from tools.audit import locked


@pytest.mark.parametrize(
    ("lock", "pin"),
    [
        # Without the third sign 2.13.0+cpu fulfils it, too, and is taken for the newer.
        ("gpu", "torch==={version}"),
        ("cpu", "torch=={version}+cpu"),
        ("dev", "torch=={version}+cpu"),
    ],
)
def test_torch_is_the_build_of_the_profile(lock: str, pin: str) -> None:
    lines = Path(f"requirements/{lock}.lock").read_text().splitlines()

    assert pin.format(version=locked(lock)["torch"]) in lines
