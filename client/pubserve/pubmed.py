"""Papers by PMID from NCBI's E-utilities, politely and patiently.

https://www.ncbi.nlm.nih.gov/books/NBK25497/ has NCBI's rules: a few requests a second, and a name and an address that
it can write to before it blocks anyone.
"""

import io
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import islice
from types import TracebackType
from typing import Self

import httpx

from pubserve._retries import Retries, parse_retry_after
from pubserve.contract import Paper
from pubserve.errors import PubMedUnavailable
from pubserve.formats import pubmed_xml
from pubserve.formats.records import Defect, PaperRecord, Reason

API_KEY_VARIABLE = "NCBI_API_KEY"
EMAIL_VARIABLE = "NCBI_EMAIL"
URL_VARIABLE = "NCBI_EFETCH_URL"
EFETCH_URL = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/efetch.fcgi"
BATCH_PMIDS = 200
REQUESTS_PER_S = 3
REQUESTS_PER_S_WITH_KEY = 10
TIMEOUT_S = 60.0
RETRIES = Retries(attempts=6, backoff_initial_s=1, backoff_max_s=60, jitter=1, retry_after_max_s=600)

# efetch also relays trouble of its own back-ends as 400.
_RETRYABLE_STATUS = frozenset({400, 408, 429, *range(500, 600)})
_NO_SUCH_IDS = b"ID list is empty"


class PubMed:
    """A client of efetch. Threads may share one; close it, or use it as a context manager.

    `email` (else `NCBI_EMAIL`) and `tool` tell NCBI who asks. `api_key` (else `NCBI_API_KEY`) raises the limit from 3
    requests a second to 10; it travels in the body of a request, never in an address that could be logged. `url` (else
    `NCBI_EFETCH_URL`) is for mirrors of efetch.
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        email: str | None = None,
        tool: str = "pubserve",
        url: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        api_key = (api_key or os.environ.get(API_KEY_VARIABLE, "")).strip()
        email = email or os.environ.get(EMAIL_VARIABLE)
        who = {"tool": tool, "email": email, "api_key": api_key}
        self._url = url or os.environ.get(URL_VARIABLE) or EFETCH_URL
        self._form = {"db": "pubmed", "retmode": "xml", **{name: value for name, value in who.items() if value}}
        self._sleep = sleep
        self._rate = RateLimit(REQUESTS_PER_S_WITH_KEY if api_key else REQUESTS_PER_S, clock, sleep)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if "_http" in vars(self):
            self._http.close()

    @cached_property
    def _http(self) -> httpx.Client:
        # Made when it is needed: a client reads certificates, which takes longer than most runs without a PMID.
        return httpx.Client(timeout=TIMEOUT_S)

    def fetch(self, pmids: Iterable[str]) -> dict[str, Paper]:
        """The papers under their PMIDs. Those that are wrong or withdrawn, or have nothing to read, are not in it.

        Raises:
            PubMedUnavailable: when NCBI keeps failing, or refuses.
        """
        papers: dict[str, Paper] = {}
        rest = iter(dict.fromkeys(filter(is_pmid, pmids)))
        while batch := list(islice(rest, BATCH_PMIDS)):
            for record in self.records(batch):
                papers[record.id] = Paper(id=record.id, title=record.title or None, abstract=record.abstract or None)
        return papers

    def records(self, pmids: Sequence[str]) -> list[PaperRecord]:
        """What efetch has of up to 200 PMIDs and can be read, in its own order; tried again while trouble may pass."""
        failed = 0
        while True:
            try:
                return [record for record in self._ask(pmids) if record.id in pmids and record.text]
            except (_TryAgain, httpx.RequestError) as error:
                failed += 1
                said = str(error) or type(error).__name__
                if failed == RETRIES.attempts:
                    message = f"NCBI gave no papers after {failed} attempts: {said}"
                    raise PubMedUnavailable(message, hint="try again later.") from error
                asked_s = error.retry_after_s if isinstance(error, _TryAgain) else None
                self._sleep(
                    RETRIES.wait_s(failed, None) if asked_s is None else min(asked_s, RETRIES.retry_after_max_s)
                )

    def _ask(self, pmids: Sequence[str]) -> list[PaperRecord]:
        self._rate.wait()
        response = self._http.post(self._url, data={**self._form, "id": ",".join(pmids)})
        status = response.status_code
        if status == httpx.codes.BAD_REQUEST and _NO_SUCH_IDS in response.content:
            return []
        if status in _RETRYABLE_STATUS:
            raise _TryAgain(f"status {status}", parse_retry_after(response.headers.get("retry-after")))
        if status != httpx.codes.OK:
            raise PubMedUnavailable(
                f"NCBI refused the request with status {status}", hint="check the API key and the address of efetch."
            )
        # A page that says "maintenance" would otherwise look like papers that do not exist.
        if b"<PubmedArticleSet" not in response.content:
            raise _TryAgain("an answer that is not PubMed's XML")
        found = [found for _, found in pubmed_xml.parse(io.BytesIO(response.content))]
        if any(isinstance(item, Defect) and item.reason is Reason.UNREADABLE for item in found):
            raise _TryAgain("an answer that breaks off")
        return [item for item in found if isinstance(item, PaperRecord)]


class RateLimit:
    """Spaces calls evenly, so that no second sees more than `per_second` of them."""

    def __init__(self, per_second: float, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._interval_s = 1 / per_second
        self._clock = clock
        self._sleep = sleep
        self._next = clock()
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when the next call may be made."""
        with self._lock:
            early_s = self._next - self._clock()
            if early_s > 0:
                self._sleep(early_s)
            self._next = max(self._next, self._clock()) + self._interval_s


def is_pmid(text: str) -> bool:
    """Whether a text could be a PMID.

    >>> is_pmid("30872385"), is_pmid("012"), is_pmid("PMC6417515")
    (True, False, False)
    """
    return text.isascii() and text.isdecimal() and len(text) <= 8 and text[0] != "0"


class _TryAgain(Exception):
    def __init__(self, problem: str, retry_after_s: float | None = None) -> None:
        super().__init__(problem)
        self.retry_after_s = retry_after_s
