"""compose.yaml, read: it agrees with the images it runs, and with the settings of what runs in them."""

from typing import Any

import pytest
import yaml

from serve.extractor.disease_names import CATALOG_ENTRY
from serve.settings import Settings
from streams.settings import WorkerSettings
from tests.tools.images.dockerfile import PROJECT, ROOT, STAGES
from tools.images.building import TARGETS

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SETTINGS = Settings(profile="cpu")

by_service = pytest.mark.parametrize("name", SERVICES)


def waits() -> list[tuple[str, str, str]]:
    """Who waits for whom to be what."""
    return [
        (name, other, wait["condition"])
        for name, service in SERVICES.items()
        for other, wait in service.get("depends_on", {}).items()
    ]


def has_a_health_check(service: dict[str, Any]) -> bool:
    if "healthcheck" in service:
        return not service["healthcheck"].get("disable", False)
    target = service["image"].rsplit("-", 1)[-1].rstrip("}")
    return target in TARGETS and STAGES[target].all("HEALTHCHECK")[-1] != "NONE"


def seconds(duration: str) -> float:
    assert duration.endswith("s")
    return float(duration[:-1])


def test_images_are_those_of_this_version() -> None:
    for service in (each for each in SERVICES.values() if "build" in each):
        assert f"pubserve:{PROJECT['project']['version']}-{service['build']['target']}" in service["image"]
        assert service["build"]["target"] in TARGETS


@by_service
def test_a_service_is_locked_down(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not service["image"].endswith((":latest", "redis"))
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


@pytest.mark.parametrize(("name", "other", "condition"), waits())
def test_what_is_waited_for_comes_about(name: str, other: str, condition: str) -> None:
    if condition == "service_healthy":
        assert has_a_health_check(SERVICES[other])
    else:
        assert condition == "service_completed_successfully"
        # One that starts again after success would never be done.
        assert SERVICES[other]["restart"].startswith("on-failure")
    assert set(SERVICES[other].get("profiles", [])) <= set(SERVICES[name].get("profiles", []))


def test_the_models_that_are_fetched_are_those_the_service_loads() -> None:
    program, verb, *names = SERVICES["models"]["command"]

    assert (program, verb) == ("pubserve-models", "prepare")
    assert set(names) == {*SETTINGS.models, CATALOG_ENTRY}


def test_models_are_mounted_where_the_image_looks_for_them() -> None:
    [folder] = [
        word.partition("=")[2]
        for words in STAGES["cpu"].all("ENV")
        for word in words.split()
        if word.startswith("PUBSERVE_CACHE_DIR=")
    ]

    assert SERVICES["models"]["volumes"] == [f"models:{folder}"]
    assert SERVICES["pubserve"]["volumes"] == [f"models:{folder}:ro"]
    assert {volume.split(":")[0] for each in SERVICES.values() for volume in each.get("volumes", [])} == set(
        COMPOSE["volumes"]
    )


def test_the_service_is_published_where_it_listens() -> None:
    assert [port.rsplit(":", 1)[1] for port in SERVICES["pubserve"]["ports"]] == [str(SETTINGS.http.port)]
    assert SERVICES["worker"]["environment"]["PUBSERVE_BASE_URL"] == f"http://pubserve:{SETTINGS.http.port}"


def test_what_was_accepted_is_finished_before_a_container_is_killed() -> None:
    assert seconds(SERVICES["pubserve"]["stop_grace_period"]) > SETTINGS.ray.drain_timeout_s
    assert seconds(SERVICES["worker"]["stop_grace_period"]) > WorkerSettings.model_fields["grace_s"].default


def test_what_the_worker_is_told_is_a_setting_of_it() -> None:
    prefix = WorkerSettings.model_config["env_prefix"]
    told = {name for name in SERVICES["worker"]["environment"] if name.startswith(prefix)}

    assert {name.removeprefix(prefix).lower() for name in told} == {"broker_url", "source", "output"}
    assert {name for name, field in WorkerSettings.model_fields.items() if field.is_required()} <= {
        name.removeprefix(prefix).lower() for name in told
    }
