"""Papers by PMID from NCBI's E-utilities: politely, patiently, and never the same one twice.

https://www.ncbi.nlm.nih.gov/books/NBK25497/ has NCBI's rules: a few requests a second, and a name and an address that
it can write to before it blocks anyone.
"""

import io
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Self

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from pubserve.formats import jsonl, pubmed_xml
from pubserve.formats.records import Defect, PaperRecord, Reason

EFETCH_URL = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/efetch.fcgi"
BATCH_PMIDS = 200
REQUESTS_PER_S = 3
REQUESTS_PER_S_WITH_KEY = 10
TIMEOUT_S = 60.0
ATTEMPTS = 6
BACKOFF_MAX_S = 60.0
RETRY_AFTER_MAX_S = 600.0

# efetch also relays trouble of its own back-ends as 400.
_RETRYABLE_STATUS = frozenset({400, 408, 429, *range(500, 600)})
_NO_SUCH_IDS = b"ID list is empty"
_back_off = wait_random_exponential(multiplier=1, max=BACKOFF_MAX_S)

Progress = Callable[[int, int], None]


class EntrezError(Exception):
    """NCBI did not answer as it should, and trying again did not help. What came before is in the cache."""


class _TryAgain(Exception):
    def __init__(self, problem: str, retry_after_s: float | None = None) -> None:
        super().__init__(problem)
        self.retry_after_s = retry_after_s


class RateLimit:
    """Spaces calls evenly, so that no second sees more than `per_second` of them."""

    def __init__(self, per_second: float, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._interval_s = 1 / per_second
        self._clock = clock
        self._sleep = sleep
        self._next = clock()

    def wait(self) -> None:
        """Return when the next call may be made."""
        early_s = self._next - self._clock()
        if early_s > 0:
            self._sleep(early_s)
        self._next = max(self._next, self._clock()) + self._interval_s


class PaperCache:
    """One JSON file a PMID in a folder; each is written whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def get(self, pmid: str) -> PaperRecord | None:
        """The paper, or None if it is not here or its file is damaged."""
        try:
            found = jsonl.parse((self._folder / f"{pmid}.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, UnicodeDecodeError):
            return None
        return None if isinstance(found, Defect) else found

    def put(self, paper: PaperRecord) -> None:
        jsonl.write([paper], self._folder / f"{paper.id}.json")


class Entrez:
    """A client of efetch with a cache. Use it as a context manager, or close it.

    `tool` and `email` tell NCBI who asks. `api_key` raises the limit from 3 requests a second to 10; it travels in the
    body of a request, never in an address that could be logged.
    """

    def __init__(
        self,
        cache: PaperCache,
        *,
        email: str | None = None,
        api_key: str | None = None,
        tool: str = "pubserve",
        url: str = EFETCH_URL,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._cache = cache
        self._url = url
        who = {"tool": tool, "email": email, "api_key": api_key}
        self._form = {"db": "pubmed", "retmode": "xml", **{name: value for name, value in who.items() if value}}
        self._http = httpx.Client(timeout=TIMEOUT_S)
        self._rate = RateLimit(REQUESTS_PER_S_WITH_KEY if api_key else REQUESTS_PER_S, clock, sleep)
        self._retrying = Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=_pause_s,
            retry=retry_if_exception_type((_TryAgain, httpx.RequestError)),
            sleep=sleep,
            reraise=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def fetch(self, pmids: Iterable[str], on_progress: Progress = lambda done, total: None) -> list[str]:
        """Bring papers into the cache, 200 a request; only those that are not in it yet.

        Returns the PMIDs that PubMed has no paper for: they are wrong or withdrawn, or there is nothing to read. They
        are asked for again next time. `on_progress` is told how many of how many are settled.

        Raises:
            ValueError: for an id that is not a PMID, before anything is asked.
            EntrezError: when NCBI keeps failing. Call again to go on from there.
        """
        wanted = list(dict.fromkeys(pmids))
        for pmid in wanted:
            if not is_pmid(pmid):
                raise ValueError(f"{pmid!r} is not a PMID; expected up to 8 digits")
        absent = [pmid for pmid in wanted if self._cache.get(pmid) is None]
        done, missing = len(wanted) - len(absent), list[str]()
        on_progress(done, len(wanted))
        rest = iter(absent)
        while batch := list(islice(rest, BATCH_PMIDS)):
            missing += self._fetch_batch(batch)
            done += len(batch)
            on_progress(done, len(wanted))
        return missing

    def papers(self, pmids: Iterable[str]) -> Iterator[PaperRecord]:
        """The papers that are in the cache, in the order asked, each once."""
        return filter(None, map(self._cache.get, dict.fromkeys(pmids)))

    def _fetch_batch(self, pmids: Sequence[str]) -> list[str]:
        try:
            papers = self._retrying(self._ask, pmids)
        except (_TryAgain, httpx.RequestError) as error:
            said = str(error) or type(error).__name__
            raise EntrezError(
                f"NCBI gave no papers after {ATTEMPTS} attempts: {said}. Try again later; what came is kept."
            ) from error
        missing = dict.fromkeys(pmids)
        for paper in papers:
            if paper.id in missing and paper.text:
                self._cache.put(paper)
                del missing[paper.id]
        return list(missing)

    def _ask(self, pmids: Sequence[str]) -> list[PaperRecord]:
        self._rate.wait()
        response = self._http.post(self._url, data={**self._form, "id": ",".join(pmids)})
        status = response.status_code
        if status == httpx.codes.BAD_REQUEST and _NO_SUCH_IDS in response.content:
            return []
        if status in _RETRYABLE_STATUS:
            raise _TryAgain(f"status {status}", _seconds(response.headers.get("retry-after")))
        if status != httpx.codes.OK:
            raise EntrezError(f"NCBI refused the request with status {status}. Check the API key and the address.")
        # A page that says "maintenance" would otherwise look like papers that do not exist.
        if b"<PubmedArticleSet" not in response.content:
            raise _TryAgain("an answer that is not PubMed's XML")
        found = [found for _, found in pubmed_xml.parse(io.BytesIO(response.content))]
        if any(isinstance(item, Defect) and item.reason is Reason.UNREADABLE for item in found):
            raise _TryAgain("an answer that breaks off")
        return [item for item in found if isinstance(item, PaperRecord)]


def is_pmid(text: str) -> bool:
    """Whether a text could be a PMID: 1 to 8 digits, the first not 0."""
    return text.isascii() and text.isdecimal() and len(text) <= 8 and text[0] != "0"


def _pause_s(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, _TryAgain) and error.retry_after_s is not None:
        return min(error.retry_after_s, RETRY_AFTER_MAX_S)
    return _back_off(state)


def _seconds(retry_after: str | None) -> float | None:
    """The seconds that a Retry-After header asks for; NCBI sends no dates."""
    return float(retry_after) if retry_after and retry_after.isdecimal() else None
