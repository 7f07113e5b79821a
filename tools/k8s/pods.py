"""The pods that manifests stand for, whatever kind of object makes them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tools.k8s.overlays import Manifest

_TEMPLATES = {"Deployment", "StatefulSet", "DaemonSet", "Job"}
_CLUSTERS = {"RayService": "rayClusterConfig", "RayJob": "rayClusterSpec"}
"""Where a kind has its Ray cluster."""


@dataclass(frozen=True)
class Pod:
    """A pod template and where it stands."""

    where: str
    """`RayService/pubserve extractor`."""
    labels: dict[str, str]
    spec: dict[str, Any]
    runs_to_completion: bool = False

    @property
    def containers(self) -> list[tuple[dict[str, Any], bool]]:
        """Each container, and whether it runs as long as the pod."""
        initial = [(container, False) for container in self.spec.get("initContainers", [])]
        return initial + [(container, not self.runs_to_completion) for container in self.spec["containers"]]

    @property
    def manifest(self) -> Manifest:
        """The same as a manifest of its own."""
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "pod", "labels": self.labels},
            "spec": self.spec,
        }


def pods_of(manifests: Sequence[Manifest]) -> list[Pod]:
    """Every pod template in them."""
    return [pod for manifest in manifests for pod in _pods(manifest)]


def name_of(manifest: Manifest) -> str:
    """`Kind/name`."""
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def _pods(manifest: Manifest) -> Iterator[Pod]:
    where = name_of(manifest)
    if manifest["kind"] in _TEMPLATES:
        yield _pod(where, manifest["spec"]["template"], runs_to_completion=manifest["kind"] == "Job")
    elif manifest["kind"] in _CLUSTERS:
        cluster = manifest["spec"][_CLUSTERS[manifest["kind"]]]
        yield _pod(f"{where} head", cluster["headGroupSpec"]["template"], {"ray.io/node-type": "head"})
        for group in cluster.get("workerGroupSpecs", []):
            yield _pod(f"{where} {group['groupName']}", group["template"], {"ray.io/node-type": "worker"})


def _pod(where: str, template: Manifest, ray: dict[str, str] | None = None, *, runs_to_completion: bool = False) -> Pod:
    labels = template.get("metadata", {}).get("labels", {})
    # KubeRay's own labels, which policies select by.
    operators = {"ray.io/is-ray-node": "yes", **ray} if ray else {}
    return Pod(where, {**labels, **operators}, template["spec"], runs_to_completion)
