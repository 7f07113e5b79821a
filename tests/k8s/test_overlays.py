"""What is in k8s/ renders, fits the schemas, keeps to the policies, and adds up."""

from pathlib import Path

import pytest
from ray.serve.schema import ServeDeploySchema
from yaml import safe_load

from tests.k8s.conftest import OVERLAYS, overlay, rendered, service_of
from tools.k8s.capacity import check_capacity
from tools.k8s.overlays import overlays
from tools.k8s.policies import check_policies
from tools.k8s.schemas import KUBERNETES_VERSIONS, check_core, check_kuberay


def test_these_are_all_overlays() -> None:
    assert [each.name for each in overlays()] == list(OVERLAYS)


@pytest.mark.parametrize("version", KUBERNETES_VERSIONS)
@pytest.mark.parametrize("name", [*OVERLAYS, "loadtest"])
def test_core_kinds_fit_the_schemas_of_every_kubernetes_version(name: str, version: str) -> None:
    assert list(check_core(rendered(name), version)) == []


@pytest.mark.parametrize("name", OVERLAYS)
def test_ray_kinds_fit_the_operators_schemas(name: str, crds: Path) -> None:
    assert list(check_kuberay(rendered(name), crds)) == []


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_pod_keeps_to_the_policies(name: str) -> None:
    assert list(check_policies(rendered(name))) == []


def test_so_does_the_load_test_beside_a_service() -> None:
    assert list(check_policies([*rendered("gpu"), *rendered("loadtest")])) == []


@pytest.mark.parametrize("name", OVERLAYS)
def test_pods_add_up_to_replicas(name: str) -> None:
    assert list(check_capacity(rendered(name), overlay(name).settings)) == []


@pytest.mark.parametrize("name", OVERLAYS)
def test_ray_serve_reads_the_config_inside(name: str) -> None:
    config = safe_load(service_of(rendered(name))["spec"]["serveConfigV2"])

    [application] = ServeDeploySchema.model_validate(config).applications

    assert application.import_path == "serve.app:build"
    assert application.args == overlay(name).serving.settings
    for deployment in application.deployments:
        assert 0 < deployment.max_queued_requests < 10_000


def test_high_availability_means_two_of_everything_and_state_outside_the_head() -> None:
    service = service_of(rendered("gpu-ha"))
    cluster = service["spec"]["rayClusterConfig"]

    assert all(group["minReplicas"] >= 2 for group in cluster["workerGroupSpecs"])
    assert cluster["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    assert cluster["gcsFaultToleranceOptions"]["redisAddress"] == "redis:6379"
    assert service["spec"]["upgradeStrategy"]["type"] == "NewClusterWithIncrementalUpgrade"
