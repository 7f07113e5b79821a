"""Pubserve's client: cancer labels with calibrated confidences, and disease mentions with offsets, for papers.

>>> from pubserve import Client
>>> from pubserve.testing import MockTransport
>>> with Client(transport=MockTransport()) as client:  # without a transport, the service at PUBSERVE_BASE_URL
...     for result in client.analyze([{"id": "1", "title": "BRAF mutations in hairy cell leukaemia"}]).results:
...         print(repr(result))
Analysis(abstract_id='1', predicted_labels=['Cancer'], confidence_scores={'Cancer': 0.9, 'Non-Cancer': 0.1}, ...)

`Client.analyze_many` reads any number of papers, and goes on where it broke off. `AsyncClient` is the same for asyncio.
Every error is a `PubserveError`; `pubserve.errors` draws the tree. `pubserve.testing` answers without a network.
"""

from importlib import import_module
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


_LATER = {"AsyncClient": "pubserve._async_client", "PubMed": "pubserve.pubmed"}


def __getattr__(name: str) -> Any:
    # Most programs need neither, and asyncio and the XML parser are a third of what there is to import.
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_LATER[name]), name)
    return value
