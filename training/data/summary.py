"""What a set of papers is like, counted while it streams by."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from training.data.papers import PaperRecord

UNLABELLED = "(none)"
QUANTILES = {"least": 0.0, "median": 0.5, "95 %": 0.95, "most": 1.0}

_SECTION = re.compile(r"(?:^|[.\n] *)[A-Z][A-Z /&,-]{2,}: ")
_TAG = re.compile(r"</?(?:i|b|u|em|strong|sub|sup)>", re.IGNORECASE)
_COPYRIGHT = re.compile(r"©|\bcopyright\b", re.IGNORECASE)

FLAGS: dict[str, Callable[[PaperRecord], bool]] = {
    "no abstract": lambda paper: not paper.abstract.strip(),
    "no title": lambda paper: not paper.title.strip(),
    "translated title, in brackets": lambda paper: paper.title.lstrip().startswith("["),
    "abstract in sections": lambda paper: bool(_SECTION.search(paper.abstract)),
    "inline tags": lambda paper: bool(_TAG.search(paper.title + paper.abstract)),
    "copyright notice": lambda paper: bool(_COPYRIGHT.search(paper.abstract)),
    "cut short by MEDLINE": lambda paper: "ABSTRACT TRUNCATED AT" in paper.abstract,
}
"""What is worth knowing about a paper before a model reads it."""


@dataclass(slots=True)
class Summary:
    """Counts of papers by label and by flag, of mentions by type, and of lengths in characters."""

    labels: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    mentions: Counter[str] = field(default_factory=Counter)
    title_chars: Counter[int] = field(default_factory=Counter)
    abstract_chars: Counter[int] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, Any]:
        """The summary in JSON's types."""
        return {
            "labels": dict(self.labels.most_common()),
            "chars": {"title": quantiles(self.title_chars), "abstract": quantiles(self.abstract_chars)},
            "flags": {name: self.flags[name] for name in FLAGS},
            "mentions": dict(self.mentions.most_common()),
        }


def summarise(papers: Iterable[PaperRecord]) -> Summary:
    """Read the papers through, once, and count."""
    summary = Summary()
    for paper in papers:
        summary.labels[paper.label or UNLABELLED] += 1
        summary.flags.update(name for name, holds in FLAGS.items() if holds(paper))
        summary.mentions.update(mention.type for mention in paper.mentions)
        summary.title_chars[len(paper.title)] += 1
        summary.abstract_chars[len(paper.abstract)] += 1
    return summary


def quantiles(lengths: Counter[int]) -> dict[str, int]:
    """The lengths that the given shares of the papers do not exceed; empty without papers."""
    ranks = {name: share * lengths.total() for name, share in QUANTILES.items()}
    found: dict[str, int] = {}
    reached = 0
    for length, count in sorted(lengths.items()):
        reached += count
        for name, rank in ranks.items():
            if reached >= rank:
                found.setdefault(name, length)
    return found
