"""What a paper concludes, in one or two sentences of its own: nothing is written that the authors did not write."""

import re
from collections.abc import Sequence

from serve.text.citations.cited import cited_in
from serve.text.cleaning.headings import sections
from serve.text.sentences import sentences

MOST_SENTENCES = 2

_CONCLUDES = re.compile(r"conclu|interpretation|significance|implication", re.IGNORECASE)
"""Headings under which authors say what they found to be so."""
_CUE = re.compile(
    r"^(?:in (?:conclusion|summary)|to conclude|taken together|overall(?=,)|thus|therefore|collectively"
    r"|we (?:therefore )?conclude"
    r"|(?:our|these|the present|this) (?:\w+ ){0,2}(?:results?|findings?|data|study|observations?|work)\b.{0,40}?"
    r"\b(?:suggest|indicat|show|demonstrat|support|reveal|provid|confirm|highlight|establish|impl)\w*)\b",
    re.IGNORECASE,
)
_LEANS_BACK = re.compile(
    r"^(?:this|these|it|they|such|both|therefore|thus|hence|however|moreover|also)\b", re.IGNORECASE
)
"""How a sentence begins that says little without the one before it."""
_SAYS_NO_FINDING = re.compile(r"©|\bcopyright\b|\bregist(?:ered|ration)\b|\bfund(?:ed|ing)\b|https?://", re.IGNORECASE)
_FEWEST_WORDS = 4


def summary_of(abstract: str) -> str | None:
    """The sentences that conclude the abstract, as they stand there; None where there is no abstract to sum up.

    They are taken from the section of conclusions; without one, from the last sentence that says it concludes; without
    such, from the end. A sentence that leans on the one before it brings that along.
    """
    concluding = [part for part in sections(abstract) if _CONCLUDES.search(part.heading)]
    if concluding:
        said = _telling(abstract[concluding[-1].start : concluding[-1].end])
        if said:
            return " ".join(said[:MOST_SENTENCES])
    said = [sentence for part in sections(abstract) for sentence in _telling(abstract[part.start : part.end])]
    if not said:
        return None
    cued = [place for place, sentence in enumerate(said) if _CUE.match(sentence)]
    place = cued[-1] if cued else len(said) - 1
    first = place - 1 if place and _LEANS_BACK.match(said[place]) and not cued else place
    return " ".join(said[first : place + 1])


def _telling(text: str) -> Sequence[str]:
    """The sentences of a text that may say something of what was found."""
    found = [" ".join(text[start:end].split()) for start, end in sentences(text)]
    return [
        s for s in found if len(s.split()) >= _FEWEST_WORDS and not _SAYS_NO_FINDING.search(s) and not cited_in([s])
    ]
