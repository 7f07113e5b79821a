"""PubMed's XML, as efetch and the baseline give it."""

import gzip
import io
import re
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubserve.formats import pubmed_xml
from pubserve.formats.records import Defect, PaperRecord, Reason, Row

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN"
 "https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">
<PubmedArticleSet>
"""
END = "</PubmedArticleSet>\n"


def article(pmid: int | str, inside: str) -> str:
    return f"""<PubmedArticle>
  <MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="1">{pmid}</PMID>
    <Article PubModel="Print"><Journal><Title>A Journal</Title></Journal>{inside}
      <AuthorList><Author><LastName>Name</LastName></Author></AuthorList></Article>
    <CommentsCorrectionsList><CommentsCorrections><PMID>99</PMID></CommentsCorrections></CommentsCorrectionsList>
  </MedlineCitation>
  <PubmedData><ReferenceList><Reference><ArticleTitle>Another</ArticleTitle></Reference></ReferenceList></PubmedData>
</PubmedArticle>
"""


def parse(text: str) -> list[Row]:
    return list(pubmed_xml.parse(io.BytesIO(text.encode())))


def paper(inside: str) -> PaperRecord:
    [(_, found)] = parse(HEAD + article(1, inside) + END)
    assert isinstance(found, PaperRecord)
    return found


def test_a_record_gives_its_own_id_title_and_abstract_and_no_other_papers() -> None:
    rows = parse(
        HEAD
        + article(1, "<ArticleTitle>One.</ArticleTitle><Abstract><AbstractText>Text.</AbstractText></Abstract>")
        + article(2, "<ArticleTitle>Two.</ArticleTitle>")
        + END
    )

    assert rows == [(5, PaperRecord("1", "One.", "Text.")), (13, PaperRecord("2", "Two.", ""))]


def test_labels_of_sections_head_their_lines() -> None:
    abstract = """<Abstract>
        <AbstractText Label="AIM" NlmCategory="OBJECTIVE">To see.</AbstractText>
        <AbstractText Label="UNLABELLED">Between.</AbstractText>
        <AbstractText Label="EMPTY"/>
        <AbstractText Label="END">Seen.</AbstractText>
        <CopyrightInformation>Somebody's.</CopyrightInformation></Abstract>
        <OtherAbstract Language="fre"><AbstractText>Vu.</AbstractText></OtherAbstract>"""

    assert paper(f"<ArticleTitle>T.</ArticleTitle>{abstract}").abstract == "AIM: To see.\nBetween.\nEND: Seen."


def test_inline_tags_leave_their_text_and_layout_leaves_one_space() -> None:
    found = paper(
        "<ArticleTitle>The <i>TP53</i>\n        gene in 10<sup>6</sup> cells &lt; 5 &#x3bc;m.</ArticleTitle>"
        "<Abstract><AbstractText>H<sub>2</sub>O and <b>bold <u>both</u></b>.</AbstractText></Abstract>"
    )

    assert found.title == "The TP53 gene in 106 cells < 5 μm."
    assert found.abstract == "H2O and bold both."


@pytest.mark.parametrize(
    ("inside", "title"),
    [
        ("<ArticleTitle>[On it].</ArticleTitle><VernacularTitle>Darüber.</VernacularTitle>", "[On it]."),
        ("<ArticleTitle>[Not Available].</ArticleTitle><VernacularTitle>Darüber.</VernacularTitle>", "Darüber."),
        ("<ArticleTitle/><VernacularTitle>Darüber.</VernacularTitle>", "Darüber."),
        ("<ArticleTitle>[Not Available].</ArticleTitle>", "[Not Available]."),
        ("", ""),
    ],
)
def test_a_title_in_its_own_language_stands_in_where_there_is_no_other(inside: str, title: str) -> None:
    assert paper(inside).title == title


def test_chapters_of_books_are_papers_too() -> None:
    book = """<PubmedBookArticle><BookDocument><PMID Version="1">7</PMID><Book><BookTitle>The Book</BookTitle></Book>
        {}<Abstract><AbstractText>About it.</AbstractText></Abstract></BookDocument></PubmedBookArticle>"""
    chapter = book.format("<ArticleTitle>A Chapter</ArticleTitle>")

    rows = parse(HEAD + chapter + book.format("") + END)

    assert [found for _, found in rows] == [
        PaperRecord("7", "A Chapter", "About it."),
        PaperRecord("7", "The Book", "About it."),
    ]


def test_papers_that_pubmed_deleted_are_told() -> None:
    rows = parse(HEAD + "<DeleteCitation><PMID>1</PMID><PMID>2</PMID></DeleteCitation>" + END)

    assert [found.reason for _, found in rows if isinstance(found, Defect)] == [Reason.DELETED, Reason.DELETED]


def test_a_record_without_its_article_costs_itself_alone() -> None:
    rows = parse(HEAD + "<PubmedArticle><PubmedData/></PubmedArticle>" + article(2, "") + END)

    assert isinstance(rows[0][1], Defect)
    assert rows[1][1] == PaperRecord("2", "", "")


def test_broken_xml_keeps_what_came_before_and_says_the_line() -> None:
    rows = parse(HEAD + article(1, "<ArticleTitle>T.</ArticleTitle>") + "<PubmedArticle><oops")

    assert rows[0][1] == PaperRecord("1", "T.", "")
    line, found = rows[1]
    assert line == 13
    assert isinstance(found, Defect)
    assert found.reason is Reason.UNREADABLE


@pytest.mark.parametrize(
    "declaration",
    [
        '<!ENTITY a "boom"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY % a SYSTEM "http://127.0.0.1:9/a.dtd">',
    ],
)
def test_a_file_that_declares_entities_is_refused_before_they_unfold(declaration: str) -> None:
    text = f"<!DOCTYPE PubmedArticleSet [{declaration}]><PubmedArticleSet>{article(1, '&b;')}{END}"

    [(_, found)] = parse(text)

    assert isinstance(found, Defect)
    assert "entities" in found.detail


def test_names_of_the_dtd_are_read_without_fetching_it() -> None:
    assert paper("<ArticleTitle>&eacute; &amp; &nosuchname;</ArticleTitle>").title == "é & &nosuchname;"


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")))
def test_any_text_comes_through(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    assert paper(f"<ArticleTitle>x{escaped}x</ArticleTitle>").title == re.sub(" +", " ", f"x{text}x")


@given(st.binary())
def test_no_bytes_are_too_strange(data: bytes) -> None:
    assert all(isinstance(found, Defect) for _, found in pubmed_xml.parse(io.BytesIO(data)))


def peak_bytes_of_reading(records: int, folder: Path) -> int:
    path = folder / f"{records}.xml.gz"
    abstract = f"<Abstract><AbstractText>{'Some words. ' * 100}</AbstractText></Abstract>"
    with gzip.open(path, "wt", compresslevel=1) as file:
        file.write(HEAD)
        file.writelines(article(n, f"<ArticleTitle>T.</ArticleTitle>{abstract}") for n in range(records))
        file.write(END)
    tracemalloc.start()
    try:
        assert sum(1 for _ in pubmed_xml.read(path)) == records
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    few, many = peak_bytes_of_reading(1_000, tmp_path), peak_bytes_of_reading(20_000, tmp_path)

    assert many < 1.2 * few
    assert many < 5_000_000
