"""Ray once for all jobs of a module."""

from collections.abc import Iterator

import pytest

from bulk.cluster import LOCAL, running_ray
from serve.settings import Settings

DIED_VARIABLE = "BULK_TEST_DIED"
"""A file that tells a worker that another has died; workers have the environment in which Ray was started."""

WORKERS = 2


@pytest.fixture(scope="session")
def settings() -> Settings:
    """The cpu profile with units of a few papers."""
    return Settings(profile="cpu", bulk={"unit_papers": 4})


@pytest.fixture(scope="module")
def ray_that_is_there(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(DIED_VARIABLE, str(tmp_path_factory.mktemp("ray") / "died"))
        with running_ray(LOCAL, settings, workers=WORKERS):
            yield
