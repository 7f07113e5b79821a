"""What `deploy` and `rollback` do to a cluster: kubectl commands, one after the other."""

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from pubserve._connection import API_KEY_VARIABLE
from tools.k8s.overlays import Manifest, Overlay, kubectl

NAMESPACE = "pubserve"
SERVICE = "svc/pubserve-serve-svc"
CRDS_OF = {
    "ray.io/v1": "rayservices.ray.io",
    "gateway.networking.k8s.io/v1": "gateways.gateway.networking.k8s.io",
    "monitoring.coreos.com/v1": "podmonitors.monitoring.coreos.com",
}
MODELS_TIMEOUT = "2h"
READY_TIMEOUT = "1h"
PAPER = {"id": "smoke", "title": "Inhaled steroids in children with asthma."}


class DeployError(Exception):
    """A step failed; the message says which, and what to look at."""


@dataclass(frozen=True)
class Cluster:
    """Runs kubectl against the current context, or only says what it would run."""

    say: Callable[[str], None]
    dry_run: bool = False

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """What kubectl prints.

        Raises:
            DeployError: it fails.
        """
        self.say(f"kubectl {' '.join(arguments)}")
        if self.dry_run:
            return ""
        done = subprocess.run([kubectl(), *arguments], input=stdin, capture_output=True, text=True, check=False)
        if done.returncode:
            raise DeployError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout


def deploy(cluster: Cluster, overlay: Overlay, *, previous: Path, port: int) -> None:
    """Check what the overlay needs, keep what runs now in `previous`, apply, wait until ready, ask for one answer."""
    manifests = overlay.render()
    for kind in needed_crds(manifests):
        cluster.run("get", "crd", kind)
    if needed_secrets(manifests):
        cluster.run("get", "secret", *needed_secrets(manifests), "-n", NAMESPACE)
    keep(cluster, previous)
    # A job cannot be changed, and what it did is done.
    cluster.run("delete", "job", "prepare-models", "-n", NAMESPACE, "--ignore-not-found")
    cluster.run("apply", "-k", str(overlay.directory))
    cluster.run(
        "wait", "job/prepare-models", "-n", NAMESPACE, "--for=condition=complete", f"--timeout={MODELS_TIMEOUT}"
    )
    wait_and_ask(cluster, port)


def rollback(cluster: Cluster, *, previous: Path, port: int) -> None:
    """Apply what `deploy` kept: KubeRay moves the load back as it moved it there."""
    if not previous.is_file():
        raise DeployError(f"there is no {previous}: nothing was running when this was deployed")
    cluster.run("apply", "-f", str(previous))
    wait_and_ask(cluster, port)


def needed_crds(manifests: Sequence[Manifest]) -> list[str]:
    """Kinds that operators bring and the cluster must have."""
    versions = {manifest["apiVersion"] for manifest in manifests}
    return [kind for version, kind in CRDS_OF.items() if version in versions]


def needed_secrets(manifests: Sequence[Manifest]) -> list[str]:
    """Secrets that pods refuse to start without; they are made by hand."""
    return sorted(set(_secrets(list(manifests))))


def _secrets(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for kind, name in (("secretKeyRef", "name"), ("secret", "secretName")):
            reference = node.get(kind)
            if isinstance(reference, dict) and not reference.get("optional"):
                yield str(reference[name])
        for value in node.values():
            yield from _secrets(value)
    elif isinstance(node, list):
        for value in node:
            yield from _secrets(value)


def keep(cluster: Cluster, previous: Path) -> None:
    """The RayService as it was last applied, for `rollback`; nothing if there is none."""
    there = cluster.run("get", "rayservice", "pubserve", "-n", NAMESPACE, "--ignore-not-found", "-o", "name")
    if there or cluster.dry_run:
        applied = cluster.run("apply", "view-last-applied", "rayservice/pubserve", "-n", NAMESPACE)
        if not cluster.dry_run:
            previous.parent.mkdir(parents=True, exist_ok=True)
            previous.write_text(applied, encoding="utf-8")


def wait_and_ask(cluster: Cluster, port: int) -> None:
    """Until KubeRay says ready and has finished an upgrade; then one paper through the service itself."""
    # Until the operator has seen the change, its conditions are about what ran before.
    generation = cluster.run("get", "rayservice", "pubserve", "-n", NAMESPACE, "-o", "jsonpath={.metadata.generation}")
    seen = f"--for=jsonpath={{.status.observedGeneration}}={generation or 'GENERATION'}"
    cluster.run("wait", "rayservice/pubserve", "-n", NAMESPACE, seen, "--timeout=5m")
    of_service = ("rayservice/pubserve", "-n", NAMESPACE, f"--timeout={READY_TIMEOUT}")
    cluster.run("wait", *of_service, "--for=condition=Ready")
    cluster.run("wait", *of_service, "--for=condition=UpgradeInProgress=False")
    cluster.say(f"kubectl port-forward -n {NAMESPACE} {SERVICE} {port}:8000, and one paper to it")
    if not cluster.dry_run:
        with _forwarded(port) as url:
            ask(url)


def ask(url: str) -> None:
    """The smoke test: both models answer, and a paper on asthma names it.

    Raises:
        DeployError: they do not.
    """
    try:
        httpx.get(f"{url}/readyz", timeout=60).raise_for_status()
        key = os.environ.get(API_KEY_VARIABLE)
        headers = {"authorization": f"Bearer {key}"} if key else {}
        answer = httpx.post(f"{url}/v1/analyze", json={"papers": [PAPER]}, headers=headers, timeout=120)
        if answer.status_code == 401:
            raise DeployError(f"the service asks for an API key; set {API_KEY_VARIABLE} to one that may read papers")
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise DeployError(f"the service does not answer: {error}; see `kubectl describe rayservice pubserve`") from None
    diseases = answer.json()["results"][0].get("extracted_diseases")
    if "Asthma" not in (diseases or []):
        raise DeployError(f"a paper on asthma was read as {diseases}; roll back with `python -m tools.k8s rollback`")


@contextmanager
def _forwarded(port: int) -> Iterator[str]:
    command = [kubectl(), "port-forward", "-n", NAMESPACE, SERVICE, f"{port}:8000"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        process.stdout.readline()  # `Forwarding from ...`, or nothing where it could not
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
