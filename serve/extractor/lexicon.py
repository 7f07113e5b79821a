"""Names of a list in a text, the longest at each place."""

import re
from collections.abc import Callable, Iterator, Sequence

from serve.text.folding import Word, words

LONGEST_NAME_WORDS = 10

IsListed = Callable[[str, str], bool]
"""Whether a phrase is on the list: its folded words, and as it is written."""


_BREAK = re.compile(r"[.;:!?()\[\]]\s|\s[(\[]|\n")
"""What no name reaches across."""


def find_names(text: str, is_listed: IsListed) -> Iterator[tuple[int, int]]:
    """Spans `(start, end)` in order and without overlap."""
    found = list(words(text))
    reach = _reaches(text, found)
    place = 0
    while place < len(found):
        for end in range(min(reach[place], place + LONGEST_NAME_WORDS), place, -1):
            span = found[place].start, found[end - 1].end
            if is_listed(" ".join(word.folded for word in found[place:end]), text[slice(*span)]):
                yield span
                place = end
                break
        else:
            place += 1


def _reaches(text: str, found: Sequence[Word]) -> list[int]:
    """For each word, the number of the first word after it that lies beyond a break."""
    reach = [len(found)] * len(found)
    for place in range(len(found) - 2, -1, -1):
        is_broken = _BREAK.search(text, found[place].end, found[place + 1].start)
        reach[place] = place + 1 if is_broken else reach[place + 1]
    return reach
