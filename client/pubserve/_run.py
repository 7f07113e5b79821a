"""One run over a list of any length: what is pulled from it, what may be given out, what is written down. No network.

Both clients drive a `Run`: the blocking one with threads, the other with tasks. Its methods are called from one thread.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from itertools import islice
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pubserve._journal import Journal
from pubserve._progress import OnProgress, Progress
from pubserve._request import Tasks, check_paper, check_tasks, require_several
from pubserve._work import failure
from pubserve.batching import Batching, Piece, cut
from pubserve.contract import DEFAULT_TASKS, ErrorBody, Failure, Paper, Result
from pubserve.errors import InvalidArgument
from pubserve.lines import input_hash

if TYPE_CHECKING:
    from pubserve.pubmed import PubMed

ManyPapers = Iterable[Paper | Mapping[str, Any] | str | int]
"""Papers, mappings with the same fields, or PMIDs."""

Fetch = Callable[[Iterable[str]], Mapping[str, Paper]]
"""The papers of PMIDs, under their PMIDs."""

# A slow batch must not let the others pile up without end behind it.
_HELD_BATCHES = 8


class Run:
    """The state of one `analyze_many`. A context manager, for the journal that it writes."""

    def __init__(
        self,
        papers: ManyPapers,
        tasks: Tasks | None,
        batching: Batching,
        on_progress: OnProgress,
        *,
        ordered: bool,
        journal: str | os.PathLike[str] | None,
    ) -> None:
        require_several(papers)
        self.tasks = None if tasks is None else check_tasks(tasks)
        self.batching = batching
        self._source = iter(papers)
        self._total = len(papers) if isinstance(papers, Sized) else None
        self._journal_path = journal
        self._journal: Journal | None = None
        self._on_progress = on_progress
        self._ordered = ordered
        self._pulled: list[Any] = []
        self._places = 0
        self._batches: deque[list[Piece]] = deque()
        self._exhausted = False
        self._held: dict[int, Result] = {}
        self._next_place = 0
        self._began_s = monotonic()
        self._done = self._failed = self._resumed = 0

    def __enter__(self) -> Self:
        """Open the journal; before this nothing on disk is touched."""
        if self._journal_path is not None:
            self._journal = Journal(self._journal_path)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._journal is not None:
            self._journal.close()

    @property
    def exhausted(self) -> bool:
        """Whether every paper was pulled and every batch taken."""
        return self._exhausted and not self._batches

    @property
    def has_room(self) -> bool:
        """Whether another batch may start, or too many results wait for an earlier one."""
        return len(self._held) < _HELD_BATCHES * self.batching.concurrency * self.batching.max_papers

    def pull(self) -> list[str]:
        """Take some more papers from the caller; returns the PMIDs among them. `supply` must follow."""
        self._pulled = list(islice(self._source, self.batching.max_papers))
        self._exhausted = len(self._pulled) < self.batching.max_papers
        return [str(item) for item in self._pulled if is_pmid(item)]

    def supply(self, fetched: Mapping[str, Paper]) -> None:
        """Cut what was pulled into batches. What needs no service has its result at once."""
        self._batches.extend(cut(self._pieces(fetched), self.batching))

    def next_batch(self) -> list[Piece] | None:
        """The next batch to send, if there is one without pulling."""
        return self._batches.popleft() if self._batches else None

    def settle(self, piece: Piece, result: Result) -> None:
        """A paper has its result."""
        if self._journal is not None:
            self._journal.add(piece.input_hash, result)
        self._hold(piece.place, result)

    def ready(self) -> Iterator[Result]:
        """The results that may be given out now: in the order of the papers, or all there are."""
        if not self._ordered:
            results, self._held = list(self._held.values()), {}
            yield from results
        while self._ordered and self._next_place in self._held:
            result = self._held.pop(self._next_place)
            self._next_place += 1
            yield result

    def _pieces(self, fetched: Mapping[str, Paper]) -> Iterator[Piece]:
        asked = self.tasks or [task.value for task in DEFAULT_TASKS]
        for item in self._pulled:
            place, self._places = self._places, self._places + 1
            found = fetched.get(str(item)) or _unknown(str(item)) if is_pmid(item) else _paper(place, item)
            if isinstance(found, Failure):
                self._hold(place, found)
                continue
            hash = input_hash(found, asked)
            if known := self._journal.get(hash) if self._journal is not None else None:
                self._resumed += 1
                self._hold(place, known)
            else:
                yield Piece(place, found, hash)

    def _hold(self, place: int, result: Result) -> None:
        self._held[place] = result
        self._done += 1
        self._failed += not result.ok
        elapsed_s = monotonic() - self._began_s
        self._on_progress(Progress(self._done, self._failed, self._resumed, self._total, elapsed_s))


def is_pmid(item: object) -> bool:
    """Whether an item among papers stands for one by its PubMed number. Whether there is such a paper, NCBI knows."""
    return isinstance(item, str | int) and not isinstance(item, bool)


def papers_by_pmid(pubmed: "PubMed | None") -> Fetch:
    """What fetches papers for a run; made, and imported, only when a run has a PMID in it."""

    def fetch(pmids: Iterable[str]) -> Mapping[str, Paper]:
        nonlocal pubmed
        if pubmed is None:
            from pubserve.pubmed import PubMed

            pubmed = PubMed()
        return pubmed.fetch(pmids)

    return fetch


def _paper(place: int, item: object) -> Paper | Failure:
    try:
        return check_paper(place, item)
    except InvalidArgument as error:
        named = item.get("id") if isinstance(item, Mapping) else getattr(item, "id", None)
        name = str(named) if named is not None else f"papers[{place}]"
        return failure(name, error, param=error.field)


def _unknown(pmid: str) -> Failure:
    message = "PubMed has no paper with this number, or nothing to read in it"
    return Failure(abstract_id=pmid, error=ErrorBody(message=message, type="not_found", param="pmid"))
