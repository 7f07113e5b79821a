"""The tables of the Batch API. Imported when it is used for the first time: SQLAlchemy takes a third of a second."""

from typing import Any, Self

from sqlalchemy import JSON, Float, Integer, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from serve.batches.messages import (
    WINDOW_S,
    Batch,
    BatchErrors,
    BatchRequest,
    BatchUsage,
    FileObject,
    RequestCounts,
    Status,
)
from serve.settings import BatchesSettings


class Base(DeclarativeBase):
    type_annotation_map = {dict[str, Any]: JSON(none_as_null=True), str: Text, int: Integer, float: Float}


class FileRow(Base):
    """A file; its bytes are elsewhere."""

    __tablename__ = "pubserve_files"

    number: Mapped[int] = mapped_column(primary_key=True)
    """The later, the higher."""
    id: Mapped[str] = mapped_column(unique=True)
    owner: Mapped[str] = mapped_column(index=True)
    purpose: Mapped[str]
    filename: Mapped[str]
    bytes: Mapped[int]
    created_at: Mapped[int]
    expires_at: Mapped[int]

    @classmethod
    def of(cls, owner: str, file: FileObject) -> Self:
        return cls(owner=owner, **file.model_dump(exclude={"object", "status"}))

    @property
    def message(self) -> FileObject:
        return FileObject.model_validate(self, from_attributes=True)


class BatchRow(Base):
    """A batch, and who runs it until when."""

    __tablename__ = "pubserve_batches"

    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    owner: Mapped[str] = mapped_column(index=True)
    key_id: Mapped[str | None]
    """Of the API key that pays."""
    endpoint: Mapped[str]
    input_file_id: Mapped[str] = mapped_column(index=True)
    completion_window: Mapped[str]
    custom_metadata: Mapped[dict[str, Any] | None]
    output_kept_s: Mapped[int]
    status: Mapped[str] = mapped_column(index=True)
    created_at: Mapped[int]
    expires_at: Mapped[int]
    in_progress_at: Mapped[int | None]
    finalizing_at: Mapped[int | None]
    completed_at: Mapped[int | None]
    failed_at: Mapped[int | None]
    expired_at: Mapped[int | None]
    cancelling_at: Mapped[int | None]
    cancelled_at: Mapped[int | None]
    model: Mapped[str | None]
    errors: Mapped[dict[str, Any] | None]
    output_file_id: Mapped[str | None]
    error_file_id: Mapped[str | None]
    total: Mapped[int] = mapped_column(default=0)
    completed: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    input_tokens: Mapped[int] = mapped_column(default=0)
    output_tokens: Mapped[int] = mapped_column(default=0)
    holder: Mapped[str] = mapped_column(default="")
    """The runner that has the lease."""
    held_until: Mapped[float] = mapped_column(default=0.0)

    @classmethod
    def of(
        cls,
        owner: str,
        batch_id: str,
        request: BatchRequest,
        now: int,
        settings: BatchesSettings,
        *,
        key_id: str | None = None,
    ) -> Self:
        """A batch that nobody has looked at."""
        kept = request.output_expires_after
        return cls(
            id=batch_id,
            owner=owner,
            key_id=key_id,
            endpoint=request.endpoint,
            input_file_id=request.input_file_id,
            completion_window=request.completion_window,
            custom_metadata=request.metadata,
            output_kept_s=kept.seconds if kept else settings.kept_s,
            status=Status.VALIDATING,
            created_at=now,
            expires_at=now + WINDOW_S,
        )

    @property
    def message(self) -> Batch:
        given = {name: getattr(self, name) for name in Batch.model_fields.keys() & self.__mapper__.columns.keys()}
        return Batch.model_validate(
            given
            | {
                "status": Status(self.status),
                "errors": BatchErrors.model_validate(self.errors) if self.errors else None,
                "request_counts": RequestCounts(total=self.total, completed=self.completed, failed=self.failed),
                "usage": BatchUsage(
                    input_tokens=self.input_tokens,
                    output_tokens=self.output_tokens,
                    total_tokens=self.input_tokens + self.output_tokens,
                ),
                "metadata": self.custom_metadata,
            }
        )


class AnswerRow(Base):
    """What became of one line of an unfinished batch. Gone when the batch has its files."""

    __tablename__ = "pubserve_batch_answers"

    batch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Its number."""
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ok: Mapped[bool]
    record: Mapped[str]
    """One line of JSON in ASCII, as it will be in the file."""
