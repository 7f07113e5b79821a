"""The model store: from a name in the catalogue to a directory that transformers and vLLM load.

A finished model lies in `<cache>/models/<name>-<revision>`. The revision is made from its content, so new weights get a
new directory. A model is built beside its final place and renamed into it last: a directory that is there, with its
manifest, is complete, however many processes build at once and whichever of them is killed.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from serve.extractor import disease_names
from serve.extractor.disease_names import DiseaseNames
from serve.extractor.vocabulary import VocabularyError
from serve.model_store import sources
from serve.model_store.adapter import adapter_files
from serve.model_store.catalog import Catalog, Entry, Source, Task
from serve.model_store.convert import check_complete, convert_gguf, merge_adapter
from serve.model_store.errors import (
    CatalogError,
    ConversionError,
    ModelStoreError,
    StorageError,
    WeightsUnavailableError,
    storage_problem,
)
from serve.model_store.files import remove_tree, sync
from serve.model_store.fingerprint import REVISION_CHARS, hash_files, revision_of
from serve.model_store.manifest import Damage, Manifest
from serve.model_store.progress import Quiet, Reporter
from serve.model_store.trust import require_data_only

CACHE_DIR_VARIABLE = "PUBSERVE_CACHE_DIR"
LOCK_TIMEOUT_S = 3600.0
_NO_MODELS = ("vocabulary", "names")


def default_cache_dir() -> Path:
    """`$PUBSERVE_CACHE_DIR`, or `~/.cache/pubserve`."""
    return Path(os.environ.get(CACHE_DIR_VARIABLE) or "~/.cache/pubserve").expanduser()


@dataclass(frozen=True)
class PreparedModel:
    """A model that is ready to load from `path`. `license` and `task` are the catalogue's."""

    name: str
    revision: str
    path: Path
    task: Task
    license: str
    size_bytes: int

    @property
    def id(self) -> str:
        """`name@revision`: how answers name the model that gave them."""
        return f"{self.name}@{self.revision}"


State = Literal["ready", "not prepared", "damaged", "no adapter"]


