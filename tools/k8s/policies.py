"""What no schema says and every pod of ours keeps to: Kubernetes' restricted standard, and more."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from tools.k8s.findings import Finding
from tools.k8s.overlays import Manifest
from tools.k8s.pods import Pod, name_of, pods_of

_PINNED = re.compile(r"(@sha256:[0-9a-f]{64}|:(?!latest$)[\w][\w.-]*)$")
_LABELS = ("app.kubernetes.io/part-of", "app.kubernetes.io/component")
_BOUNDED = ("cpu", "memory")
_FROM_THE_CLUSTER = {"kube-root-ca.crt"}
_MAY_REACH_THE_INTERNET = "prepare-models"


def check_policies(manifests: Sequence[Manifest]) -> Iterator[Finding]:
    """All rules over all manifests of an overlay."""
    for pod in pods_of(manifests):
        yield from _pod(pod)
        for container, runs_on in pod.containers:
            where = f"{pod.where} container {container['name']}"
            yield from _container(where, container, pod.spec.get("securityContext", {}))
            if runs_on:
                yield from _probes(where, container)
    yield from _autoscaler(manifests)
    yield from _references(manifests)
    yield from _network(manifests)
    yield from _disruption_budgets(manifests)


def _pod(pod: Pod) -> Iterator[Finding]:
    spec = pod.spec
    for label in _LABELS:
        if label not in pod.labels:
            yield Finding(pod.where, f"set the label {label}; policies, monitors and people select by it")
    if spec.get("automountServiceAccountToken") is not False:
        yield Finding(pod.where, "set automountServiceAccountToken: false; code that is broken into has no API access")
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(field):
            yield Finding(pod.where, f"remove {field}")
    if not spec.get("priorityClassName"):
        yield Finding(pod.where, "set priorityClassName; the scheduler cannot tell it from any other pod")
    for volume in spec.get("volumes", []):
        if "hostPath" in volume:
            yield Finding(pod.where, f"volume {volume['name']} is a hostPath; use a claim or an emptyDir")
        if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
            yield Finding(pod.where, f"volume {volume['name']} has no sizeLimit; it can fill the node")


def _container(where: str, container: dict[str, Any], of_pod: dict[str, Any]) -> Iterator[Finding]:
    if not _PINNED.search(container.get("image", "")):
        yield Finding(
            where, f"image {container.get('image')!r} names no version; pin a tag other than latest, or a digest"
        )
    yield from _resources(where, container.get("resources", {}))
    yield from _security(where, container.get("securityContext", {}), of_pod)


def _resources(where: str, resources: dict[str, Any]) -> Iterator[Finding]:
    requests, limits = resources.get("requests", {}), resources.get("limits", {})
    for name in _BOUNDED:
        if name not in requests:
            yield Finding(where, f"set resources.requests.{name}")
        if name not in limits:
            yield Finding(where, f"set resources.limits.{name}")
    if requests.get("memory") != limits.get("memory"):
        yield Finding(
            where, "memory may outgrow its request, and the pod be killed for it; make request and limit equal"
        )


def _security(where: str, own: dict[str, Any], of_pod: dict[str, Any]) -> Iterator[Finding]:
    context = {**of_pod, **own}
    wanted = {"runAsNonRoot": True, "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True}
    for field, value in wanted.items():
        if context.get(field) is not value:
            yield Finding(where, f"set securityContext.{field}: {str(value).lower()}")
    if context.get("privileged") or context.get("runAsUser") == 0:
        yield Finding(where, "runs as root; give it a user of its own")
    if "ALL" not in own.get("capabilities", {}).get("drop", []):
        yield Finding(where, "set securityContext.capabilities.drop: [ALL]")
    if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield Finding(where, "set securityContext.seccompProfile.type: RuntimeDefault")


def _probes(where: str, container: dict[str, Any]) -> Iterator[Finding]:
    for probe in ("readinessProbe", "livenessProbe"):
        if probe not in container:
            yield Finding(where, f"set {probe}")


def _autoscaler(manifests: Sequence[Manifest]) -> Iterator[Finding]:
    """The container that KubeRay adds to the head."""
    for manifest in manifests:
        if manifest["kind"] != "RayService":
            continue
        cluster = manifest["spec"]["rayClusterConfig"]
        if not cluster.get("enableInTreeAutoscaling"):
            continue
        options = cluster.get("autoscalerOptions", {})
        where = f"{name_of(manifest)} autoscaler"
        of_head = cluster["headGroupSpec"]["template"]["spec"].get("securityContext", {})
        yield from _resources(where, options.get("resources", {}))
        yield from _security(where, options.get("securityContext", {}), of_head)
        if options.get("version") != "v2":
            yield Finding(where, "set version: v2; the first autoscaler knows no labels and no draining")


def _references(manifests: Sequence[Manifest]) -> Iterator[Finding]:
    there = {(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests}
    for pod in pods_of(manifests):
        for kind, name in _named(pod.spec):
            if (kind, name) not in there and name not in _FROM_THE_CLUSTER:
                yield Finding(pod.where, f"there is no {kind} {name!r} among the manifests")


def _named(spec: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What else a pod cannot start without. Secrets are made by hand, and are not among the manifests."""
    if name := spec.get("priorityClassName"):
        yield "PriorityClass", name
    for volume in spec.get("volumes", []):
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"]
        if "persistentVolumeClaim" in volume:
            yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        for source in container.get("envFrom", []):
            if "configMapRef" in source:
                yield "ConfigMap", source["configMapRef"]["name"]


def _network(manifests: Sequence[Manifest]) -> Iterator[Finding]:
    policies = [manifest for manifest in manifests if manifest["kind"] == "NetworkPolicy"]
    if not any(_denies_all(policy["spec"]) for policy in policies):
        yield Finding("NetworkPolicy", "there is no default: add one for all pods, both directions, without rules")
    for policy in policies:
        component = policy["spec"]["podSelector"].get("matchLabels", {}).get("app.kubernetes.io/component")
        if _reaches_the_internet(policy["spec"]) and component != _MAY_REACH_THE_INTERNET:
            yield Finding(name_of(policy), "lets pods reach the internet; only those that fetch models may")


def _denies_all(spec: dict[str, Any]) -> bool:
    both = set(spec.get("policyTypes", [])) == {"Ingress", "Egress"}
    return both and not spec["podSelector"] and not spec.get("ingress") and not spec.get("egress")


def _reaches_the_internet(spec: dict[str, Any]) -> bool:
    for rule in spec.get("egress", []):
        targets = rule.get("to", [])
        if not targets or any(target.get("ipBlock", {}).get("cidr", "").endswith("/0") for target in targets):
            return True
    return False


def _disruption_budgets(manifests: Sequence[Manifest]) -> Iterator[Finding]:
    pods = pods_of(manifests)
    for budget in manifests:
        if budget["kind"] != "PodDisruptionBudget":
            continue
        selector = budget["spec"]["selector"]["matchLabels"]
        if not any(selector.items() <= pod.labels.items() for pod in pods):
            yield Finding(name_of(budget), "selects none of the pods")
        if not isinstance(budget["spec"].get("minAvailable"), int):
            yield Finding(name_of(budget), "needs minAvailable as a number: a RayCluster has no scale subresource")
