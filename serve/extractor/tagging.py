"""Diseases as tags on words: how a paper becomes rows of tokens, and how tags become names again.

Training and serving share this form. Every word has one tag, read at its first token: `B` begins a disease, `I` goes on
with it, `O` is outside. A tag is on a whole word, so what is found always begins and ends with one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from serve.extractor.grounding import Field
from serve.text.document import Document
from serve.text.folding import words
from serve.text.sentences import sentences

TAGS = ("O", "B", "I")
OUTSIDE, BEGIN, INSIDE = range(len(TAGS))


@dataclass(frozen=True, slots=True)
class TaggedWord:
    """One word of a paper, `field[start:end]`, and the place of its first token in its row."""

    field: Field
    start: int
    end: int
    token: int


@dataclass(frozen=True, slots=True)
class Row:
    """What goes through the model at once: whole sentences of one paper, and the words in them."""

    ids: list[int]
    words: list[TaggedWord]


@dataclass(frozen=True, slots=True)
class TaggedRow:
    """The words of a row, and how likely each tag is for each of them, (words, tags)."""

    words: list[TaggedWord]
    probabilities: list[list[float]]


class RowEncoder:
    """Cuts papers into rows of at most `max_tokens`, special tokens included.

    A row is filled with sentences of the title and the abstract as they follow one another. A sentence that is longer
    than a row is cut before a word; a word that is longer, at the row's end, and has its tag in the first piece.

    Args:
        tokenizer: a fast one, which knows where in a text its tokens are.
    """

    def __init__(self, tokenizer: Any, *, max_tokens: int) -> None:
        self._tokenizer = tokenizer
        self._before, self._after = _special_tokens(tokenizer)
        self._room = max_tokens - len(self._before) - len(self._after)
        if self._room < 1:
            raise ValueError(f"max_tokens: {max_tokens} leaves no room beside the special tokens")

    def encode(self, documents: Sequence[Document]) -> list[list[Row]]:
        """The rows of each document; none for one without a word."""
        places = [list(_sentences(document)) for document in documents]
        texts = [getattr(document, name)[start:end] for document, of in zip(documents, places, strict=True)
                 for name, start, end in of]  # fmt: skip
        encoded = (
            self._tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True)
            if texts
            else {"input_ids": []}
        )
        sentence = iter(range(len(texts)))
        rows = []
        for of in places:
            pieces: list[_Piece] = []
            for (name, start, _), index in zip(of, sentence, strict=False):
                ids, offsets = encoded["input_ids"][index], encoded["offset_mapping"][index]
                pieces += _cut(_piece(name, start, texts[index], ids, offsets), self._room)
            rows.append([row for row in self._pack(pieces) if row.words])
        return rows

    def _pack(self, pieces: Sequence["_Piece"]) -> Iterator[Row]:
        waiting: list[_Piece] = []
        for piece in pieces:
            if waiting and sum(len(other.ids) for other in waiting) + len(piece.ids) > self._room:
                yield self._row(waiting)
                waiting = []
            waiting.append(piece)
        if waiting:
            yield self._row(waiting)

    def _row(self, pieces: Sequence["_Piece"]) -> Row:
        ids, found = list(self._before), list[TaggedWord]()
        for piece in pieces:
            found += [TaggedWord(w.field, w.start, w.end, w.token + len(ids)) for w in piece.words]
            ids += piece.ids
        return Row(ids + self._after, found)


@dataclass(slots=True)
class _Piece:
    """A sentence, or a part of one, in tokens; its words count tokens from its beginning."""

    ids: list[int]
    words: list[TaggedWord] = field(default_factory=list)


def spans(row: TaggedRow) -> list[tuple[Field, int, int]]:
    """The diseases in a row, in order: the likeliest tag of each word, read as it stands."""
    found: list[tuple[Field, int, int]] = []
    previous = OUTSIDE
    for word, given in zip(row.words, row.probabilities, strict=True):
        tag = max(range(len(TAGS)), key=given.__getitem__)
        if tag == INSIDE and (previous == OUTSIDE or found[-1][0] != word.field):
            tag = BEGIN  # it goes on with nothing
        if tag == BEGIN:
            found.append((word.field, word.start, word.end))
        elif tag == INSIDE:
            found[-1] = (word.field, found[-1][1], word.end)
        previous = tag
    return found


def tags(row: Row, marked: Sequence[tuple[Field, int, int]]) -> list[int]:
    """The tag of every word of a row, where `marked` are the places of diseases, none overlapping another."""
    given = []
    before: tuple[Field, int, int] | None = None
    for word in row.words:
        at = next((m for m in marked if m[0] == word.field and m[1] < word.end and word.start < m[2]), None)
        given.append(OUTSIDE if at is None else INSIDE if at == before else BEGIN)
        before = at
    return given


def _sentences(document: Document) -> Iterator[tuple[Field, int, int]]:
    fields: tuple[Field, Field] = ("title", "abstract")
    for name in fields:
        for start, end in sentences(getattr(document, name)):
            yield name, start, end


def _piece(name: Field, start: int, text: str, ids: list[int], offsets: Sequence[tuple[int, int]]) -> _Piece:
    found, token = list[TaggedWord](), 0
    for word in words(text):
        while token < len(offsets) and offsets[token][1] <= word.start:
            token += 1
        if token == len(offsets):
            break
        found.append(TaggedWord(name, start + word.start, start + word.end, token))
    return _Piece(list(ids), found)


def _cut(piece: _Piece, room: int) -> Iterator[_Piece]:
    """The piece in parts of at most `room` tokens, each but the first beginning with a word where it can."""
    begin = 0
    while len(piece.ids) - begin > room:
        starts = [word.token for word in piece.words if begin < word.token <= begin + room]
        end = max(starts, default=begin + room)
        yield _part(piece, begin, end)
        begin = end
    yield _part(piece, begin, len(piece.ids))


def _part(piece: _Piece, begin: int, end: int) -> _Piece:
    inside = [w for w in piece.words if begin <= w.token < end]
    return _Piece(piece.ids[begin:end], [TaggedWord(w.field, w.start, w.end, w.token - begin) for w in inside])


def _special_tokens(tokenizer: Any) -> tuple[list[int], list[int]]:
    """What the tokenizer puts before a text and after it."""
    encoded = tokenizer("a", return_special_tokens_mask=True)
    own = [place for place, special in enumerate(encoded["special_tokens_mask"]) if not special]
    ids: list[int] = encoded["input_ids"]
    return ids[: own[0]], ids[own[-1] + 1 :]
