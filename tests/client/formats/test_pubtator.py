"""PubTator, with its mentions."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubserve.formats import pubtator
from pubserve.formats.records import Defect, Mention, PaperRecord, Reason, Row

BLOCK = [
    "1|t|Asthma | a trial.",
    "1|a|Asthma and hay fever.",
    "1\t0\t6\tAsthma\tDisease\tD001249",
    "1\t18\t24\tAsthma\tDisease\tMESH:D001249",
    "1\t29\t38\thay fever\tDiseaseClass\tD006255|OMIM:1+D2",
]


def read(folder: Path, text: str) -> list[Row]:
    file = folder / "corpus.txt"
    file.write_bytes(text.encode())
    return list(pubtator.read(file))


def test_mentions_are_placed_in_title_space_and_abstract() -> None:
    paper = pubtator.parse(BLOCK)

    assert isinstance(paper, PaperRecord)
    assert (paper.id, paper.title, paper.abstract) == ("1", "Asthma | a trial.", "Asthma and hay fever.")
    assert [paper.passage[m.start : m.end] for m in paper.mentions] == ["Asthma", "Asthma", "hay fever"]
    assert paper.mentions[2] == Mention(29, 38, "hay fever", "DiseaseClass", ("D006255", "OMIM:1", "D2"))


@pytest.mark.parametrize("ending", ["", "\t-1", "\t-", "\t"])
def test_a_mention_without_a_concept_has_no_ids(ending: str) -> None:
    paper = pubtator.parse(["1|t|Asthma.", f"1\t0\t6\tAsthma\tDisease{ending}"])

    assert isinstance(paper, PaperRecord)
    assert paper.mentions == (Mention(0, 6, "Asthma", "Disease"),)


def test_relations_and_the_parts_of_a_composite_mention_are_passed_over() -> None:
    composite = "1\t0\t25\tbreast and ovarian cancer\tDisease\tD1|D2\tbreast cancer|ovarian cancer"
    paper = pubtator.parse(["1|t|breast and ovarian cancer", composite, "1\tCID\tD000001\tD000002"])

    assert isinstance(paper, PaperRecord)
    assert paper.mentions == (Mention(0, 25, "breast and ovarian cancer", "Disease", ("D1", "D2")),)


def test_white_space_that_a_tokeniser_added_is_not_the_papers() -> None:
    paper = pubtator.parse(
        ["1|t|fever (high)", "1\t0\t12\tfever  ( high )\tDisease\tD1", "1\t0\t5\tfever  \tDisease\tD1"]
    )

    assert isinstance(paper, PaperRecord)
    assert paper.mentions[1].text == "fever"
    # More than white space differs here, which is for the caller to judge.
    assert paper.mentions[0].text == "fever  ( high )"


def test_records_need_no_empty_line_between_them(tmp_path: Path) -> None:
    rows = read(tmp_path, "\n1|t|One.\n1|a|\n2|t|Two.\r\n2|a|Text.\r\n\n\n3|t|Three.")

    assert rows == [
        (2, PaperRecord("1", "One.", "")),
        (4, PaperRecord("2", "Two.", "Text.")),
        (8, PaperRecord("3", "Three.", "")),
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ["1|a|An abstract alone."],
        ["1|t|T.", "2|a|Another paper's."],
        ["1|t|T.", "2\t0\t1\tT\tDisease\tD1"],
        ["1|t|T.", "1\t0\tone\tT\tDisease\tD1"],
        ["1|t|T.", "1\t0\t1\tT"],
        ["1|t|T.", "a line of prose"],
        ["1|t|T.", "1\t²\t1\tT\tDisease\tD1"],
    ],
)
def test_a_record_with_a_strange_line_is_malformed(lines: list[str]) -> None:
    found = pubtator.parse(lines)

    assert isinstance(found, Defect)
    assert found.reason is Reason.MALFORMED
    assert "id|t|title" in found.detail


TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]))


@given(title=TEXTS, abstract=TEXTS, data=st.data())
def test_texts_and_offsets_are_kept_to_the_character(
    tmp_path_factory: pytest.TempPathFactory, title: str, abstract: str, data: st.DataObject
) -> None:
    passage = f"{title} {abstract}"
    start = data.draw(st.integers(0, len(passage) - 1))
    mention = Mention(start, start + 1, passage[start], "Disease", ("D1",))
    text = f"1|t|{title}\n1|a|{abstract}\n1\t{start}\t{start + 1}\t{passage[start]}\tDisease\tD1\n"

    rows = read(tmp_path_factory.mktemp("pubtator"), text)

    assert rows == [(1, PaperRecord("1", title, abstract, mentions=(mention,)))]
