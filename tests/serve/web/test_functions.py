"""The modules that are functions of their input alone, against Python's own."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from serve.service import Service
from serve.settings import Settings
from tests.browser import visited
from tests.serve.conftest import InstantModels
from tests.serve.sockets import serving


@pytest.fixture(scope="module")
def modules(browser: Browser) -> Iterator[Page]:
    """A page from which the modules can be called."""
    with serving(Service(Settings(profile="cpu"), InstantModels())) as url, visited(browser, url) as page:
        yield page


def call(page: Page, module: str, function: str, *arguments: Any) -> Any:
    script = "async ([module, name, args]) => (await import(`/web/js/${module}.js`))[name](...args)"
    return page.evaluate(script, [module, function, list(arguments)])


fields = st.text(st.sampled_from('ab,;"\t\n\r é𝛽') | st.characters(exclude_categories=["Cs"]), max_size=12)
tables = st.lists(st.lists(fields, min_size=2, max_size=4), max_size=5)


@given(tables, st.sampled_from([",", "\t", ";"]), st.sampled_from(["excel", "unix"]))
@settings(max_examples=100)
def test_csv_is_read_as_python_wrote_it(modules: Page, table: list[list[str]], delimiter: str, dialect: str) -> None:
    written = io.StringIO(newline="")
    csv.writer(written, dialect, delimiter=delimiter).writerows(table)

    assert call(modules, "csv", "parseCsv", written.getvalue(), delimiter) == table


@given(st.lists(st.lists(st.text('ab,"\n\r é𝛽', max_size=8), min_size=2, max_size=4), max_size=5))
@settings(max_examples=50)
def test_csv_is_written_as_python_reads_it(modules: Page, table: list[list[str]]) -> None:
    written = call(modules, "csv", "toCsv", table)

    read_back = list(csv.reader(io.StringIO(written, newline="")))
    assert [[inert(cell) for cell in row] for row in table] == read_back


def inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith("\r") else cell


@pytest.mark.parametrize("text", ["", "a", '"', '"a', 'a"b', '"a"b', "a,", ",", "\n\n", '""', "a\r", "a,\n\n,b"])
def test_csv_that_is_out_of_shape_is_read_too(modules: Page, text: str) -> None:
    expected = [row for row in csv.reader(io.StringIO(text, newline="")) if row]

    assert call(modules, "csv", "parseCsv", text) == expected


@pytest.mark.parametrize(
    ("cell", "written"), [("=1+1", "'=1+1"), ("-5", "-5"), ("-a", "'-a"), ("@x", "'@x"), ("+1.5", "+1.5")]
)
def test_a_cell_is_never_a_formula(modules: Page, cell: str, written: str) -> None:
    assert call(modules, "csv", "toCsv", [[cell]]) == f"{written}\r\n"


spans = st.tuples(st.integers(0, 12), st.integers(0, 12))


@given(st.text("ab 𝛽🫁\u0301é", max_size=12), st.lists(spans, max_size=6))
@settings(max_examples=100)
def test_pieces_join_to_the_text_and_mentions_to_theirs(modules: Page, text: str, pairs: list[tuple[int, int]]) -> None:
    mentions = [{"name": n, "start": start, "end": end} for n, (start, end) in enumerate(pairs)]

    pieces = call(modules, "highlight", "segments", text, mentions)

    assert "".join(piece["text"] for piece in pieces) == text
    for n, (start, end) in enumerate(pairs):
        own = [piece["text"] for piece in pieces if n in [mention["name"] for mention in piece["mentions"]]]
        assert "".join(own) == (text[start:end] if start < end <= len(text) else "")


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (0.0002, "0.1 %"), (0.0064, "1 %"), (0.5, "50 %"), (0.994, "99 %"), (0.9999, "99.9 %"), (1, "100 %")],
)
def test_no_confidence_looks_more_certain_than_it_is(modules: Page, share: float, text: str) -> None:
    assert call(modules, "format", "percent", share) == text


@pytest.mark.parametrize(
    ("citation", "address"),
    [
        ("doi:10.1000/example.120", "https://doi.org/10.1000/example.120"),
        ("https://doi.org/10.1000/a(b)c", "https://doi.org/10.1000/a(b)c"),
        ("PMID: 30872385", "https://pubmed.ncbi.nlm.nih.gov/30872385"),
        ("NCT01234567", "https://clinicaltrials.gov/study/NCT01234567"),
        ("Smith et al., 2001", None),
        ("javascript:alert(1)", None),
    ],
)
def test_citations_that_are_identifiers_are_links(modules: Page, citation: str, address: str | None) -> None:
    script = "async (text) => (await import('/web/js/identifiers.js')).citationLink(text).href ?? null"

    assert modules.evaluate(script, citation) == address
