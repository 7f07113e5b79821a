"""The packages for Cloud Run and Hugging Face Spaces: they agree with the image and with what those hosts allow."""

from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import yaml

from serve.settings import Settings
from tests.tools.images.dockerfile import PROJECT, ROOT
from tools.k8s.schemas import KUBERNETES_VERSIONS

SERVICE = yaml.safe_load((ROOT / "deploy/cloud-run/service.yaml").read_text(encoding="utf-8"))
CONTAINER: dict[str, Any] = SERVICE["spec"]["template"]["spec"]["containers"][0]
OF_KNATIVE = ("containerConcurrency", "timeoutSeconds")
"""What a revision's template has beside the fields of a pod."""
PORT = Settings(profile="cpu").http.port


def front_matter() -> dict[str, Any]:
    _, head, _ = (ROOT / "deploy/spaces/README.md").read_text(encoding="utf-8").split("---\n", 2)
    read: dict[str, Any] = yaml.safe_load(head)
    return read


def test_an_instance_on_cloud_run_is_a_pod() -> None:
    revision = SERVICE["spec"]["template"]["spec"]
    spec = {key: value for key, value in revision.items() if key not in OF_KNATIVE}
    spec["containers"] = [{"name": "named-by-knative", **container} for container in revision["containers"]]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "instance"}, "spec": spec}

    for version in KUBERNETES_VERSIONS:
        kubernetes_validate.validate(pod, version, strict=True)


def test_cloud_run_sends_requests_where_the_image_listens() -> None:
    assert [port["containerPort"] for port in CONTAINER["ports"]] == [PORT]
    assert {CONTAINER[probe]["httpGet"]["port"] for probe in ("startupProbe", "livenessProbe")} == {PORT}


def test_cloud_run_allows_its_probes() -> None:
    probe = CONTAINER["startupProbe"]

    assert probe["periodSeconds"] * probe["failureThreshold"] <= 240
    assert probe["timeoutSeconds"] <= probe["periodSeconds"]


def test_settings_on_cloud_run_are_settings(monkeypatch: Any) -> None:
    for variable in CONTAINER["env"]:
        monkeypatch.setenv(variable["name"], variable["value"])

    assert Settings(profile="cpu").ray.drain_timeout_s < 10


def test_a_space_is_shown_where_the_image_listens() -> None:
    assert front_matter()["sdk"] == "docker"
    assert front_matter()["app_port"] == PORT


def test_what_hosted_images_are_made_from_has_a_version() -> None:
    dockerfile = (ROOT / "deploy/spaces/Dockerfile").read_text(encoding="utf-8")

    for image in (CONTAINER["image"], next(line for line in dockerfile.splitlines() if line.startswith("ARG IMAGE="))):
        assert image.endswith(f":{PROJECT['project']['version']}-cpu")
