"""Do the pods add up to the replicas? Computed from rendered manifests, as Ray's own autoscaler reads them.

Ray schedules by what a node says it has, Kubernetes by what a container requests. A replica that fits nowhere waits
for ever, and a GPU that no replica can use is paid for all the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import ray
import yaml
from ray.autoscaler._private.kuberay.autoscaling_config import _derive_autoscaling_config_from_ray_cr
from ray.autoscaler._private.kuberay.utils import parse_quantity
from ray.serve.schema import ServeDeploySchema

from serve.settings import Settings
from tools.k8s.findings import Finding
from tools.k8s.overlays import Manifest
from tools.k8s.pods import name_of

CPUS_OF_RAY = 1
"""Of a worker's container, for raylet, agents and HTTP proxy: Ray does not count them."""

HEAD = "headgroup"
GPU_LIMIT = "nvidia.com/gpu"


@dataclass(frozen=True)
class Group:
    """Pods of one kind, as Ray sees them and as Kubernetes does."""

    name: str
    min_pods: int
    max_pods: int
    resources: dict[str, float]
    labels: dict[str, str]
    spec: dict[str, Any]
    start_params: dict[str, str]

    @property
    def requests(self) -> dict[str, Any]:
        return dict(self.spec["containers"][0]["resources"]["requests"])

    def fits(self, bundle: dict[str, float]) -> int:
        """How many replicas a pod holds."""
        return min(int(self.resources.get(name, 0) / amount + 1e-9) for name, amount in bundle.items() if amount)


@dataclass(frozen=True)
class Replicas:
    """A deployment: how many replicas, what each reserves, and where it may run."""

    name: str
    least: int
    most: int
    bundle: dict[str, float]
    selector: dict[str, str]
    drains_s: float


def check_capacity(manifests: Sequence[Manifest], settings: Settings) -> Iterator[Finding]:
    """Every RayService among the manifests; `settings` are those that its application runs with."""
    for manifest in manifests:
        if manifest["kind"] == "RayService":
            yield from _service(manifest, settings)


def groups_of(service: Manifest) -> list[Group]:
    """The head and the worker groups."""
    cluster = service["spec"]["rayClusterConfig"]
    namespace = service["metadata"].get("namespace", "default")
    spec = {"workerGroupSpecs": [], **cluster}
    cr = {"metadata": {"name": service["metadata"]["name"], "namespace": namespace}, "spec": spec}
    types = _derive_autoscaling_config_from_ray_cr(cr)["available_node_types"]
    specs = {HEAD: cluster["headGroupSpec"]}
    specs |= {group["groupName"]: group for group in cluster.get("workerGroupSpecs", [])}
    return [
        Group(
            name,
            1 if name == HEAD else types[name]["min_workers"],
            1 if name == HEAD else types[name]["max_workers"],
            types[name]["resources"],
            types[name]["labels"],
            spec["template"]["spec"],
            spec.get("rayStartParams", {}),
        )
        for name, spec in specs.items()
    ]


def replicas_of(service: Manifest) -> list[Replicas]:
    """The deployments of its Serve config.

    Raises:
        ValueError: Ray Serve does not accept the config.
    """
    config = yaml.safe_load(service["spec"]["serveConfigV2"])
    ServeDeploySchema.model_validate(config)
    return [_replicas(each) for application in config["applications"] for each in application["deployments"]]


def _replicas(deployment: dict[str, Any]) -> Replicas:
    scaling, actor = deployment["autoscaling_config"], deployment["ray_actor_options"]
    bundles = deployment.get("placement_group_bundles")
    # The first bundle holds the replica itself.
    bundle = bundles[0] if bundles else {"CPU": actor.get("num_cpus", 0), "GPU": actor.get("num_gpus", 0)}
    [selector] = deployment.get("placement_group_bundle_label_selector") or [actor.get("label_selector") or {}]
    return Replicas(
        deployment["name"], scaling["min_replicas"], scaling["max_replicas"], bundle, selector,
        deployment["graceful_shutdown_timeout_s"],
    )  # fmt: skip


def _service(service: Manifest, settings: Settings) -> Iterator[Finding]:
    where = name_of(service)
    try:
        deployments = replicas_of(service)
    except ValueError as error:
        yield Finding(where, f"serveConfigV2: {error}")
        return
    groups = groups_of(service)
    homes: dict[str, list[Replicas]] = {group.name: [] for group in groups}
    for replicas in deployments:
        fitting = [group for group in groups if _may_run(replicas, group)]
        if len(fitting) != 1:
            names = ", ".join(group.name for group in fitting) or "none"
            yield Finding(f"{where} {replicas.name}", f"must fit one group of pods, and fits: {names}")
        for group in fitting[:1]:
            homes[group.name].append(replicas)
    for group in groups:
        at = f"{where} {group.name}"
        yield from _adds_up(at, group, homes[group.name])
        yield from _container(at, group)
        yield from _drains(at, group, homes[group.name])
    yield from _cluster(where, service, settings)


