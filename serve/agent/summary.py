"""A summary of papers in claims, each with quotations from the papers it is about; what does not hold is dropped."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, create_model

from pubserve.contract import Paper
from serve.agent.adjudication import as_data
from serve.agent.budget import Budget
from serve.agent.evidence import find_quote
from serve.agent.messages import Claim, Evidence, Reading
from serve.agent.second_reader import SecondReader
from serve.text.document import CHARS_PER_TOKEN
from serve.text.sentences import sentences

TASK = (
    "Sum up what the papers found in a few short claims, in the light of the question if there is one. Give for every "
    "claim the papers that it rests on, and from each of these a sentence or part of a sentence that says so, copied "
    "word for word. Claim nothing that the papers do not say."
)
MOST_CLAIMS_AT_ONCE = 6

Item = TypeVar("Item")

_WORD = re.compile(r"[^\W\d_]{4,}")
_SAY_LITTLE = {
    "does",
    "from",
    "have",
    "than",
    "that",
    "their",
    "these",
    "this",
    "were",
    "what",
    "when",
    "which",
    "with",
}
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def parts(papers: Sequence[Paper], *, max_tokens: int, max_papers: int) -> Iterator[list[Paper]]:
    """Papers that are summed up in one call: as many as fit, in order, and at least one."""
    part: list[Paper] = []
    tokens = 0
    for paper in papers:
        needed = _tokens(paper)
        if part and (tokens + needed > max_tokens or len(part) == max_papers):
            yield part
            part, tokens = [], 0
        part.append(paper)
        tokens += needed
    if part:
        yield part


async def claims_of_model(
    question: str | None, papers: Sequence[Paper], reader: SecondReader, budget: Budget
) -> tuple[list[Claim], int]:
    """Claims of which every pointer and quotation holds, and how many others were dropped.

    Papers go by numbers, so that neither an id nor a text can pass for another paper.

    Raises:
        ModelUnavailable, OutOfBudget: there is no answer.
    """
    numbered = {f"paper_{number}": paper for number, paper in enumerate(papers, start=1)}
    given: dict[str, Any] = {"papers": {name: as_data(paper) for name, paper in numbered.items()}}
    if question:
        given = {"question": question, **given}
    said = await reader.ask(TASK, _schema(numbered), given, budget)
    if said is None:
        return [], 0
    claims = [_checked(claim, numbered) for claim in said.model_dump()["claims"]]
    held = [claim for claim in claims if claim]
    return held, len(claims) - len(held)


def claims_of_papers(
    question: str | None, papers: Sequence[Paper], readings: Sequence[Reading], *, most: int
) -> list[Claim]:
    """What the papers themselves conclude, in their own sentences; those nearest to the question first."""
    by_id = {paper.id: paper for paper in papers}
    claims = []
    for reading in readings:
        said = reading.conclusion or ""
        places = [find_quote(said[start:end], by_id[reading.paper_id]) for start, end in sentences(said)]
        if evidence := [place for place in places if place]:
            claims.append(Claim(text=" ".join(" ".join(place.text.split()) for place in evidence), evidence=evidence))
    return nearest(question, claims, lambda claim: claim.text)[:most]


def nearest(question: str | None, items: Sequence[Item], text_of: Callable[[Item], str]) -> list[Item]:
    """The items, those that share most words with the question first; in their own order where it is the same.

    A word counts for more the fewer items have it: what all of them say tells none from the others.
    """
    asked = _words(question or "")
    shared = [asked & _words(text_of(item)) for item in items]
    having = Counter(word for words in shared for word in words)
    weight = {word: math.log(len(items) / count) for word, count in having.items()}
    places = sorted(range(len(items)), key=lambda place: -sum(weight[word] for word in sorted(shared[place])))
    return [items[place] for place in places]


def _schema(numbered: Mapping[str, Paper]) -> type[BaseModel]:
    names: Any = Literal[tuple(numbered)]
    quotation: Any = create_model("Quotation", __base__=_Answer, paper=(names, ...), quote=(str, Field(max_length=400)))
    claim: Any = create_model(
        "Claim",
        __base__=_Answer,
        evidence=(list[quotation], Field(min_length=1, max_length=4)),
        text=(str, Field(max_length=400)),
    )
    return create_model("Claims", __base__=_Answer, claims=(list[claim], Field(max_length=MOST_CLAIMS_AT_ONCE)))


def _checked(said: Mapping[str, Any], numbered: Mapping[str, Paper]) -> Claim | None:
    """The claim, if each of its quotations stands in the paper it names, and each of its figures in a quotation."""
    places: list[Evidence | None] = [find_quote(one["quote"], numbered[one["paper"]]) for one in said["evidence"]]
    evidence = [place for place in places if place]
    quoted = {number for place in evidence for number in _NUMBER.findall(place.text)}
    if len(evidence) < len(places) or not said["text"].strip() or not set(_NUMBER.findall(said["text"])) <= quoted:
        return None
    return Claim(text=said["text"].strip(), evidence=evidence)


def _tokens(paper: Paper) -> int:
    return (len(paper.title or "") + len(paper.abstract or "")) // CHARS_PER_TOKEN


def _words(text: str) -> set[str]:
    return {word.removesuffix("s") for word in map(str.lower, _WORD.findall(text)) if word not in _SAY_LITTLE}
