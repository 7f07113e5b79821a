"""Papers by PMID, never the same one twice: what PubMed gave is kept on disk."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from pubserve.formats import jsonl
from pubserve.formats.records import Defect, PaperRecord
from pubserve.pubmed import BATCH_PMIDS, PubMed, is_pmid

Progress = Callable[[int, int], None]


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
    """PubMed behind a cache. Closes `pubmed` when it is closed; use it as a context manager."""

    def __init__(self, cache: PaperCache, pubmed: PubMed) -> None:
        self._cache = cache
        self._pubmed = pubmed

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
        self._pubmed.close()

    def fetch(self, pmids: Iterable[str], on_progress: Progress = lambda done, total: None) -> list[str]:
        """Bring papers into the cache, 200 a request; only those that are not in it yet.

        Returns the PMIDs that PubMed has no paper for: they are wrong or withdrawn, or there is nothing to read. They
        are asked for again next time. `on_progress` is told how many of how many are settled.

        Raises:
            ValueError: for an id that is not a PMID, before anything is asked.
            PubMedUnavailable: when NCBI keeps failing. What came is kept: call again to go on from there.
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
            found = {record.id: record for record in self._pubmed.records(batch)}
            for record in found.values():
                self._cache.put(record)
            missing += [pmid for pmid in batch if pmid not in found]
            done += len(batch)
            on_progress(done, len(wanted))
        return missing

    def papers(self, pmids: Iterable[str]) -> Iterator[PaperRecord]:
        """The papers that are in the cache, in the order asked, each once."""
        return filter(None, map(self._cache.get, dict.fromkeys(pmids)))
