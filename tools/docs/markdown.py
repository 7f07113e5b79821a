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


def definitions(entries: Iterable[tuple[str, str, str]]) -> str:
    """Terms, each with what it is, and the bare facts of it, which are set smaller."""
    return "\n".join(
        f"{term}\n: {text}\n\n  {{.facts}}\n  {facts}\n" if text else f"{term}\n: {{.facts}}\n  {facts}\n"
        for term, text, facts in entries
    )


def one_line(text: str | None) -> str:
    return " ".join((text or "").split())
