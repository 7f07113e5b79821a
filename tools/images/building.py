"""Building the targets of the Dockerfile."""

import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

from tools.bootstrap import pip_options
from tools.images.buildah import buildah
from tools.images.packages import sources

ROOT = Path(__file__).parents[2]
TARGETS = ("cpu", "gpu", "worker", "loadtest")


def image_name(target: str) -> str:
    """The name of a target's image, as Compose and the manifests have it."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return f"localhost/pubserve:{version}-{target}"


def build(target: str, *, base: str, models: Sequence[str] = (), context: Path = ROOT) -> str:
    """Build one target and return the name of its image. Stages that were built before are not built again."""
    name, packages = image_name(target), sources(pip_options())
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as pip_conf:
        pip_conf.write(packages.pip_conf)
        pip_conf.flush()
        buildah(
            "bud", "--layers", "--force-rm", "--format", "docker", "--network", "host",
            "--target", target, "--tag", name,
            "--build-arg", f"BASE={base}",
            *(("--build-arg", f"MODELS={' '.join(models)}") if models else ()),
            "--secret", f"id=pip,src={pip_conf.name}",
            *(f"--volume={volume}" for volume in packages.volumes),
            str(context),
            shown=True,
        )  # fmt: skip
    return name


def remove_stages() -> None:
    """Remove what only builds again faster: layers of stages, which are full copies here."""
    buildah("rmi", "--prune", "--force")
