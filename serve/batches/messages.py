"""What travels between a caller of the Batch API and the service, in OpenAI's shapes. Times are Unix seconds."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from pubserve.contract import Request, Wire

WINDOW_S = 24 * 60 * 60
MIN_KEPT_S = 3_600
MAX_KEPT_S = 2_592_000
_MAX_METADATA = 16

Endpoint = Literal["/v1/analyze", "/v1/classify", "/v1/extract", "/v1/chat/completions", "/v1/completions"]


class Status(StrEnum):
    """Where a batch is; after each of the last four nothing happens any more."""

    VALIDATING = "validating"
    IN_PROGRESS = "in_progress"
    FINALIZING = "finalizing"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


UNFINISHED = (Status.VALIDATING, Status.IN_PROGRESS, Status.FINALIZING, Status.CANCELLING)


class FileObject(Wire):
    """A file that is kept: requests of a batch, or what became of them."""

    id: str
    object: Literal["file"] = "file"
    bytes: int = Field(ge=0)
    created_at: int
    expires_at: int | None = None
    filename: str
    purpose: Literal["batch", "batch_output"]
    status: Literal["processed"] = "processed"


class FileList(Wire):
    """A page of files."""

    object: Literal["list"] = "list"
    data: list[FileObject]
    first_id: str | None = None
    last_id: str | None = None
    has_more: bool


class FileDeleted(Wire):
    """The file is gone."""

    id: str
    object: Literal["file"] = "file"
    deleted: Literal[True] = True


class ExpiresAfter(Request):
    """How long a file is kept, from when it is made."""

    anchor: Literal["created_at"]
    seconds: int = Field(ge=MIN_KEPT_S, le=MAX_KEPT_S)


class BatchRequest(Request):
    """Answer each line of a file."""

    input_file_id: str = Field(description="A file that was sent with the purpose `batch`.")
    endpoint: Endpoint = Field(description="The `url` of every line.")
    completion_window: Literal["24h"] = Field(description="What is not answered by then is not answered any more.")
    metadata: (
        dict[
            Annotated[str, StringConstraints(max_length=64)],
            Annotated[str, StringConstraints(max_length=512)],
        ]
        | None
    ) = Field(default=None, max_length=_MAX_METADATA, description="Echoed.")
    output_expires_after: ExpiresAfter | None = None


class BatchError(Wire):
    """What is wrong with an input file, and in which line of it, the first being 1."""

    code: str
    message: str
    param: str | None = None
    line: int | None = None


class BatchErrors(Wire):
    object: Literal["list"] = "list"
    data: list[BatchError]


class RequestCounts(Wire):
    """Lines of a batch: all, those answered, those answered with an error."""

    total: int = Field(ge=0)
    completed: int = Field(ge=0)
    failed: int = Field(ge=0)


class CachedTokens(Wire):
    cached_tokens: int = 0


class ReasoningTokens(Wire):
    reasoning_tokens: int = 0


class BatchUsage(Wire):
    """Tokens of the answers so far."""

    input_tokens: int
    input_tokens_details: CachedTokens = CachedTokens()
    output_tokens: int
    output_tokens_details: ReasoningTokens = ReasoningTokens()
    total_tokens: int


class Batch(Wire):
    """A file whose lines are being answered, or were."""

    id: str
    object: Literal["batch"] = "batch"
    endpoint: str
    model: str | None = None
    errors: BatchErrors | None = None
    input_file_id: str
    completion_window: str
    status: Status
    output_file_id: str | None = Field(default=None, description="Answers, once there are no more to come.")
    error_file_id: str | None = Field(default=None, description="Lines that were not answered, and why.")
    created_at: int
    in_progress_at: int | None = None
    expires_at: int
    finalizing_at: int | None = None
    completed_at: int | None = None
    failed_at: int | None = None
    expired_at: int | None = None
    cancelling_at: int | None = None
    cancelled_at: int | None = None
    request_counts: RequestCounts
    usage: BatchUsage | None = None
    metadata: dict[str, str] | None = None


class BatchList(Wire):
    """A page of batches, the newest first."""

    object: Literal["list"] = "list"
    data: list[Batch]
    first_id: str | None = None
    last_id: str | None = None
    has_more: bool
