"""The Dockerfile, read: what its images are made of, and what they run as. `python -m tools.images` builds them."""

import json
import re
import shlex
from fnmatch import fnmatch

import pytest

from tests.tools.images.dockerfile import PROJECT, ROOT, STAGES, Stage
from tools.images.building import TARGETS
from tools.images.checks import PACKAGES


def by_target(test: object) -> object:
    return pytest.mark.parametrize("image", [STAGES[target] for target in TARGETS], ids=lambda stage: stage.name)(test)


def copied(stage: Stage) -> list[tuple[str, str]]:
    """Stage and path of all that is copied; the stage is empty where it comes from the repository."""
    pairs = []
    for words in (words for name, words in stage.steps if name == "COPY"):
        *sources, _ = [word for word in shlex.split(words) if not word.startswith("--")]
        [origin] = re.findall(r"--from=(\S+)", words) or [""]
        pairs += [(origin, source) for source in sources]
    return pairs


def sent(path: str) -> bool:
    """Whether .dockerignore lets a path through; the last line that fits decides."""
    kept = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.lstrip("!")
        if line.startswith("#") or not pattern:
            continue
        parts = path.split("/")
        above = ["/".join(parts[: end + 1]) for end in range(len(parts))]
        if any(fnmatch(each, pattern) or fnmatch(each, pattern.removeprefix("**/")) for each in [*above, *parts]):
            kept = line.startswith("!")
    return kept


def test_there_is_a_stage_for_each_target() -> None:
    assert set(TARGETS) <= STAGES.keys()


@by_target
def test_an_image_does_not_run_as_root(image: Stage) -> None:
    assert image.all("USER")[-1] == "10001:10001"


@by_target
def test_an_image_says_how_its_health_is_seen(image: Stage) -> None:
    check = image.all("HEALTHCHECK")[-1]

    if image.name == "loadtest":
        assert check == "NONE"
    else:
        compile(json.loads(check.partition("CMD ")[2])[-1], "the health check", "exec")


@by_target
def test_an_image_is_told_what_to_run_as_a_list(image: Stage) -> None:
    program = json.loads(image.all("CMD")[-1])[0]

    assert program in {"pubserve", "python", *PROJECT["project"]["scripts"]}


@by_target
def test_packages_are_installed_in_another_stage(image: Stage) -> None:
    assert (f"packages-{image.name}", "/app/.venv") in copied(image)
    assert not [words for words in image.all("RUN") if "pip install" in words or "bootstrap" in words]


@by_target
def test_an_image_has_a_lock_file(image: Stage) -> None:
    [install] = [words for words in STAGES[f"packages-{image.name}"].all("RUN") if "bootstrap.py" in words]
    [profile] = re.findall(r"bootstrap\.py (\w+)", install)

    assert (ROOT / "requirements" / f"{profile}.lock").is_file()
    assert "finish_image.sh" in install


def test_parts_are_locked_as_the_whole_is() -> None:
    locks = {path.stem: set(path.read_text(encoding="utf-8").split("\n")) for path in ROOT.glob("requirements/*.lock")}

    assert locks["worker"] <= locks["cpu"]
    assert locks["loadtest"] <= locks["dev"]


def test_every_base_has_a_version() -> None:
    bases = [stage.base for stage in STAGES.values() if stage.base not in STAGES]
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")

    assert bases == ["${BASE}"]
    assert re.findall(r"^ARG BASE=\S+:\w+-\d{8}-slim$", text, re.MULTILINE)
    assert "latest" not in text


def test_what_is_copied_is_there_and_is_sent() -> None:
    from_repository = [path for stage in STAGES.values() for origin, path in copied(stage) if not origin]

    for path in from_repository:
        assert list(ROOT.glob(path)), path
        assert sent(path.replace("*.lock", "cpu.lock")), path


def test_every_package_is_in_the_images() -> None:
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]

    assert {*packages, "client"} <= {path for origin, path in copied(STAGES["code"]) if not origin}
    assert {*packages, "pubserve"} == set(PACKAGES)


def test_where_packages_come_from_is_in_no_layer() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")

    for stage in STAGES.values():
        for words in (words for name, words in stage.steps if name == "RUN"):
            if "bootstrap.py" in words or "pip install" in words or "pubserve-models" in words:
                assert "--mount=type=secret,id=pip" in words
    assert not re.search(r"PIP_|index-url|find-links", text)


@pytest.mark.parametrize(
    "path",
    [".git/config", ".venv/bin/python", "runs/some/model.safetensors", "reports/report.html", "tests/conftest.py",
     "serve/__pycache__/app.cpython-311.pyc", "models/cancer-classifier/cross-validation/fold-0/result.json",
     "docs/index.md", ".env"],
)  # fmt: skip
def test_what_images_are_not_made_of_is_not_sent(path: str) -> None:
    assert not sent(path)


@pytest.mark.parametrize("path", ["serve/app.py", "models/disease-tagger/README.md", "client/pubserve/_version.py"])
def test_what_images_are_made_of_is_sent(path: str) -> None:
    assert sent(path)
