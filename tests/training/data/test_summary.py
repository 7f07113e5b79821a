"""What a set of papers is like."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data import Mention, PaperRecord
from training.data.summary import FLAGS, quantiles, summarise


def test_labels_mentions_and_lengths_are_counted() -> None:
    mention = Mention(0, 6, "Asthma", "Disease")
    summary = summarise(
        iter([PaperRecord("1", "Asthma", "Text.", mentions=(mention, mention)), PaperRecord("2", "T.", "", "Cancer")])
    )

    assert summary.labels == {"(none)": 1, "Cancer": 1}
    assert summary.mentions == {"Disease": 2}
    assert summary.as_dict()["chars"]["title"] == {"least": 2, "median": 2, "95 %": 6, "most": 6}
    assert json.loads(json.dumps(summary.as_dict())) == summary.as_dict()


@pytest.mark.parametrize(
    ("flag", "paper"),
    [
        ("no abstract", PaperRecord("1", "T.", " ")),
        ("no title", PaperRecord("1", "", "A.")),
        ("translated title, in brackets", PaperRecord("1", "[On it].", "A.")),
        ("abstract in sections", PaperRecord("1", "T.", "AIM: To see. RESULTS AND DISCUSSION: Seen.")),
        ("abstract in sections", PaperRecord("1", "T.", "We saw. METHODS: By looking.")),
        ("inline tags", PaperRecord("1", "T.", "10<sup>6</sup> cells")),
        ("copyright notice", PaperRecord("1", "T.", "A. © The authors.")),
        ("cut short by MEDLINE", PaperRecord("1", "T.", "A.(ABSTRACT TRUNCATED AT 250 WORDS)")),
    ],
)
def test_an_oddity_is_noticed(flag: str, paper: PaperRecord) -> None:
    assert summarise([paper]).flags == {flag: 1}


def test_an_ordinary_paper_has_no_oddities() -> None:
    paper = PaperRecord("1", "On DNA: a review.", "We found p<0.001 for DNA: it is so. HPV was rare [50-59].")

    assert [name for name, holds in FLAGS.items() if holds(paper)] == []


@given(st.lists(st.integers(0, 50), min_size=1))
def test_quantiles_are_lengths_that_occur_and_split_as_they_say(lengths: list[int]) -> None:
    found = quantiles(Counter(lengths))

    assert (found["least"], found["most"]) == (min(lengths), max(lengths))
    assert set(found.values()) <= set(lengths)
    assert sum(length <= found["median"] for length in lengths) >= len(lengths) / 2
    assert sum(length < found["median"] for length in lengths) <= len(lengths) / 2


def test_nothing_has_no_quantiles() -> None:
    assert quantiles(Counter()) == {}