def _may_run(replicas: Replicas, group: Group) -> bool:
    return replicas.selector.items() <= group.labels.items() and group.fits(replicas.bundle) > 0


def _adds_up(where: str, group: Group, deployments: list[Replicas]) -> Iterator[Finding]:
    if group.name != HEAD and not deployments:
        yield Finding(where, "no deployment runs here; remove the group, or place one on it")
    for name in ("CPU", "GPU"):
        offered = group.resources.get(name, 0)
        at_least = sum(each.least * each.bundle.get(name, 0) for each in deployments)
        at_most = sum(each.most * each.bundle.get(name, 0) for each in deployments)
        if at_least > group.min_pods * offered:
            yield Finding(where, f"{at_least:g} {name} at least, and {group.min_pods} pods have {offered:g} each")
        if at_most > group.max_pods * offered:
            yield Finding(where, f"{at_most:g} {name} at most, and {group.max_pods} pods have {offered:g} each")
        # A share of a GPU is a choice; an idle CPU is a mistake in the sum.
        if group.name != HEAD and name == "CPU" and at_most < group.max_pods * offered:
            yield Finding(
                where, f"{group.max_pods} pods of {offered:g} CPU, and no more than {at_most:g} are ever used"
            )
    for each in deployments:
        if each.most > group.max_pods * group.fits(each.bundle):
            yield Finding(where, f"{each.name} has up to {each.most} replicas, too many for {group.max_pods} pods")


def _container(where: str, group: Group) -> Iterator[Finding]:
    """What Ray is told must be there."""
    requests, cpus = group.requests, group.resources.get("CPU", 0)
    needed = cpus + (CPUS_OF_RAY if group.name != HEAD else 0)
    if parse_quantity(str(requests["cpu"])) < needed:
        yield Finding(where, f"requests {requests['cpu']} CPU, and Ray and its replicas take {needed:g}")
    if int(requests.get(GPU_LIMIT, 0)) != group.resources.get("GPU", 0):
        yield Finding(
            where, f"requests {requests.get(GPU_LIMIT, 0)} GPUs; Ray is told {group.resources.get('GPU', 0):g}"
        )
    memory = parse_quantity(str(requests["memory"]))
    shared = [volume["emptyDir"]["sizeLimit"] for volume in group.spec["volumes"] if volume["name"] == "shared-memory"]
    if not shared or parse_quantity(shared[0]) >= memory:
        yield Finding(where, "/dev/shm counts as memory of the container: mount it, smaller than the memory request")
    elif parse_quantity(group.start_params.get("object-store-memory", "0")) >= parse_quantity(shared[0]):
        yield Finding(where, "object-store-memory does not fit into /dev/shm")


def _drains(where: str, group: Group, deployments: list[Replicas]) -> Iterator[Finding]:
    """A pod that is evicted lets its replicas finish. The head cannot: Ray has no other."""
    grace_s = group.spec.get("terminationGracePeriodSeconds", 30)
    longest_s = max((each.drains_s for each in deployments), default=0)
    if group.name != HEAD and grace_s <= longest_s:
        yield Finding(where, f"terminationGracePeriodSeconds is {grace_s}, and replicas drain for {longest_s:g} s")


def _cluster(where: str, service: Manifest, settings: Settings) -> Iterator[Finding]:
    spec = service["spec"]
    cluster = spec["rayClusterConfig"]
    if cluster.get("rayVersion") != ray.__version__:
        yield Finding(where, f"rayVersion is {cluster.get('rayVersion')}; the image has {ray.__version__}")
    if spec.get("rayClusterDeletionDelaySeconds", 60) <= settings.http.default_deadline_s:
        yield Finding(where, f"rayClusterDeletionDelaySeconds must be above {settings.http.default_deadline_s:g}, the "
                             "deadline of a request: an upgrade would cut answers off")  # fmt: skip
    if "gcsFaultToleranceOptions" in cluster and cluster["headGroupSpec"]["rayStartParams"].get("num-cpus") != "0":
        yield Finding(where, 'num-cpus of a head that may be lost must be "0", or replicas are lost with it')
    if spec.get("serveService", {}).get("metadata", {}).get("name") or (
        cluster["headGroupSpec"].get("headService", {}).get("metadata", {}).get("name")
    ):
        yield Finding(where, "services named by hand clash when an upgrade makes a second cluster; remove the name")
