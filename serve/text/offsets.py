"""A text that has been changed, and where each of its characters came from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """Put `replacement` in the place of the characters from `start` up to `end`; an empty one deletes them."""

    start: int
    end: int
    replacement: str = ""


@dataclass(frozen=True, slots=True)
class MappedText:
    """A text with the raw span that each of its characters stands for.

    Character `i` of `text` stands for `raw[starts[i]:ends[i]]`: itself where nothing was changed, all that was replaced
    where it is part of a replacement, and nothing (`starts[i] == ends[i]`) where it was put between two characters.
    Neither `starts` nor `ends` ever goes down.
    """

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    @classmethod
    def of(cls, raw: str) -> "MappedText":
        """`raw` as it is, each character standing for itself."""
        return cls(raw, range(len(raw)), range(1, len(raw) + 1))

    def raw_span(self, start: int, end: int) -> tuple[int, int]:
        """The raw span that `text[start:end]` came from.

        Between two characters that is an empty one, unless both are parts of one replacement.
        """
        if start < end:
            return self.starts[start], self.ends[end - 1]
        before = self.ends[start - 1] if start else 0
        after = self.starts[start] if start < len(self.text) else before
        return min(before, after), before

    def replace(self, edits: Iterable[Edit]) -> "MappedText":
        """The text after `edits`, which are in order and do not overlap."""
        parts: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        position = 0
        for edit in edits:
            raw_start, raw_end = self.raw_span(edit.start, edit.end)
            size = len(edit.replacement)
            parts += self.text[position : edit.start], edit.replacement
            starts += [*self.starts[position : edit.start], *([raw_start] * size)]
            ends += [*self.ends[position : edit.start], *([raw_end] * size)]
            position = edit.end
        parts.append(self.text[position:])
        starts += self.starts[position:]
        ends += self.ends[position:]
        return MappedText("".join(parts), starts, ends)
