"""Manifests against schemas: Kubernetes' own for several versions, those of operators for their kinds."""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import kubernetes_validate  # type: ignore[import-untyped]
import yaml

from tools.k8s.findings import Finding
from tools.k8s.overlays import Manifest, ManifestError
from tools.k8s.pods import name_of, pods_of

KUBERNETES_VERSIONS = ("1.33", "1.35", "1.37")
CRD_GROUPS = ("ray.io", "gateway.networking.k8s.io", "keda.sh", "monitoring.coreos.com")
"""Of these kinds Kubernetes has no schema."""


def check_core(manifests: Sequence[Manifest], version: str) -> Iterator[Finding]:
    """Core kinds, and the pod templates inside RayServices, against the schemas of one Kubernetes version."""
    core = [(name_of(manifest), manifest) for manifest in manifests if not is_custom(manifest)]
    templates = [(pod.where, pod.manifest) for pod in pods_of(manifests)]
    for where, manifest in core + templates:
        try:
            kubernetes_validate.validate(manifest, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield Finding(where, f"Kubernetes {version}: {_path(error)}{error.message}")


def check_custom(manifests: Sequence[Manifest], crds: Path) -> Iterator[Finding]:
    """Kinds of operators against the custom resource definitions in a directory, as far as they are there.

    Raises:
        ManifestError: there is no definition of a kind of `ray.io`.
    """
    for manifest in manifests:
        if not is_custom(manifest) or not (manifest["apiVersion"].startswith("ray.io/") or is_defined(manifest, crds)):
            continue
        validator = jsonschema.Draft7Validator(_crd_schema(manifest["apiVersion"], manifest["kind"], crds))
        for error in validator.iter_errors(manifest):
            yield Finding(name_of(manifest), f"{manifest['apiVersion']}: {_path(error)}{error.message}")


def is_custom(manifest: Manifest) -> bool:
    return str(manifest["apiVersion"]).startswith(tuple(f"{group}/" for group in CRD_GROUPS))


def is_defined(manifest: Manifest, crds: Path) -> bool:
    """Whether there is a definition of its kind."""
    return _definition(manifest["apiVersion"], manifest["kind"], crds).is_file()


def _definition(api_version: str, kind: str, crds: Path) -> Path:
    return crds / f"{api_version.split('/')[0]}_{kind.lower()}s.yaml"


@cache  # a megabyte of YAML each
def _crd_schema(api_version: str, kind: str, crds: Path) -> dict[str, Any]:
    version = api_version.split("/")[1]
    path = _definition(api_version, kind, crds)
    if not path.is_file():
        raise ManifestError(f"there is no {path}: the definitions of the KubeRay release that is to run belong there")
    definition = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    [schema] = [each["schema"]["openAPIV3Schema"] for each in definition["spec"]["versions"] if each["name"] == version]
    return _strict(schema)


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    """The same, changed in place, with unknown fields refused: the API server would drop them without a word."""
    unseen: list[Any] = [schema]
    while unseen:
        node = unseen.pop()
        if isinstance(node, dict):
            knows_all = "properties" in node and not node.get("x-kubernetes-preserve-unknown-fields")
            if knows_all and isinstance(node["properties"], dict) and node.get("type") == "object":
                node.setdefault("additionalProperties", False)
            unseen.extend(node.values())
        elif isinstance(node, list):
            unseen.extend(node)
    return schema


def _path(error: Any) -> str:
    path = ".".join(str(part) for part in error.path)
    return f"{path}: " if path else ""
