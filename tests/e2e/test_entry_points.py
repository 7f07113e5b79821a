"""The same application from Ray Serve's own commands: `serve build`, and `serve run` on what it wrote."""

import os
import subprocess
import sys
from pathlib import Path

import yaml
from ray.serve.schema import ServeDeploySchema

from loadtest.processes import free_port
from pubserve import Analysis, Client
from tests.e2e.conftest import ASTHMA, CANCER, started

RAY_SERVE = Path(sys.executable).with_name("serve")


def built(folder: Path, **environment: str) -> Path:
    """A config file made by `serve build`, on a free port."""
    path = folder / "serve.yaml"
    subprocess.run(
        [RAY_SERVE, "build", "serve.app:app", "-o", path], check=True, timeout=300, env={**os.environ, **environment}
    )
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["http_options"] = {"host": "127.0.0.1", "port": free_port()}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_every_deployment_bounds_its_queues_and_scales(tmp_path: Path) -> None:
    schema = ServeDeploySchema.model_validate(yaml.safe_load(built(tmp_path).read_text(encoding="utf-8")))

    deployments = {deployment.name: deployment for deployment in schema.applications[0].deployments}
    assert set(deployments) == {"Ingress", "Classifier", "Tagger", "Engine"}
    for deployment in deployments.values():
        assert 0 < deployment.max_ongoing_requests < 10_000
        assert 0 < deployment.max_queued_requests < 10_000
        assert deployment.autoscaling_config["target_ongoing_requests"] < 10_000


def test_the_config_file_starts_the_same_service_and_the_engine_can_be_its_extractor(tmp_path: Path) -> None:
    generator = {"PUBSERVE_EXTRACTOR__BACKEND": "generator"}
    config = built(tmp_path, **generator)
    port = yaml.safe_load(config.read_text(encoding="utf-8"))["http_options"]["port"]
    url = f"http://127.0.0.1:{port}"

    # "local": without it, `serve run` looks for a cluster that is here already, and other tests may have one.
    ray_of_its_own = {"RAY_ADDRESS": "local"}
    with started([str(RAY_SERVE), "run", str(config)], url, **generator, **ray_of_its_own), Client(url) as client:
        cancer, asthma = client.analyze([CANCER, ASTHMA]).results

    assert isinstance(cancer, Analysis)
    assert isinstance(asthma, Analysis)
    assert (cancer.predicted_labels, asthma.predicted_labels) == (["Cancer"], ["Non-Cancer"])
    assert "Lung Cancer" in cancer.extracted_diseases
    assert (cancer.models.extractor or "").startswith("smollm2-135m-instruct@")
    for mention in cancer.mentions:
        field = getattr(CANCER, mention.field)
        assert field[mention.start : mention.end] == mention.text
