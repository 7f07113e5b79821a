"""What a job reads, and with what: two runs with the same manifest write the same papers."""

import hashlib
from collections.abc import Collection, Iterator, Sequence

from pydantic import BaseModel, ConfigDict

from bulk.storage import Entry, Location
from pubserve.contract import ModelNames, Task
from pubserve.formats import Format
from serve.settings import BatchedModelSettings, Settings

MANIFEST_VERSION = 2


class Files(BaseModel):
    """The files of the input. `digest` is of all their names, sizes and versions."""

    model_config = ConfigDict(frozen=True)

    count: int
    size_bytes: int
    digest: str

    @classmethod
    def of(cls, files: Sequence[Entry]) -> "Files":
        digest = hashlib.sha256()
        for file in files:
            digest.update(f"{file.location.url!r} {file.size_bytes} {file.version!r}\n".encode())
        return cls(count=len(files), size_bytes=sum(file.size_bytes for file in files), digest=digest.hexdigest())


class Reading(BaseModel):
    """The settings that an answer may depend on. How rows share a batch shows in the last digit of a confidence."""

    model_config = ConfigDict(frozen=True)

    max_field_chars: int
    classifier: str
    tagger: str | None

    @classmethod
    def of(cls, settings: Settings) -> "Reading":
        tagger = settings.extractor.active_tagger
        return cls(
            max_field_chars=settings.pipeline.max_field_chars,
            classifier=_rows_of(settings.classifier),
            tagger=_rows_of(tagger) if tagger else None,
        )


class Manifest(BaseModel):
    """Written when a job begins, and compared when it goes on."""

    model_config = ConfigDict(frozen=True)

    version: int = MANIFEST_VERSION
    input: str
    input_format: Format | None
    files: Files
    tasks: list[Task]
    format: str
    unit_papers: int
    models: ModelNames
    reading: Reading

    @classmethod
    def of(
        cls,
        given: Location,
        files: Sequence[Entry],
        settings: Settings,
        *,
        input_format: Format | None,
        tasks: Collection[Task],
        format: str,
        models: ModelNames,
    ) -> "Manifest":
        return cls(
            input=given.url,
            input_format=input_format,
            files=Files.of(files),
            tasks=[task for task in Task if task in tasks],
            format=format,
            unit_papers=settings.bulk.unit_papers,
            models=models,
            reading=Reading.of(settings),
        )

    def differences(self, now: "Manifest") -> list[str]:
        """What the job that was begun has otherwise, in words; nothing where it is the same job."""
        return list(_differences(self, now))


def _differences(then: BaseModel, now: BaseModel, within: str = "") -> Iterator[str]:
    for name in type(then).model_fields:
        before, after = getattr(then, name), getattr(now, name)
        if before == after:
            continue
        if isinstance(before, Files):
            yield f"its input had {_counted(before)}, now {_counted(after)}"
        elif isinstance(before, BaseModel):
            yield from _differences(before, after, f"{within}{name}.")
        else:
            yield f"its {within}{name} was {_plain(before)}, now {_plain(after)}"


def _counted(files: Files) -> str:
    return f"{files.count:,} files of {files.size_bytes:,} bytes ({files.digest[:8]})"


def _plain(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _rows_of(model: BatchedModelSettings) -> str:
    return f"{model.dtype}, rows of {model.max_tokens} tokens, batches of {model.max_batch_tokens}"
