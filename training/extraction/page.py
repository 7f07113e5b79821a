"""Papers with the diseases that were found in them marked, as one page that needs no network."""

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from pubserve.contract import Mention
from serve.extractor.grounding import Field
from training.extraction.corpus import AnnotatedPaper

Piece = tuple[str, Mention | None]


def mentions_page(papers: Sequence[AnnotatedPaper], mentions: Sequence[Sequence[Mention]], *, model: str) -> str:
    """HTML. Mentions of a paper must not overlap; what came from papers is escaped."""
    environment = Environment(
        loader=PackageLoader("training.extraction", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    marked = [
        {"paper": paper, "title": pieces(paper, "title", found), "abstract": pieces(paper, "abstract", found),
         "found": len(found)}
        for paper, found in zip(papers, mentions, strict=True)
    ]  # fmt: skip
    return environment.get_template("page.html.j2").render(papers=marked, model=model) + "\n"


def pieces(paper: AnnotatedPaper, field: Field, mentions: Sequence[Mention]) -> list[Piece]:
    """The field cut at its mentions; the texts together are the field."""
    text: str = getattr(paper, field)
    cut: list[Piece] = []
    end = 0
    for mention in sorted((m for m in mentions if m.field == field), key=lambda m: m.start):
        cut += [(text[end : mention.start], None), (text[mention.start : mention.end], mention)]
        end = mention.end
    return [piece for piece in [*cut, (text[end:], None)] if piece[0]]
