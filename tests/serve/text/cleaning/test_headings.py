"""Headings are known by their words and their place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.text.cleaning import Cleaner, sections


def parts(text: str) -> list[tuple[str, str]]:
    return [(section.heading, text[section.start : section.end]) for section in sections(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AIMS: To run. METHODS: Mice ran.", [("AIMS", "To run."), ("METHODS", "Mice ran.")]),
        ("Background: Mice. Materials and methods: Men.", [("Background", "Mice."), ("Materials and methods", "Men.")]),
        (
            "Background\u2014Mice. Methods and Results\u2014Men.",
            [("Background", "Mice."), ("Methods and Results", "Men.")],
        ),
        ("BACKGROUND. Mice run. RESULTS. Men do.", [("BACKGROUND", "Mice run."), ("RESULTS", "Men do.")]),
        ("METHODS Mice ran. RESULTS  They won.", [("METHODS", "Mice ran."), ("RESULTS", "They won.")]),
        ("Methods\nMice ran.\nResults\nThey won.", [("Methods", "Mice ran."), ("Results", "They won.")]),
        ("Mice run.RESULTS:They won.", [("", "Mice run."), ("RESULTS", "They won.")]),
        ("MAIN OUTCOME MEASURE(S): Speed.", [("MAIN OUTCOME MEASURE(S)", "Speed.")]),
        ("Mice run.\nMen do.", [("", "Mice run."), ("", "Men do.")]),
        ("AIMS: To run.\nTo win.", [("AIMS", "To run."), ("", "To win.")]),
        ("", []),
    ],
)
def test_sections_are_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Mice ran. The following were measured: speed and time.",
        "BRAF V600E was found. KIT D816V was not.",
        "Mice ran. Patients were seen. Results vary.",
        "BCOR::CCNB3-rearranged sarcoma. BCOR: a gene.",
        "In conclusion: mice run.",
    ],
)
def test_what_only_looks_like_a_heading_is_text(text: str) -> None:
    assert parts(text) == [("", text)]


def test_by_default_every_section_begins_a_line() -> None:
    assert Cleaner()("", "AIMS: To run. METHODS: Mice ran.RESULTS: They won.").abstract.text == (
        "AIMS: To run.\nMETHODS: Mice ran.\nRESULTS: They won."
    )


def test_headings_can_be_dropped_instead() -> None:
    clean = Cleaner(["drop_headings", "spaces"])

    assert (
        clean("", "AIMS: To run. METHODS: Mice ran.\nResults\nThey won.").abstract.text
        == "To run.\nMice ran.\nThey won."
    )


@given(
    st.lists(
        st.sampled_from(["AIM", "AIMS:", "Results", "\u2014", ":", ".", " ", "\n", "Mice ran", "A"]), max_size=15
    ).map("".join)
)
def test_sections_are_in_order_and_lose_nothing_but_headings(text: str) -> None:
    end = 0
    for section in sections(text):
        assert end <= section.start < section.end
        end = section.end
    bodies = [text[section.start : section.end] for section in sections(text)]
    assert sum(body.count("Mice ran") for body in bodies) == text.count("Mice ran")
