"""What is left of the gpu overlay's sum when one number is changed."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import yaml

from tests.k8s.conftest import overlay, rendered, service_of
from tools.k8s.capacity import HEAD, check_capacity, groups_of, replicas_of
from tools.k8s.overlays import Manifest

INGRESS, CLASSIFIER, EXTRACTOR = range(3)

Spoil = Callable[[list[dict[str, Any]]], Any]


def findings_with(change: Callable[[Manifest], Any], name: str = "gpu") -> list[str]:
    service = deepcopy(service_of(rendered(name)))
    change(service)
    return [str(finding) for finding in check_capacity([service], overlay(name).settings)]


def findings_in_groups(spoil: Spoil) -> list[str]:
    return findings_with(lambda service: spoil(service["spec"]["rayClusterConfig"]["workerGroupSpecs"]))


def findings_in_deployments(spoil: Callable[[dict[str, dict[str, Any]]], Any]) -> list[str]:
    def change(service: Manifest) -> None:
        config = yaml.safe_load(service["spec"]["serveConfigV2"])
        spoil({deployment["name"]: deployment for deployment in config["applications"][0]["deployments"]})
        service["spec"]["serveConfigV2"] = yaml.safe_dump(config)

    return findings_with(change)


def test_groups_are_read_as_rays_autoscaler_reads_them() -> None:
    groups = {group.name: group for group in groups_of(service_of(rendered("gpu")))}

    assert set(groups) == {HEAD, "ingress", "classifier", "extractor"}
    assert groups[HEAD].resources["CPU"] == 0
    assert groups["extractor"].resources["accelerator_type:H100"] == 1
    assert (groups["extractor"].min_pods, groups["extractor"].max_pods) == (1, 8)


def test_an_engine_reserves_its_whole_first_bundle() -> None:
    [engine] = [each for each in replicas_of(service_of(rendered("gpu"))) if each.name == "Engine"]

    assert (engine.bundle["GPU"], engine.bundle["CPU"]) == (1, 1)


def _request(group: dict[str, Any], **changed: str) -> None:
    group["template"]["spec"]["containers"][0]["resources"]["requests"].update(changed)


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda groups: groups[EXTRACTOR].update(maxReplicas=4), "too many for 4 pods"),
        (lambda groups: groups[INGRESS].update(maxReplicas=5), "no more than 4 are ever used"),
        (lambda groups: groups[CLASSIFIER]["resources"].update(CPU="2"), "4 CPU at most, and 1 pods have 2 each"),
        (lambda groups: groups[EXTRACTOR]["resources"].pop("accelerator_type:H100"), "fits: none"),
        (lambda groups: groups[EXTRACTOR].update(labels={}), "fits: none"),
        (lambda groups: _request(groups[INGRESS], cpu="1"), "Ray and its replicas take 2"),
        (lambda groups: _request(groups[EXTRACTOR], **{"nvidia.com/gpu": "2"}), "requests 2 GPUs; Ray is told 1"),
        (lambda groups: _request(groups[EXTRACTOR], memory="2Gi"), "/dev/shm counts as memory"),
        (
            lambda groups: groups[INGRESS]["rayStartParams"].update({"object-store-memory": "9000000000"}),
            "does not fit into /dev/shm",
        ),
        (
            lambda groups: groups[INGRESS]["template"]["spec"].update(terminationGracePeriodSeconds=30),
            "drain for 600 s",
        ),
    ],
)
def test_a_group_that_does_not_add_up_is_found(spoil: Spoil, found: str) -> None:
    assert any(found in finding for finding in findings_in_groups(spoil))


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda each: each["Ingress"]["autoscaling_config"].update(min_replicas=2), "2 CPU at least, and 1 pods"),
        (lambda each: each["Classifier"]["ray_actor_options"].update(num_gpus=0.5), "2 GPU at most"),
        (
            lambda each: each["Ingress"]["ray_actor_options"].pop("label_selector"),
            "fits: ingress, classifier, extractor",
        ),
        (lambda each: each["Ingress"].update(graceful_shutdown_timeout_s=900), "drain for 900 s"),
        (lambda each: each["Engine"].update(max_ongoing_requests=0), "serveConfigV2"),
    ],
)
def test_a_deployment_that_does_not_fit_its_group_is_found(spoil: Callable[..., Any], found: str) -> None:
    assert any(found in finding for finding in findings_in_deployments(spoil))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda s: s["spec"]["rayClusterConfig"].update(rayVersion="2.9.0"), "rayVersion is 2.9.0"),
        (lambda s: s["spec"].update(rayClusterDeletionDelaySeconds=60), "must be above 600"),
        (lambda s: s["spec"].update(serveService={"metadata": {"name": "web"}}), "remove the name"),
        (
            lambda s: s["spec"]["rayClusterConfig"]["headGroupSpec"]["rayStartParams"].update({"num-cpus": "2"}),
            'must be "0"',
        ),
    ],
)
def test_the_traps_of_a_ray_service_are_found(change: Callable[[Manifest], Any], found: str) -> None:
    assert any(found in finding for finding in findings_with(change, "gpu-ha"))
