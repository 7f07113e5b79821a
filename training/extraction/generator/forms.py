"""Forms that an answer could have, and what each costs: tokens that the engine reads, and tokens that it writes."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serve.extractor.prompt import build_prompt, write_names
from serve.text.sentences import sentences
from training.extraction.corpus import AnnotatedPaper
from training.extraction.generator.examples import units_of

WHOLE = 100_000
"""Characters in which every field of a paper is one unit."""

Form = Callable[[str, Sequence[str]], str]
"""From a text and the names in it to the answer."""


def _by_sentence(text: str, names: Sequence[str]) -> str:
    parts = (text[start:end] for start, end in sentences(text))
    return json.dumps([[name for name in names if name in part] for part in parts], ensure_ascii=False)


def _by_words(text: str, names: Sequence[str]) -> str:
    starts = [word.start() for word in re.finditer(r"\S+", text)]
    places = ((text.find(name), text.find(name) + len(name)) for name in names)
    return ", ".join(f"{sum(s <= a for s in starts)}-{sum(s < b for s in starts)}" for a, b in places)


def _marked(text: str, names: Sequence[str]) -> str:
    listed = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return re.sub(f"({listed})", r"[\1]", text) if names else text


FORMS: Mapping[str, Form] = {
    "JSON list of names (as served)": lambda _, names: write_names(names),
    "a name a line": lambda _, names: "\n".join(names),
    "JSON list for each sentence": _by_sentence,
    "numbers of first and last words": _by_words,
    "the text with its names in brackets": _marked,
}


@dataclass(frozen=True, slots=True)
class Cost:
    """Mean tokens a paper, the end of each answer counted; `read` without what a prefix cache has."""

    form: str
    max_unit_chars: int
    prompts: float
    read: float
    written: float


def costs(
    papers: Sequence[AnnotatedPaper], tokenizer: Any, prefix: str, *, unit_chars: Iterable[int]
) -> Iterable[Cost]:
    """What reading the papers right would take, for every form and size of unit."""

    def tokens(texts: Iterable[str]) -> float:
        return sum(map(len, tokenizer(list(texts), add_special_tokens=False)["input_ids"])) / len(papers)

    for chars in unit_chars:
        found = [unit for paper in papers for unit in units_of(paper, max_chars=chars)]
        prompts = len(found) / len(papers)
        read = tokens(build_prompt(text, prefix) for text, _ in found) - prompts * len(tokenizer(prefix)["input_ids"])
        for name, form in FORMS.items():
            yield Cost(name, chars, prompts, read, tokens(form(*unit) for unit in found) + prompts)
