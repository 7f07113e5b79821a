"""What is committed in generated/ is what the application's settings make of it now."""

from collections.abc import Iterator

import pytest

from tests.k8s.conftest import OVERLAYS, overlay
from tools.k8s.generated import GROUP_LABEL, files, models, serve_config
from tools.k8s.local_ray import local_ray
from tools.k8s.overlays import DeclaredSettings


@pytest.fixture(scope="module", autouse=True)
def _ray() -> Iterator[None]:
    with local_ray():
        yield


@pytest.mark.parametrize("name", OVERLAYS)
def test_the_manifests_have_not_drifted_from_the_settings(name: str) -> None:
    for path, content in files(overlay(name)).items():
        assert path.read_text(encoding="utf-8") == content, "run `python -m tools.k8s generate`"


def test_the_environment_of_whoever_generates_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    before = overlay("gpu").settings
    monkeypatch.setenv("PUBSERVE_HTTP__PORT", "9000")
    monkeypatch.setenv("PUBSERVE_PROFILE", "cpu")

    assert overlay("gpu").settings == before


def test_models_are_those_that_the_service_loads_and_the_names_of_diseases() -> None:
    names = models(DeclaredSettings(profile="gpu"))["data"]["MODELS"].split()

    assert names == ["cancer-classifier-gemma", "phi-4", "disease-names"]


@pytest.mark.parametrize(
    ("placement", "message"),
    [
        ({"Ingress": "a", "Classifier": "a", "Engine": "a", "Summariser": "a"}, "Summariser"),
        ({"Ingress": "a", "Classifier": "a"}, "Engine"),
    ],
)
def test_placement_names_the_deployments_that_there_are(placement: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        serve_config(DeclaredSettings(profile="gpu"), {"profile": "gpu"}, placement)


def test_a_replica_and_its_engine_go_to_their_group_and_may_drain_as_long_as_the_service() -> None:
    placement = {"Ingress": "front", "Classifier": "small", "Engine": "large"}

    config = serve_config(DeclaredSettings(profile="gpu"), {"profile": "gpu"}, placement)

    deployments = {each["name"]: each for each in config["applications"][0]["deployments"]}
    assert deployments["Classifier"]["ray_actor_options"]["label_selector"] == {GROUP_LABEL: "small"}
    assert deployments["Engine"]["placement_group_bundle_label_selector"] == [{GROUP_LABEL: "large"}]
    assert {each["graceful_shutdown_timeout_s"] for each in deployments.values()} == {600}
