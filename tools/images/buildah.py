"""buildah as it runs without namespaces, so inside a container, too: processes in a chroot, on the host's network."""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

ENVIRONMENT = {"BUILDAH_ISOLATION": "chroot"}
_COPIED = re.compile(r"(?:dir|file|multi):[0-9a-f]+ in ")


class ImageError(Exception):
    """An image could not be built, or does not do what it has to; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What one instruction added to an image."""

    made_by: str
    size_bytes: int


def buildah(*arguments: str, shown: bool = False) -> str:
    """What a command prints, or nothing if that is shown at once; its messages go where ours go."""
    out = None if shown else subprocess.PIPE
    try:
        run = subprocess.run(["buildah", *arguments], env=environment(), check=True, stdout=out, text=True)
    except FileNotFoundError:
        raise ImageError("buildah is not installed here: apt-get install buildah") from None
    except subprocess.CalledProcessError as error:
        raise ImageError(f"`buildah {arguments[0]}` failed with {error.returncode}; what it said is above.") from None
    return (run.stdout or "").strip()


def environment() -> dict[str, str]:
    """For a process that runs buildah."""
    return {**os.environ, **ENVIRONMENT}


def exists(image: str) -> bool:
    """Whether there is an image of that name here."""
    command = ["buildah", "inspect", "--type", "image", image]
    return subprocess.run(command, env=environment(), capture_output=True).returncode == 0


def config(image: str) -> dict[str, Any]:
    """User, health check, command and the like, by Docker's names."""
    described: dict[str, Any] = json.loads(buildah("inspect", "--type", "image", image))["Docker"]["config"]
    return described


def layers(image: str) -> list[Layer]:
    """The layers, lowest first."""
    described = json.loads(buildah("inspect", "--type", "image", image))
    sizes = [layer["size"] for layer in json.loads(described["Manifest"])["layers"]]
    made_by = [step["created_by"] for step in described["Docker"]["history"] if not step.get("empty_layer")]
    return [Layer(_short(how), size) for how, size in zip(made_by, sizes, strict=True)]


def _short(made_by: str) -> str:
    words = re.sub(r"^\|\d+ .*?(?=/bin/sh)|/bin/sh -c |#\(nop\) |--mount=\S+ ", "", made_by).split()
    name = _COPIED.sub("", " ".join(words))
    return "base" if name == "/bin/sh" else name


@contextmanager
def container(image: str) -> Iterator[str]:
    """The name of a container of an image; it is gone afterwards."""
    name = buildah("from", image)
    try:
        yield name
    finally:
        buildah("rm", name)


def in_container(
    name: str, command: Sequence[str], *, variables: Mapping[str, str] | None = None, volumes: Sequence[str] = ()
) -> list[str]:
    """The command line that runs a command in a container as its own user, on the network of this host."""
    options = [f"--env={key}={value}" for key, value in (variables or {}).items()]
    options += [f"--volume={volume}" for volume in volumes]
    return ["buildah", "run", *options, name, "--", *command]
