"""The few forms of Markdown that generated pages are made of."""

from collections.abc import Iterable, Sequence


def code(text: object) -> str:
    """As it is typed; a cell of a table ends at a bar, so that none is left bare."""
    return f"`{str(text).replace('|', chr(92) + '|')}`"


def block(text: str, language: str = "text") -> str:
    return f"```{language}\n{text.strip(chr(10))}\n```\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; nothing at all if it would have no rows."""
    lines = [f"| {' | '.join(cells)} |" for cells in rows]
    if not lines:
        return ""
    return "\n".join([f"| {' | '.join(header)} |", f"|{' --- |' * len(header)}", *lines, ""])


def definitions(terms: Iterable[tuple[str, Sequence[str]]]) -> str:
    """Terms, each with paragraphs about it."""
    return "\n".join(f"{term}\n" + "\n".join(f": {text}\n" for text in texts if text) for term, texts in terms)


def one_line(text: str | None) -> str:
    return " ".join((text or "").split())
