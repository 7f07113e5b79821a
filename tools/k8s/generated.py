"""What is written by a program in the manifests: the Serve config and the models, both from the service's settings.

The Serve config is that of the application itself, as `serve build` would write it, with what only a cluster has:
the worker group of each deployment.
"""

from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter
from ray.serve.schema import ServeDeploySchema

from serve.extractor.disease_names import CATALOG_ENTRY
from serve.settings import Settings
from tools.k8s.overlays import Manifest, Overlay

GROUP_LABEL = "app.kubernetes.io/component"
"""Of a worker group's pods and, by the same name, of its Ray nodes."""

HEADER = "# Made by `python -m tools.k8s generate` from serve.yaml and the profile; do not edit.\n"


def files(overlay: Overlay) -> dict[Path, str]:
    """Every generated file of an overlay with its content. Starts Ray if it is not running, and imports vLLM: 20 s.

    Raises:
        ValueError: `placement` and the deployments of the application are not about the same names.
    """
    serving, settings = overlay.serving, overlay.settings
    config = serve_config(settings, serving.settings, serving.placement)
    service = {
        "apiVersion": "ray.io/v1",
        "kind": "RayService",
        "metadata": {"name": "pubserve"},
        "spec": {"serveConfigV2": _Block(yaml.safe_dump(config, sort_keys=False))},
    }
    return {
        overlay.generated / "serve-config.yaml": _text(service),
        overlay.generated / "models.yaml": _text(models(settings)),
    }


def models(settings: Settings) -> Manifest:
    """The names that the job prepares and that pods wait for, separated by spaces."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "pubserve-models"},
        "data": {"MODELS": " ".join([*settings.models, CATALOG_ENTRY])},
    }


def serve_config(settings: Settings, args: dict[str, Any], placement: dict[str, str]) -> dict[str, Any]:
    """`serveConfigV2`: the application built from `args`, every deployment with all its options."""
    deployments = [_on_cluster(options, settings, placement) for options in _deployments(settings)]
    if unknown := placement.keys() - {options["name"] for options in deployments}:
        raise ValueError(f"`placement` names what the application has not: {', '.join(sorted(unknown))}")
    config = {
        "proxy_location": "EveryNode",
        "http_options": {"host": "0.0.0.0", "port": settings.http.port},
        "applications": [
            {
                "name": "pubserve",
                "route_prefix": "/",
                "import_path": "serve.app:build",
                "args": args,
                "deployments": deployments,
            }
        ],
    }
    ServeDeploySchema.model_validate(config)
    return config


def _deployments(settings: Settings) -> list[dict[str, Any]]:
    from ray.serve._private.build_app import build_app
    from ray.serve.deployment import deployment_to_schema

    from serve.app import APP_NAME, build

    built = build_app(build(settings), name=APP_NAME)
    schemas = [deployment_to_schema(deployment) for deployment in built.deployments]
    plain = TypeAdapter(list[dict[str, Any]])
    options = [schema.model_dump(mode="json", exclude_unset=True) for schema in schemas]
    return sorted(map(_in_order, plain.validate_python(options)), key=lambda each: str(each["name"]))


def _in_order(options: dict[str, Any]) -> dict[str, Any]:
    """Ray names the resources of a bundle in one order or another."""
    bundles = [dict(sorted(bundle.items())) for bundle in options.get("placement_group_bundles", [])]
    return {**options, "placement_group_bundles": bundles} if bundles else options


def _on_cluster(options: dict[str, Any], settings: Settings, placement: dict[str, str]) -> dict[str, Any]:
    if not placement:
        return options
    name = options["name"]
    if name not in placement:
        raise ValueError(f"`placement` does not say on which worker group {name} runs")
    selector = {GROUP_LABEL: placement[name]}
    if "placement_group_bundles" in options:
        return {**options, "placement_group_bundle_label_selector": [selector]}
    return {**options, "ray_actor_options": {**options["ray_actor_options"], "label_selector": selector}}


class _Block(str):
    """Text that YAML shows as lines."""


def _text(manifest: Manifest) -> str:
    return HEADER + yaml.dump(manifest, Dumper=_Dumper, sort_keys=False, width=120)


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(
    _Block, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="|")
)
