"""What is in k8s/ renders, fits the schemas, keeps to the policies, and adds up."""

from pathlib import Path

import pytest
from ray.serve.schema import ServeDeploySchema
from typer.testing import CliRunner
from yaml import safe_load

from pubserve.cli.app import app
from serve.ray_environment import ENVIRONMENT
from streams.settings import WorkerSettings
from tests.k8s.conftest import JOBS, OVERLAYS, overlay, rendered, service_of
from tools.docs.worker import worker_variables
from tools.k8s.capacity import check_capacity
from tools.k8s.overlays import overlays
from tools.k8s.policies import check_policies
from tools.k8s.schemas import KUBERNETES_VERSIONS, check_core, check_custom


def test_these_are_all_overlays() -> None:
    assert [each.name for each in overlays()] == list(OVERLAYS)


@pytest.mark.parametrize("version", KUBERNETES_VERSIONS)
@pytest.mark.parametrize("name", [*OVERLAYS, *JOBS])
def test_core_kinds_fit_the_schemas_of_every_kubernetes_version(name: str, version: str) -> None:
    assert list(check_core(rendered(name), version)) == []


@pytest.mark.parametrize("name", [*OVERLAYS, "bulk"])
def test_ray_kinds_fit_the_operators_schemas(name: str, crds: Path) -> None:
    assert list(check_custom(rendered(name), crds)) == []


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_pod_keeps_to_the_policies(name: str) -> None:
    assert list(check_policies(rendered(name))) == []


@pytest.mark.parametrize(("service", "job"), [("gpu", "loadtest"), ("cpu-dev", "bulk"), ("gpu", "worker")])
def test_so_does_a_job_beside_a_service(service: str, job: str) -> None:
    assert list(check_policies([*rendered(service), *rendered(job)])) == []


def test_the_bulk_job_is_a_command_that_exists_with_room_for_its_workers() -> None:
    [job] = [manifest for manifest in rendered("bulk") if manifest["kind"] == "RayJob"]
    program, *words = job["spec"]["entrypoint"].split()
    [group] = job["spec"]["rayClusterSpec"]["workerGroupSpecs"]

    assert program == "pubserve"
    assert CliRunner().invoke(app, [*words, "--help"]).exit_code == 0
    assert float(group["rayStartParams"]["num-cpus"]) > overlay("cpu-dev").settings.bulk.worker_cpus


def test_workers_are_told_what_there_is_to_tell_and_have_time_to_stop() -> None:
    [deployment] = [manifest for manifest in rendered("worker") if manifest["kind"] == "Deployment"]
    [scaled] = [manifest for manifest in rendered("worker") if manifest["kind"] == "ScaledObject"]
    pod = deployment["spec"]["template"]["spec"]
    given = {entry["name"]: entry.get("value") for entry in pod["containers"][0]["env"]}
    [trigger] = [trigger["metadata"] for trigger in scaled["spec"]["triggers"]]

    assert {name for name in given if name.startswith("PUBSERVE_WORKER_")} <= worker_variables()
    assert pod["terminationGracePeriodSeconds"] > WorkerSettings.model_fields["grace_s"].default
    assert scaled["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
    assert trigger["stream"] == given["PUBSERVE_WORKER_SOURCE"]
    assert trigger["consumerGroup"] == WorkerSettings.model_fields["group"].default
    assert trigger["passwordFromEnv"] in given


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


@pytest.mark.parametrize("name", ["gpu", "gpu-ha"])
def test_who_is_reached_from_outside_asks_for_keys_and_only_the_ingress_has_their_file(name: str) -> None:
    groups = service_of(rendered(name))["spec"]["rayClusterConfig"]["workerGroupSpecs"]
    file = Path(overlay(name).settings.keys.file or "")
    mounts = {
        group["groupName"]: [mount["mountPath"] for mount in group["template"]["spec"]["containers"][0]["volumeMounts"]]
        for group in groups
    }

    assert {group: str(file.parent) in paths for group, paths in mounts.items()} == {
        "ingress": True,
        "classifier": False,
        "extractor": False,
    }


@pytest.mark.parametrize("name", OVERLAYS)
def test_the_head_has_what_the_service_asks_of_rays_environment(name: str) -> None:
    head = service_of(rendered(name))["spec"]["rayClusterConfig"]["headGroupSpec"]["template"]["spec"]["containers"][0]

    given = {entry["name"]: entry.get("value") for entry in head["env"]}

    assert ENVIRONMENT.items() <= given.items()


def test_high_availability_means_two_of_everything_and_state_outside_the_head() -> None:
    service = service_of(rendered("gpu-ha"))
    cluster = service["spec"]["rayClusterConfig"]

    assert all(group["minReplicas"] >= 2 for group in cluster["workerGroupSpecs"])
    assert cluster["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    assert cluster["gcsFaultToleranceOptions"]["redisAddress"] == "redis:6379"
    assert service["spec"]["upgradeStrategy"]["type"] == "NewClusterWithIncrementalUpgrade"