class ModelStore:
    """Prepares the models of a catalogue in a cache directory; safe to use from many processes at once."""

    def __init__(
        self, cache_dir: Path | None = None, catalog: Catalog | None = None, reporter: Reporter | None = None
    ) -> None:
        self.cache_dir = (cache_dir or default_cache_dir()).expanduser().absolute()
        self.catalog = catalog or Catalog.load()
        self.reporter: Reporter = reporter or Quiet()

    def revision(self, name: str) -> str:
        """The revision that the catalogue, an adapter's files and the code that makes names stand for. Fetches nothing.

        Raises `CatalogError` for an unknown name, `AdapterError` for an adapter that is not there.
        """
        entry = self.catalog.entry(name)
        if entry.source is not None:
            return revision_of(sources.pins(entry.source, self.catalog), entry.task)
        if entry.task == "names":
            assert entry.base is not None  # the catalogue checks that
            return revision_of(disease_names.made_by(), entry.task, base=self.revision(entry.base))
        adapter, base = self._adapter(entry)
        digests = hash_files(adapter, (path.name for path in adapter_files(adapter)))
        return revision_of(digests, entry.task, base=self.revision(base))

    def find(self, name: str) -> PreparedModel | None:
        """The model if it lies ready in the cache, else None. Looks at names and sizes only, and writes nothing."""
        revision = self.revision(name)
        directory = self._directory(name, revision)
        manifest = Manifest.read(directory)
        if manifest is None or manifest.misfits(directory):
            return None
        entry = self.catalog.entry(name)
        return PreparedModel(name, revision, directory, entry.task, entry.license, manifest.size_bytes)

    def prepare(self, name: str, *, rebuild: bool = False, verify: bool = False) -> PreparedModel:
        """The model, ready to load: from the cache in milliseconds, or fetched and converted in seconds to minutes.

        A second process that wants the same model waits for the first. `rebuild` builds even what looks complete;
        `verify` does where a byte is wrong, which takes about a second per gigabyte to know.
        Raises `ModelStoreError`, or one of its kinds.
        """
        if not rebuild and (ready := self._sound(name, verify=verify)):
            return ready
        entry = self.catalog.entry(name)
        base = None if entry.base is None else self.prepare(entry.base, verify=verify).path
        with self._lock(name):
            if rebuild or not self._sound(name, verify=verify):
                self._build(name, entry, base)
            ready = self.find(name)
        if ready is None:
            raise _changed(name)
        self.reporter.done(name, f"ready ({ready.size_bytes / 1e6:.0f} MB)")
        return ready

    def _sound(self, name: str, *, verify: bool) -> PreparedModel | None:
        """What `find` finds; with `verify`, only if all its bytes are the right ones."""
        ready = self.find(name)
        if ready and verify and (damages := self.verify(name)):
            self.reporter.step(name, ", ".join(f"{damage.file}: {damage.problem}" for damage in damages))
            return None
        return ready

    def adapter(self, name: str, *, base: str) -> Path:
        """The directory of an adapter as it is, for an engine that keeps adapters apart from their base.

        Raises `CatalogError` for an unknown name and for one that is no adapter of `base`, `AdapterError` where files
        are missing.
        """
        entry = self.catalog.entry(name)
        if entry.adapter is None or entry.base != base:
            raise CatalogError(f"{name} is no adapter of {base}.", "Give it `base` and `adapter` in the catalogue.")
        directory = self.catalog.resolve(entry.adapter)
        adapter_files(directory)
        return directory

    def path(self, name: str) -> Path:
        """Where the prepared model lies. Raises `WeightsUnavailableError` if it is not prepared."""
        if (ready := self.find(name)) is None:
            raise WeightsUnavailableError(f"{name} is not prepared.", f"Run `pubserve-models prepare {name}`.")
        return ready.path

    def state(self, name: str) -> State:
        """How the model stands in the cache, judged by names and sizes."""
        try:
            revision = self.revision(name)
        except ModelStoreError:
            return "no adapter" if self.catalog.entry(name).adapter else "not prepared"
        if self.find(name):
            return "ready"
        return "damaged" if self._directory(name, revision).exists() else "not prepared"

    def verify(self, name: str) -> list[Damage]:
        """Read the whole model against its manifest; the damaged files, none for a sound model.

        Raises `WeightsUnavailableError` if the model is not prepared at all.
        """
        directory = self._directory(name, self.revision(name))
        if not directory.exists():
            raise WeightsUnavailableError(f"{name} is not prepared.", f"Run `pubserve-models prepare {name}`.")
        manifest = Manifest.read(directory)
        if manifest is None:
            return [Damage(file=directory.name, problem="unreadable manifest")]
        return manifest.damages(directory)

    def prune(self) -> list[Path]:
        """Remove the directories of revisions that the catalogue no longer stands for. Returns what was removed.

        A model whose revision cannot be told now, its adapter being away, keeps all its directories.
        """
        removed = []
        for directory in sorted(self._models.glob(f"*-{'[0-9a-f]' * REVISION_CHARS}")):
            name, _, revision = directory.name.rpartition("-")
            if not self._is_current(name, revision):
                with self._lock(name):
                    self._discard(name, directory)
                removed.append(directory)
        return removed

    @property
    def _models(self) -> Path:
        return self.cache_dir / "models"

    def _directory(self, name: str, revision: str) -> Path:
        return self._models / f"{name}-{revision}"

    def _adapter(self, entry: Entry) -> tuple[Path, str]:
        assert entry.adapter is not None
        assert entry.base is not None  # the catalogue checks that they come together
        return self.catalog.resolve(entry.adapter), entry.base

    def _is_current(self, name: str, revision: str) -> bool:
        if name not in self.catalog.models:
            return False
        try:
            return self.revision(name) == revision
        except ModelStoreError:
            return True

    @contextmanager
    def _lock(self, name: str) -> Iterator[None]:
        """Hold the model's lock; the system frees it when the holder dies. Disk trouble becomes `StorageError`."""
        lock = FileLock(self._models / f".{name}.lock")
        try:
            self._models.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                self.reporter.step(name, "waiting for another process that is preparing it")
                lock.acquire(timeout=LOCK_TIMEOUT_S)
            yield
        except Timeout as error:
            raise StorageError(
                f"Another process has held {error.lock_file} for over {LOCK_TIMEOUT_S / 60:.0f} minutes.",
                "Wait for it or end it; a lock is free again as soon as its holder is gone.",
            ) from error
        except OSError as error:
            if problem := storage_problem(error, self.cache_dir):
                raise problem from error
            raise
        finally:
            lock.release()

    def _build(self, name: str, entry: Entry, base: Path | None) -> None:
        """Build the model's directory. The lock is held, so whatever lies in the building place is a dead build's."""
        revision = self.revision(name)
        building = self._models / f".{name}.building"
        remove_tree(building)
        remove_tree(self._models / f".{name}.discarded")
        model = building / "model"
        try:
            if entry.source is not None:
                self._build_source(name, entry, entry.source, building, model)
                origin = str(entry.source)
            elif entry.task == "names":
                assert base is not None
                origin = str(entry.base)
                self.reporter.step(name, f"making them of {origin} (once)")
                _make_names(base, model)
            else:
                assert base is not None
                adapter, origin = self._adapter(entry)
                self.reporter.step(name, f"merging the adapter into {origin}")
                merge_adapter(base, adapter, entry.task, model)
            if entry.task not in _NO_MODELS:
                require_data_only(model)
                check_complete(model)
            if self.revision(name) != revision:
                raise _changed(name)
            self.reporter.step(name, "writing the manifest")
            Manifest.write(model, name=name, revision=revision, source=origin, license=entry.license)
            final = self._directory(name, revision)
            self._discard(name, final)
            os.replace(model, final)
            sync(self._models)
        finally:
            remove_tree(building)

    def _build_source(self, name: str, entry: Entry, source: Source, building: Path, model: Path) -> None:
        def say(message: str) -> None:
            self.reporter.step(name, message)

        if entry.format == "gguf":
            sources.fetch(source, self.catalog, building / "download", say)
            say("converting (once)")
            convert_gguf(building / "download", model)
        else:
            sources.fetch(source, self.catalog, model, say)

    def _discard(self, name: str, directory: Path) -> None:
        """Take a directory away in one step, so that nobody meets a half-removed one, then free its space."""
        if directory.exists():
            grave = self._models / f".{name}.discarded"
            remove_tree(grave)
            os.replace(directory, grave)
            remove_tree(grave)


def _make_names(vocabularies: Path, target: Path) -> None:
    try:
        DiseaseNames.read_vocabularies(vocabularies).save(target)
    except VocabularyError as error:
        raise ConversionError(str(error)) from error


def _changed(name: str) -> ModelStoreError:
    return ModelStoreError(f"The files of {name} changed while it was being prepared.", "Prepare it again.")
