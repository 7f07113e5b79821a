"""How a list of any length is carried: the policy a caller chooses, and papers cut into requests that follow it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pubserve.contract import MAX_PAPERS_PER_REQUEST, Paper
from pubserve.errors import InvalidArgument


@dataclass(frozen=True, slots=True)
class Batching:
    """How `analyze_many` cuts papers into requests, and how long it bears with a service in trouble.

    A request holds up to `max_papers` papers and about `max_chars` characters; up to `concurrency` of them are at the
    service at once. The defaults keep one accelerator busy and leave room for other callers. When the service has gone
    or refuses, what is unanswered is asked again until nothing at all has been answered for `patience_s` seconds.

    >>> Batching(concurrency=8)
    Batching(max_papers=64, max_chars=250000, concurrency=8, patience_s=300.0)
    """

    max_papers: int = 64
    max_chars: int = 250_000
    concurrency: int = 4
    patience_s: float = 300.0

    def __post_init__(self) -> None:
        if not 1 <= self.max_papers <= MAX_PAPERS_PER_REQUEST:
            raise InvalidArgument(
                f"Batching.max_papers must be between 1 and {MAX_PAPERS_PER_REQUEST:,}", field="max_papers"
            )
        for name in ("max_chars", "concurrency"):
            if getattr(self, name) < 1:
                raise InvalidArgument(f"Batching.{name} must be at least 1", field=name)
        if not self.patience_s >= 0:
            raise InvalidArgument("Batching.patience_s must be 0 or more seconds", field="patience_s")


@dataclass(frozen=True, slots=True)
class Piece:
    """A paper on its way: its place among all that were given, and what names it and its question in a journal."""

    place: int
    paper: Paper
    input_hash: str


def cut(pieces: Iterable[Piece], batching: Batching) -> Iterator[list[Piece]]:
    """Batches in the order given. A paper larger than a batch goes alone; no batch holds one id twice.

    Results name their papers by id alone, so two papers of one id are asked about in different requests.
    """
    batch: list[Piece] = []
    ids: set[str] = set()
    chars = 0
    for piece in pieces:
        size = len(piece.paper.title or "") + len(piece.paper.abstract or "")
        full = len(batch) == batching.max_papers or chars + size > batching.max_chars
        if batch and (full or piece.paper.id in ids):
            yield batch
            batch, ids, chars = [], set(), 0
        batch.append(piece)
        ids.add(piece.paper.id)
        chars += size
    if batch:
        yield batch
