"""Where pip on this machine finds packages, for pip in a build: a configuration that no layer keeps."""

from collections.abc import Mapping
from configparser import RawConfigParser
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

OPTIONS = ("index-url", "extra-index-url", "find-links", "trusted-host", "cert")
CERTIFICATES = "/run/pip/certificates.crt"
"""Not their usual place: there they would be in the way of the image's own."""


@dataclass(frozen=True, slots=True)
class Sources:
    """A pip.conf, and what has to be mounted for it: paths here, with the same name there if no other is given."""

    pip_conf: str
    volumes: tuple[str, ...]


def sources(told: Mapping[str, str]) -> Sources:
    """For what pip was told, by option."""
    said = {option: told[option] for option in OPTIONS if told.get(option)}
    volumes = {path: path for option, value in said.items() if option != "cert" for path in _folders(value)}
    if "cert" in said:
        volumes[said["cert"]], said["cert"] = CERTIFICATES, CERTIFICATES
    return Sources(_written(said), tuple(f"{here}:{there}:ro" for here, there in volumes.items()))


def _folders(value: str) -> list[str]:
    """Folders of this machine among places; the files of an index lie beside its pages."""
    places = value.split()
    indexes = [str(Path(place.removeprefix("file://")).parent) for place in places if place.startswith("file://")]
    return indexes + [place for place in places if place.startswith("/")]


def _written(options: dict[str, str]) -> str:
    parser, file = RawConfigParser(), StringIO()
    parser["global"] = options
    parser.write(file)
    return file.getvalue()
