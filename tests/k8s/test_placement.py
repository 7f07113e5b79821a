"""Where Ray puts the replicas of an overlay: on nodes of this host that are told what its pods are told.

The Serve config is the overlay's own, but for models, which are simulated.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import ray
import yaml
from ray.cluster_utils import Cluster
from ray.serve.context import _get_global_client
from ray.serve.schema import ServeDeploySchema

from loadtest.processes import free_port
from loadtest.scale import cluster
from tests.k8s.conftest import rendered, service_of
from tools.k8s.capacity import HEAD, Group, groups_of
from tools.k8s.generated import GROUP_LABEL

SETTLED_S = 3.0
"""So long nothing changes any more, when something will not."""
PATIENCE_S = 120.0


def node(group: Group) -> dict[str, Any]:
    """A pod of this group, as Ray's command line in it makes it a node."""
    of_a_kind = {name: amount for name, amount in group.resources.items() if name not in ("CPU", "GPU", "memory")}
    return {
        "num_cpus": group.resources["CPU"],
        "num_gpus": group.resources.get("GPU", 0),
        "resources": of_a_kind,
        "labels": group.labels,
        "object_store_memory": cluster.OBJECT_STORE_BYTES,
    }


def placed() -> Counter[tuple[str, str]]:
    """Running replicas, by deployment and group of the node that each is on."""
    groups = {known["NodeID"]: known["Labels"].get(GROUP_LABEL, HEAD) for known in ray.nodes()}
    deployments = _get_global_client().get_serve_details()["applications"]["pubserve"]["deployments"]
    return Counter(
        (name, groups[replica["node_id"]])
        for name, details in deployments.items()
        for replica in details["replicas"]
        if replica["state"] == "RUNNING"
    )


def until(holds: Callable[[], bool]) -> None:
    ends_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < ends_s, placed()
        time.sleep(0.2)


@pytest.fixture(scope="module")
def groups() -> dict[str, Group]:
    return {group.name: group for group in groups_of(service_of(rendered("gpu")))}


@pytest.fixture(scope="module")
def pods(groups: dict[str, Group]) -> Iterator[Cluster]:
    """The overlay's pods, but for that of the engine."""
    with cluster.nodes(1, port=free_port(), head=node(groups[HEAD])) as running:
        for name in ("ingress", "classifier"):
            running.add_node(**node(groups[name]))
        _get_global_client().deploy_apps(_config())
        yield running


def _config() -> ServeDeploySchema:
    config = yaml.safe_load(service_of(rendered("gpu"))["spec"]["serveConfigV2"])
    [application] = config["applications"]
    application |= {"import_path": "loadtest.simulated:build", "args": {"profile": "gpu"}}
    for deployment in application["deployments"]:
        deployment["ray_actor_options"].pop("runtime_env", None)  # imports vLLM
        if deployment["name"] == "Classifier":  # as many as share the one GPU
            deployment["autoscaling_config"]["min_replicas"] = deployment["autoscaling_config"]["max_replicas"]
    return ServeDeploySchema.model_validate({"applications": [application]})


def test_replicas_are_on_pods_of_their_group_and_the_engine_waits_for_its_own(pods: Cluster) -> None:
    here = Counter({("Ingress", "ingress"): 1, ("Classifier", "classifier"): 4})

    until(lambda: placed() >= here)
    time.sleep(SETTLED_S)

    assert placed() == here


def test_a_gpu_of_another_kind_is_none_for_the_engine(pods: Cluster, groups: dict[str, Group]) -> None:
    extractor = node(groups["extractor"])
    before = placed()

    pods.add_node(**{**extractor, "resources": {"accelerator_type:A100": 1}})
    pods.add_node(**{**extractor, "labels": {GROUP_LABEL: "classifier"}})
    time.sleep(SETTLED_S)

    assert placed() == before


def test_it_runs_on_the_pod_that_autoscaling_brings(pods: Cluster, groups: dict[str, Group]) -> None:
    before = placed()

    pods.add_node(**node(groups["extractor"]))

    until(lambda: placed()["Engine", "extractor"] == 1)
    assert placed() - before == Counter({("Engine", "extractor"): 1})
