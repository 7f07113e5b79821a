"""A paper is read unit by unit; what breaks off is read in halves, once."""

import asyncio
import json

import pytest

from serve.extractor.normalisation import Normaliser
from serve.extractor.prompt import PREFIX, BrokenAnswer, Generation
from serve.extractor.reader import read_diseases
from serve.extractor.vocabulary import DiseaseOntology
from serve.stages import DiseaseReading
from serve.text.document import Document

DISEASES = ("asthma", "gout", "measles")
ABSTRACT = "Some had asthma. Others had gout. A few had measles."


class Engine:
    """Lists the diseases of the text; breaks off in every text with more than `most` of them."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.texts: list[str] = []

    async def generate(self, prompt: str) -> Generation:
        text = json.loads(prompt[len(PREFIX) :].removeprefix("Text: ").removesuffix("\nDiseases:"))
        self.texts.append(text)
        found = [disease for disease in DISEASES if disease in text]
        answer = json.dumps(found)
        whole = answer if len(found) <= self.most else answer[:-3]
        return Generation(whole, [0], [0.0], prompt_tokens=10, completion_tokens=2)


@pytest.fixture
def normaliser() -> Normaliser:
    return Normaliser.of(DiseaseOntology([]), [])


def read(engine: Engine, normaliser: Normaliser, abstract: str = ABSTRACT, *, unit_chars: int = 400) -> DiseaseReading:
    document = Document("", abstract)
    return asyncio.run(read_diseases(document, engine.generate, normaliser, max_unit_chars=unit_chars, queue_ms=0.0))


def test_a_whole_answer_is_asked_for_once(normaliser: Normaliser) -> None:
    engine = Engine(most=3)

    reading = read(engine, normaliser)

    assert engine.texts == [ABSTRACT]
    assert [mention.text for mention in reading.mentions] == ["asthma", "gout", "measles"]


def test_what_breaks_off_is_read_in_halves_and_nothing_is_missing(normaliser: Normaliser) -> None:
    engine = Engine(most=2)

    reading = read(engine, normaliser)

    assert engine.texts[0] == ABSTRACT
    assert "".join(engine.texts[1:]) == ABSTRACT.replace(". ", ".")
    assert [mention.text for mention in reading.mentions] == ["asthma", "gout", "measles"]
    assert reading.prompt_tokens == 10 * len(engine.texts)


def test_only_the_unit_that_broke_off_is_read_again(normaliser: Normaliser) -> None:
    engine = Engine(most=1)

    read(engine, normaliser, "Some had asthma. Others had gout. Few had measles and asthma, some.", unit_chars=34)

    assert engine.texts.count("Some had asthma. Others had gout.") == 1
    assert engine.texts.count("Few had measles and asthma, some.") == 1


def test_a_half_that_breaks_off_too_is_an_error_and_no_guess(normaliser: Normaliser) -> None:
    with pytest.raises(BrokenAnswer):
        read(Engine(most=0), normaliser)


def test_the_prompts_begin_with_the_examples_that_are_given() -> None:
    asked: list[str] = []

    async def generate(prompt: str) -> Generation:
        asked.append(prompt)
        return Generation("[]", [0], [0.0], prompt_tokens=1, completion_tokens=1)

    normaliser = Normaliser.of(DiseaseOntology([]), [])
    reading = read_diseases(
        Document("", ABSTRACT), generate, normaliser, max_unit_chars=30, queue_ms=0, prefix="Examples. "
    )
    asyncio.run(reading)

    assert len(asked) > 1
    assert all(prompt.startswith('Examples. Text: "') for prompt in asked)
