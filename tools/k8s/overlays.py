"""An overlay of `k8s/overlays`: what it serves, and its manifests as the API server would get them."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict
from pydantic_settings import PydanticBaseSettingsSource

from serve.settings import Settings

OVERLAYS_DIR = Path(__file__).resolve().parents[2] / "k8s" / "overlays"

Manifest = dict[str, Any]


class ManifestError(Exception):
    """Manifests that cannot be rendered or read; the message says where and why."""


class DeclaredSettings(Settings):
    """Settings from an overlay and its profile alone: the environment of whoever generates manifests has no say."""

    @classmethod
    def settings_customise_sources(cls, *sources: Any, **named: Any) -> tuple[PydanticBaseSettingsSource, ...]:
        given, _environment, profile = super().settings_customise_sources(*sources, **named)
        return given, profile


class Serving(BaseModel):
    """An overlay's `serve.yaml`: what a person decides, and everything in `generated/` follows from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    settings: dict[str, Any]
    """What differs from the defaults of `Settings`; `profile` is required."""
    placement: dict[str, str] = {}
    """Worker group of each deployment, or nothing where there are no groups."""


@dataclass(frozen=True)
class Overlay:
    """One directory under `k8s/overlays`."""

    directory: Path

    @property
    def name(self) -> str:
        return self.directory.name

    @property
    def generated(self) -> Path:
        return self.directory / "generated"

    @property
    def serving(self) -> Serving:
        content = yaml.safe_load((self.directory / "serve.yaml").read_text(encoding="utf-8"))
        return Serving.model_validate(content)

    @property
    def settings(self) -> Settings:
        return DeclaredSettings(**self.serving.settings)

    def render(self) -> list[Manifest]:
        """The manifests of `kubectl kustomize`.

        Raises:
            ManifestError: kubectl is not there, or does not accept the overlay.
        """
        return render(self.directory)


def overlays() -> Sequence[Overlay]:
    """All of them, by name."""
    return [Overlay(path.parent) for path in sorted(OVERLAYS_DIR.glob("*/serve.yaml"))]


def render(directory: Path) -> list[Manifest]:
    """The manifests of any kustomization; see `Overlay.render`."""
    done = subprocess.run([kubectl(), "kustomize", str(directory)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ManifestError(f"{directory}: {done.stderr.strip()}")
    return [manifest for manifest in yaml.safe_load_all(done.stdout) if manifest]


def kubectl() -> str:
    """The command: that of this Python's environment before any other."""
    beside_python = str(Path(sys.executable).parent)
    found = shutil.which("kubectl", path=beside_python) or shutil.which("kubectl")
    if found is None:
        raise ManifestError("kubectl is not there; `make setup-dev` installs it")
    return found
