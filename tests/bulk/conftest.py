"""Ray once for all tests of a module, and models that answer at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bulk import job
from bulk.cluster import LOCAL, running_ray
from serve.settings import Settings

DIED_VARIABLE = "BULK_TEST_DIED"
"""A file that tells a worker that another has died; workers have the environment in which Ray was started."""


@pytest.fixture(scope="session")
def settings() -> Settings:
    """The cpu profile with units of a few papers."""
    return Settings(profile="cpu", bulk={"unit_papers": 4})


@pytest.fixture(scope="module")
def _ray(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int | None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(DIED_VARIABLE, str(tmp_path_factory.mktemp("ray") / "died"))
        with running_ray(LOCAL, settings, workers=2) as workers:
            yield workers


@pytest.fixture
def ray_that_is_there(_ray: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs of a module share one Ray."""

    @contextmanager
    def shared(*_: Any, **__: Any) -> Iterator[int | None]:
        yield _ray

    monkeypatch.setattr(job, "running_ray", shared)
