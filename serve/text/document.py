"""One paper's text, made safe to read without moving a single character."""

import re
from dataclasses import dataclass

CHARS_PER_TOKEN = 4
"""Of English abstracts, whatever the tokenizer: a little more than four."""

UNREADABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Document:
    """Title and abstract with the same length, character for character, as the caller sent (up to truncation)."""

    title: str
    abstract: str
    warnings: tuple[str, ...] = ()

    @classmethod
    def from_caller(cls, title: str | None, abstract: str | None, *, max_field_chars: int) -> "Document":
        """Replace what no tokenizer or encoder can carry (NUL, lone surrogates) one for one, so offsets stay true.

        A field longer than `max_field_chars` code points is cut there: the limit bounds the work that one paper can
        cause before any tokenizer sees it.
        """
        warnings = []
        fields: dict[str, str] = {}
        for name, raw in (("title", title or ""), ("abstract", abstract or "")):
            if len(raw) > max_field_chars:
                raw = raw[:max_field_chars]
                warnings.append(f"{name}_truncated")
            fields[name], replaced = UNREADABLE.subn("\ufffd", raw)
            if replaced:
                warnings.append(f"{name}_characters_replaced")
        document = cls(fields["title"], fields["abstract"])
        if not document.abstract.strip():
            warnings.append("abstract_missing")
        return cls(document.title, document.abstract, tuple(warnings))

    @property
    def is_empty(self) -> bool:
        return not (self.title.strip() or self.abstract.strip())

    @property
    def estimated_tokens(self) -> int:
        """What it costs a model to read it, without asking a tokenizer."""
        return max(1, self.chars // CHARS_PER_TOKEN)

    @property
    def chars(self) -> int:
        return len(self.title) + len(self.abstract)
