"""Which words drove a decision: leave each out and see what the model says (occlusion, Zeiler & Fergus 2014)."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from serve.text.sentences import sentences
from training.evaluation.metrics import LEAST_CONFIDENCE

Span = tuple[int, int]
_WORD = re.compile(r"[^\W\d_][\w'-]*")


@dataclass(frozen=True, slots=True)
class WordEffect:
    """A word in lower case, and by how much the log-odds of Cancer, in nats, fall when the text is without it.

    Above 0 it spoke for Cancer, below 0 against.
    """

    word: str
    effect: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """The sentences that moved the confidence most, in the order of the text, and their words, strongest first."""

    confidence: float
    sentences: tuple[str, ...]
    effects: tuple[WordEffect, ...]


def explain(
    text: str,
    confidence: Callable[[Sequence[str]], Sequence[float]],
    *,
    most_sentences: int = 3,
    most_words: int = 60,
) -> Explanation:
    """Leave out each sentence, then each word of the sentences that mattered most, everywhere in the text.

    A word is left out everywhere at once: a paper that says "carcinoma" five times hardly changes with four of them.
    Numbers and function words are not tried. `confidence` is called twice: with one text per sentence and one more, and
    with at most `most_words` texts.

    Args:
        confidence: the confidence of Cancer of each text, in [0, 1].
        most_sentences: how many sentences the words are taken from.
        most_words: how many different words are tried, first come first.
    """
    spans = list(sentences(text))
    whole, *without = confidence([text, *(text[:start] + text[end:] for start, end in spans)])
    effects_of_spans = {span: _log_odds(whole) - _log_odds(rest) for span, rest in zip(spans, without, strict=True)}
    strongest = sorted(spans, key=lambda span: -abs(effects_of_spans[span]))[:most_sentences]
    read = tuple(text[start:end] for start, end in sorted(strongest))
    words = list(dict.fromkeys(word.lower() for sentence in read for word in _WORD.findall(sentence)))
    tried = [word for word in words if word not in ENGLISH_STOP_WORDS][:most_words]
    left = confidence([_without(word, text) for word in tried]) if tried else []
    effects = [WordEffect(word, _log_odds(whole) - _log_odds(rest)) for word, rest in zip(tried, left, strict=True)]
    return Explanation(
        confidence=whole, sentences=read, effects=tuple(sorted(effects, key=lambda effect: -abs(effect.effect)))
    )


def _without(word: str, text: str) -> str:
    return _WORD.sub(lambda found: "" if found[0].lower() == word else found[0], text)


def _log_odds(confidence: float) -> float:
    kept = min(max(confidence, LEAST_CONFIDENCE), 1 - LEAST_CONFIDENCE)
    return math.log(kept / (1 - kept))
