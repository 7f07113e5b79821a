"""Pubserve's client: cancer labels with calibrated confidences, and disease mentions with offsets, for papers.

    from pubserve import Client

    with Client() as client:
        for result in client.analyze([{"id": "1", "title": "BRAF mutations in hairy cell leukaemia"}]).results:
            print(result)

`AsyncClient` is the same for asyncio. Every error is a `PubserveError`; `pubserve.errors` draws the tree.
"""

from pubserve._async_client import AsyncClient
from pubserve._client import Client
from pubserve._retries import Retries
from pubserve._version import __version__
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
    PubserveError,
    RateLimited,
    RequestTimedOut,
    ServerError,
    Unauthorized,
)

__all__ = [
    "MAX_PAPERS_PER_REQUEST",
    "APIStatusError",
    "Analysis",
    "AnalyzeResponse",
    "AsyncClient",
    "BadRequest",
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
    "Mention",
    "ModelNames",
    "NotFound",
    "Overloaded",
    "Paper",
    "PayloadTooLarge",
    "PubserveError",
    "RateLimited",
    "RequestTimedOut",
    "Result",
    "Retries",
    "ServerError",
    "Task",
    "Timings",
    "Unauthorized",
    "Usage",
    "__version__",
]
