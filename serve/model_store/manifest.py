"""The manifest: written last into a finished model directory, it lists each file with its size and sha256."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from serve.model_store.files import sync
from serve.model_store.fingerprint import hash_files

MANIFEST_FILE = "pubserve-manifest.json"


class FileRecord(BaseModel):
    """One file of a model: `size` in bytes, `sha256` in hexadecimal."""

    model_config = ConfigDict(frozen=True)

    size: int
    sha256: str


class Damage(BaseModel):
    """One file that is not what the manifest says."""

    model_config = ConfigDict(frozen=True)

    file: str
    problem: Literal["missing", "wrong size", "wrong sha256", "unreadable manifest"]


class Manifest(BaseModel):
    """What a complete model directory holds. A directory without one is not complete."""

    model_config = ConfigDict(frozen=True)

    name: str
    revision: str
    source: str
    license: str
    files: dict[str, FileRecord]

    @classmethod
    def write(cls, directory: Path, *, name: str, revision: str, source: str, license: str) -> None:
        """Record all the files below `directory`, then force them and the record to disk."""
        names = [path.relative_to(directory).as_posix() for path in _files(directory)]
        records = {
            file: FileRecord(size=(directory / file).stat().st_size, sha256=digest)
            for file, digest in hash_files(directory, names).items()
        }
        manifest = cls(name=name, revision=revision, source=source, license=license, files=records)
        (directory / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
        for path in (*_files(directory), directory):
            sync(path)

    @classmethod
    def read(cls, directory: Path) -> "Manifest | None":
        """The manifest of a directory, or None where there is none that can be read."""
        try:
            return cls.model_validate_json((directory / MANIFEST_FILE).read_bytes())
        except (OSError, ValidationError):
            return None

    @property
    def size_bytes(self) -> int:
        """The sum of the files' sizes."""
        return sum(record.size for record in self.files.values())

    def misfits(self, directory: Path) -> list[Damage]:
        """Files that are missing or have another size: a look at the directory only, so it takes microseconds."""
        return [damage for file in self.files if (damage := self._look(directory / file, file))]

    def damages(self, directory: Path) -> list[Damage]:
        """Files that are missing or have other bytes: reads everything, about a second per gigabyte."""
        found = self.misfits(directory)
        sound = [file for file in self.files if file not in {damage.file for damage in found}]
        digests = hash_files(directory, sound)
        wrong = [file for file in sound if digests[file] != self.files[file].sha256]
        return found + [Damage(file=file, problem="wrong sha256") for file in wrong]

    def _look(self, path: Path, file: str) -> Damage | None:
        try:
            size = path.stat().st_size
        except OSError:
            return Damage(file=file, problem="missing")
        return None if size == self.files[file].size else Damage(file=file, problem="wrong size")


def _files(directory: Path) -> Iterator[Path]:
    return (path for path in sorted(directory.rglob("*")) if path.is_file())
