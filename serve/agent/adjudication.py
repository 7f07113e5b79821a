"""The second reading of an uncertain paper: a label, and the words of the paper that show it."""

from pydantic import BaseModel, ConfigDict, Field

from pubserve.contract import Paper
from serve.agent.budget import Budget, OutOfBudget
from serve.agent.evidence import find_quote
from serve.agent.messages import Label, ModelCheck, Outcome, SecondReading
from serve.agent.second_reader import ModelUnavailable, SecondReader
from serve.text.cleaning import Cleaner

TASK = (
    "Decide what the paper is about. It is `Cancer` if cancer, in patients, animals or cells, is what the paper "
    "studies; it is `Non-Cancer` if it studies something else, even where it names a cancer in passing. First copy one "
    "sentence or part of a sentence of the paper that shows it, word for word, then say the label."
)

_clean = Cleaner()


class Verdict(BaseModel):
    """A label with its evidence, which comes first: what is copied then decides."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quote: str = Field(max_length=400)
    label: Label


KNOWN: tuple[tuple[Paper, Label], ...] = (
    (
        Paper(
            id="known-1",
            title="Adjuvant chemotherapy after resection of colon cancer",
            abstract="We randomised 240 patients with resected colon cancer to chemotherapy or observation. "
            "Survival was longer with chemotherapy.",
        ),
        "Cancer",
    ),
    (
        Paper(
            id="known-2",
            title="Inhaled steroids in children with asthma",
            abstract="We gave inhaled steroids to 120 children with asthma. Exacerbations were halved within a year.",
        ),
        "Non-Cancer",
    ),
)
"""Papers with known answers. A model that cannot tell these, quoting them, does not get to overrule anyone."""


async def check_model(reader: SecondReader, budget: Budget) -> ModelCheck:
    """Whether the model labels two papers with known answers rightly, and quotes them word for word."""
    try:
        for paper, label in KNOWN:
            verdict = await reader.ask(TASK, Verdict, as_data(paper), budget)
            if verdict is None or verdict.label != label or find_quote(verdict.quote, paper) is None:
                return ModelCheck.TOO_WEAK
    except ModelUnavailable:
        return ModelCheck.UNAVAILABLE
    except OutOfBudget:
        return ModelCheck.OFF
    return ModelCheck.ABLE


async def read_again(paper: Paper, first: list[str], reader: SecondReader, budget: Budget) -> SecondReading:
    """What the model says of a paper. It sees this paper alone, and is not told the first answer."""
    try:
        verdict = await reader.ask(TASK, Verdict, as_data(paper), budget)
    except ModelUnavailable:
        return SecondReading(outcome=Outcome.MODEL_UNAVAILABLE)
    except OutOfBudget:
        return SecondReading(outcome=Outcome.OUT_OF_BUDGET)
    if verdict is None:
        return SecondReading(outcome=Outcome.NO_ANSWER)
    evidence = find_quote(verdict.quote, paper)
    if evidence is None:
        return SecondReading(outcome=Outcome.QUOTE_NOT_FOUND, label=verdict.label)
    outcome = Outcome.CONFIRMED if first == [verdict.label] else Outcome.CHANGED
    return SecondReading(outcome=outcome, label=verdict.label, evidence=evidence)


def as_data(paper: Paper) -> dict[str, str]:
    """The cleaned paper, as the model is given it: without its id, which says when it was published."""
    clean = _clean(paper.title or "", paper.abstract or "")
    return {"title": clean.title.text, "abstract": clean.abstract.text}
