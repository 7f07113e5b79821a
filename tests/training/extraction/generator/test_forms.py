"""Forms of an answer: each says the same, and costs what its tokens are."""

import pytest

from training.extraction.corpus import AnnotatedPaper, Annotation
from training.extraction.generator.forms import FORMS, WHOLE, costs

TEXT = "Asthma was found. No one had flu in Rome."
PAPER = AnnotatedPaper("1", "", TEXT, (Annotation("abstract", 0, 6, "Asthma"), Annotation("abstract", 29, 32, "flu")))


def words(texts: object, **_: object) -> dict[str, list[list[str]]]:
    """A tokenizer of words between spaces."""
    if isinstance(texts, str):
        return {"input_ids": texts.split()}  # type: ignore[dict-item]
    return {"input_ids": [text.split() for text in texts]}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        ("JSON list of names (as served)", '["Asthma", "flu"]'),
        ("a name a line", "Asthma\nflu"),
        ("JSON list for each sentence", '[["Asthma"], ["flu"]]'),
        ("numbers of first and last words", "1-1, 7-7"),
        ("the text with its names in brackets", "[Asthma] was found. No one had [flu] in Rome."),
    ],
)
def test_an_answer_says_which_diseases_there_are(form: str, answer: str) -> None:
    assert FORMS[form](TEXT, ["Asthma", "flu"]) == answer


@pytest.mark.parametrize("form", FORMS)
def test_a_text_without_diseases_has_an_answer_too(form: str) -> None:
    assert "flu" not in FORMS[form]("All is well.", [])


def test_every_answer_costs_its_tokens_and_its_end_and_the_instructions_cost_nothing() -> None:
    [cost, *_] = costs([PAPER], words, "Be brief.\n\n", unit_chars=[25])
    [whole, *_] = costs([PAPER], words, "Be very brief.\n\n", unit_chars=[WHOLE])

    assert (cost.prompts, cost.written) == (2, 2 + 2)
    assert (whole.prompts, whole.written) == (1, 2 + 1)
    assert cost.read == whole.read + len(["Text:", "Diseases:"])
