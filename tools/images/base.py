"""A base image from Debian's packages, for machines that reach no registry of images."""

import subprocess
import tempfile
from pathlib import Path

from tools.images.buildah import ImageError, buildah, container, exists

NAME = "localhost/pubserve-base:bookworm"
MIRROR = "http://deb.debian.org"
SUITE = "bookworm"

_SOURCES = f"""\
deb {MIRROR}/debian {SUITE} main
deb {MIRROR}/debian {SUITE}-updates main
deb {MIRROR}/debian-security {SUITE}-security main
"""
_NOT_UNPACKED = ("/usr/share/doc", "/usr/share/info", "/usr/share/locale", "/usr/share/man")
"""As in Debian's own slim images, whose licences stay, too."""


def base() -> str:
    """The name of the base image, which is made if there is none here: a minute, 100 MB."""
    if not exists(NAME):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "root"
            _bootstrap(root)
            _slim(root)
            with container("scratch") as scratch:
                buildah("add", "--quiet", scratch, str(root), "/")
                buildah("config", "--cmd", "bash", scratch)
                buildah("commit", "--quiet", "--format", "docker", scratch, NAME)
    return NAME


def _bootstrap(root: Path) -> None:
    command = ["debootstrap", "--variant=minbase", SUITE, str(root), f"{MIRROR}/debian"]
    try:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    except FileNotFoundError:
        raise ImageError("debootstrap is not installed here: apt-get install debootstrap") from None
    except subprocess.CalledProcessError:
        raise ImageError(f"{MIRROR} gave no Debian {SUITE}; name another base with --base.") from None


def _slim(root: Path) -> None:
    (root / "etc/apt/sources.list").write_text(_SOURCES)
    excluded = "".join(f"path-exclude {path}/*\n" for path in _NOT_UNPACKED)
    (root / "etc/dpkg/dpkg.cfg.d/slim").write_text(f"{excluded}path-include /usr/share/doc/*/copyright\n")
    for path in _NOT_UNPACKED:
        for file in (root / path.lstrip("/")).rglob("*"):
            if not file.is_dir() and file.name != "copyright":
                file.unlink()
    for folder in ("var/cache/apt/archives", "var/lib/apt/lists", "var/log"):
        for file in (root / folder).rglob("*"):
            if file.is_file():
                file.unlink()
