from functools import cache
from pathlib import Path

import pytest

from tools.k8s.overlays import OVERLAYS_DIR, Manifest, Overlay, render

JOBS = {name: OVERLAYS_DIR.parent / name for name in ("bulk", "loadtest", "worker")}
"""Beside an overlay that runs."""
CRDS = Path(__file__).parents[3] / "shared" / "crds"
"""KubeRay's definitions, where there is a copy beside this repository."""

OVERLAYS = ("cpu-dev", "gpu", "gpu-ha")


def overlay(name: str) -> Overlay:
    return Overlay(OVERLAYS_DIR / name)


@cache
def rendered(name: str) -> list[Manifest]:
    return render(JOBS[name]) if name in JOBS else overlay(name).render()


def service_of(manifests: list[Manifest]) -> Manifest:
    [service] = [manifest for manifest in manifests if manifest["kind"] == "RayService"]
    return service


@pytest.fixture(scope="session")
def crds() -> Path:
    if not CRDS.is_dir():
        pytest.skip(f"KubeRay's resource definitions are not in {CRDS}")
    return CRDS
