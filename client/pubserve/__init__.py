"""Pubserve's client: cancer labels with calibrated confidences, and disease mentions with offsets, for papers.

    from pubserve import Client

    with Client() as client:
        for result in client.analyze([{"id": "1", "title": "BRAF mutations in hairy cell leukaemia"}]).results:
            print(result)

`AsyncClient` is the same for asyncio. Every error is a `PubserveError`; `pubserve.errors` draws the tree.
"""

from typing import TYPE_CHECKING, Any

from httpx import Limits, Timeout

from pubserve._client import Client
from pubserve._progress import Progress
from pubserve._retries import Retries
from pubserve._version import __version__
from pubserve.batching import Batching
from pubserve.contract import (
    MAX_PAPERS_PER_REQUEST,
    Analysis,
    AnalyzeResponse,
    DiseaseIds,
    ErrorBody,
    Failure,
    Mention,
    ModelNames,
    Paper,
    Result,
    Task,
    Timings,
    Usage,
)
from pubserve.errors import (
    APIStatusError,
    BadRequest,
    ConnectionFailed,
    DeadlineExceeded,
    Forbidden,
    InvalidArgument,
    InvalidRequest,
    InvalidResponse,
    NotFound,
    Overloaded,
    PayloadTooLarge,
    PubMedUnavailable,
    PubserveError,
    RateLimited,
    RequestTimedOut,
    ServerError,
    Unauthorized,
)
from pubserve.tables import to_dataframe

if TYPE_CHECKING:
    from pubserve._async_client import AsyncClient
    from pubserve.pubmed import PubMed

__all__ = [
    "MAX_PAPERS_PER_REQUEST",
    "APIStatusError",
    "Analysis",
    "AnalyzeResponse",
    "AsyncClient",
    "BadRequest",
    "Batching",
    "Client",
    "ConnectionFailed",
    "DeadlineExceeded",
    "DiseaseIds",
    "ErrorBody",
    "Failure",
    "Forbidden",
    "InvalidArgument",
    "InvalidRequest",
    "InvalidResponse",
    "Limits",
    "Mention",
    "ModelNames",
    "NotFound",
    "Overloaded",
    "Paper",
    "PayloadTooLarge",
    "Progress",
    "PubMed",
    "PubMedUnavailable",
    "PubserveError",
    "RateLimited",
    "RequestTimedOut",
    "Result",
    "Retries",
    "ServerError",
    "Task",
    "Timeout",
    "Timings",
    "Unauthorized",
    "Usage",
    "__version__",
    "to_dataframe",
]


def __getattr__(name: str) -> Any:
    # Most programs need neither, and asyncio and the XML parser are a third of what there is to import.
    if name == "AsyncClient":
        from pubserve._async_client import AsyncClient

        return AsyncClient
    if name == "PubMed":
        from pubserve.pubmed import PubMed

        return PubMed
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
