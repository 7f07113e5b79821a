"""What can be said of a paper without a model: what it cites, what kind of study it is, what it concludes."""

from collections.abc import Collection
from dataclasses import dataclass

from pubserve.contract import Task
from serve.text.citations.cited import cited_in
from serve.text.document import Document
from serve.text.summary import summary_of
from serve.text.topics import topics_of

PARSED_TASKS = frozenset({Task.CITATIONS, Task.TOPICS, Task.SUMMARY})


@dataclass(frozen=True, slots=True)
class Parsed:
    """What was read; empty where it was not asked for."""

    citations: list[str]
    topics: list[str]
    summary: str | None


def parse(document: Document, tasks: Collection[Task]) -> Parsed:
    """Read what `tasks` ask for."""
    return Parsed(
        citations=cited_in([document.title, document.abstract]) if Task.CITATIONS in tasks else [],
        topics=topics_of(document.title, document.abstract) if Task.TOPICS in tasks else [],
        summary=summary_of(document.abstract) if Task.SUMMARY in tasks else None,
    )
