"""The same application from Ray Serve's own commands: `serve build`, and `serve run` on what it wrote."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ray.serve.schema import ServeDeploySchema

from pubserve import Client
from tests.e2e.conftest import ASTHMA, CANCER, free_port, started

RAY_SERVE = Path(sys.executable).with_name("serve")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A config file made by `serve build`, on a free port."""
    path = tmp_path_factory.mktemp("config") / "serve.yaml"
    subprocess.run([RAY_SERVE, "build", "serve.app:app", "-o", path], check=True, timeout=300)
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["http_options"] = {"host": "127.0.0.1", "port": free_port()}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_every_deployment_bounds_its_queues_and_scales(config: Path) -> None:
    schema = ServeDeploySchema.model_validate(yaml.safe_load(config.read_text(encoding="utf-8")))

    deployments = {deployment.name: deployment for deployment in schema.applications[0].deployments}
    assert set(deployments) == {"Ingress", "Classifier", "Extractor"}
    for deployment in deployments.values():
        assert 0 < deployment.max_ongoing_requests < 10_000
        assert 0 < deployment.max_queued_requests < 10_000
        assert deployment.autoscaling_config["target_ongoing_requests"] < 10_000


def test_the_config_file_starts_the_same_service(config: Path) -> None:
    port = yaml.safe_load(config.read_text(encoding="utf-8"))["http_options"]["port"]
    url = f"http://127.0.0.1:{port}"

    with started([str(RAY_SERVE), "run", str(config)], url), Client(url) as client:
        cancer, asthma = client.classify([CANCER, ASTHMA]).results

    assert (cancer.predicted_labels, asthma.predicted_labels) == (["Cancer"], ["Non-Cancer"])  # type: ignore[union-attr]
