"""Sources cut into units, and everything that can be wrong with a file: named, counted, and nothing else lost."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bulk.sources import files_of, sources_of
from bulk.storage import Location
from bulk.units import Unit, pack, unit_in, units_of
from pubserve.formats import Format
from pubserve.formats.records import MAX_RECORD_BYTES, Defect, PaperRecord, Reason
from tests.bulk.papers import paper, write_jsonl, write_pubmed
from tests.bulk.users import as_nobody, open_folder

HUGE = "x" * 50_000_000


def units_in(folder: Path, *, records: int = 4, done: frozenset[str] = frozenset()) -> Iterator[Unit]:
    for source in sources_of(files_of(Location.given(str(folder)))):
        yield from units_of(source, records=records, format=None, done=done)


def read(folder: Path) -> tuple[list[str], list[tuple[str, int, Reason]]]:
    """The ids of the papers, and file, line and reason of everything else."""
    records = [record for unit in units_in(folder) for record in unit.records]
    papers = [record.found.id for record in records if isinstance(record.found, PaperRecord)]
    defects = [(Path(r.file).name, r.line, r.found.reason) for r in records if isinstance(r.found, Defect)]
    return papers, defects


def test_a_unit_has_so_many_records_and_the_last_of_a_source_says_so(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "papers.jsonl", range(10))

    units = list(units_in(tmp_path))

    assert [unit.name for unit in units] == ["000000-000000", "000000-000001", "000000-000002"]
    assert [len(unit.records) for unit in units] == [4, 4, 2]
    assert [unit.is_last for unit in units] == [False, False, True]
    assert sum(unit.read_bytes for unit in units) == (tmp_path / "papers.jsonl").stat().st_size


def test_units_reach_across_small_files_and_are_the_same_every_time(tmp_path: Path) -> None:
    for number in range(6):
        write_jsonl(tmp_path / f"{number}.jsonl", range(number, number + 1))

    units = list(units_in(tmp_path))

    assert [len(unit.records) for unit in units] == [4, 2]
    assert units == list(units_in(tmp_path))


def test_what_is_done_is_left_out_and_the_others_keep_their_names(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "papers.jsonl", range(12))
    everything = list(units_in(tmp_path))

    left = list(units_in(tmp_path, done=frozenset({everything[0].name, everything[2].name})))

    assert [(unit.name, unit.records) for unit in left] == [(everything[1].name, everything[1].records)]


def test_a_unit_travels(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "papers.jsonl", range(3))
    [unit] = units_in(tmp_path)

    assert unit_in({"unit": [pack(unit)]}) == unit


def test_a_unit_is_full_when_it_holds_much_text(tmp_path: Path) -> None:
    long = "word " * 500_000
    (tmp_path / "papers.jsonl").write_text("".join(json.dumps({"id": n, "abstract": long}) + "\n" for n in range(4)))

    assert [len(unit.records) for unit in units_in(tmp_path, records=100)] == [2, 2]


def test_a_url_of_another_file_system_is_read_as_well(tmp_path: Path) -> None:
    given = Location.given(f"memory://{tmp_path}/papers.jsonl.gz")
    given.write_bytes(gzip.compress(write_jsonl(tmp_path / "papers.jsonl", range(3)).read_bytes()))

    [source] = sources_of(files_of(given))
    [unit] = units_of(source, records=10, format=None)

    assert [record.found.id for record in unit.records if isinstance(record.found, PaperRecord)] == ["p0", "p1", "p2"]
    assert unit.records[0].file == given.url


def csv_row(number: int) -> str:
    return ",".join(f'"{value}"' for value in paper(number).values()) + "\n"


def jsonl_line(number: int, **changed: str) -> str:
    return json.dumps({**paper(number), **changed}) + "\n"


def tagged(number: int, **changed: str) -> str:
    given = {**paper(number), **changed}
    return f"<ID:{given['id']}>\nTitle: {given['title']}\nAbstract: {given['abstract']}\n"


def xml_of(*abstracts: str) -> str:
    records = "".join(
        f"<PubmedArticle><MedlineCitation><PMID>p{n}</PMID><Article><ArticleTitle>T.</ArticleTitle><Abstract>"
        f"<AbstractText>{text}</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle>\n"
        for n, text in enumerate(abstracts)
    )
    return f"<PubmedArticleSet>\n{records}</PubmedArticleSet>"


BAD = {
    "a wrong column": ("a.csv", "number,headline\n1,Asthma.\n", [], 1, Reason.UNREADABLE),
    "half a record": ("a.jsonl", jsonl_line(1) + '{"id": "p2", "tit', ["p1"], 2, Reason.MALFORMED),
    "half an XML file": ("a.xml", xml_of("One.", "Two.")[:-60], ["p0"], 3, Reason.UNREADABLE),
    "a row that is cut": ("a.csv", "id,title,abstract\n" + csv_row(1) + '"p2","T', ["p1"], 3, Reason.MALFORMED),
    "a line of 50 MB": (
        "a.jsonl",
        jsonl_line(1) + jsonl_line(2, abstract=HUGE) + jsonl_line(3),
        ["p1", "p3"],
        2,
        Reason.TOO_LARGE,
    ),
    "a row of 50 MB": (
        "a.csv",
        "id,title,abstract\n" + csv_row(1) + f"p2,T,{HUGE}\n" + csv_row(3),
        ["p1", "p3"],
        3,
        Reason.TOO_LARGE,
    ),
    "an article of 50 MB": ("a.xml", xml_of("One.", HUGE, "Three."), ["p0", "p2"], 3, Reason.TOO_LARGE),
    "a text of 50 MB": ("a.txt", tagged(1, abstract=HUGE), [], 1, Reason.TOO_LARGE),
    "an unknown format": ("a.docx", "nothing that we know", [], 0, Reason.UNREADABLE),
    "no id": ("a.jsonl", jsonl_line(1) + jsonl_line(2, id=""), ["p1"], 2, Reason.NO_ID),
    "nothing to read": (
        "a.jsonl",
        jsonl_line(1) + jsonl_line(2, title="", abstract=" "),
        ["p1"],
        2,
        Reason.NOTHING_TO_READ,
    ),
}


@pytest.mark.parametrize(("name", "content", "papers", "line", "reason"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_named_with_its_line_and_costs_nothing_else(
    tmp_path: Path, name: str, content: str, papers: list[str], line: int, reason: Reason
) -> None:
    (tmp_path / name).write_text(content)
    write_jsonl(tmp_path / "z.jsonl", range(7, 9))

    assert read(tmp_path) == ([*papers, "p7", "p8"], [(name, line, reason)])


def test_a_record_of_the_size_of_a_book_in_parquet_is_passed_over(tmp_path: Path) -> None:
    from pubserve.formats import parquet

    parquet.write(
        [PaperRecord("p1", "T.", "A."), PaperRecord("p2", "T.", "x" * (MAX_RECORD_BYTES + 1))], tmp_path / "a.parquet"
    )

    assert read(tmp_path) == (["p1"], [("a.parquet", 2, Reason.TOO_LARGE)])


def test_bytes_that_are_not_utf8_cost_their_record(tmp_path: Path) -> None:
    lines = jsonl_line(1).encode() + b'{"id": "p2", "title": "M\xe4nner"}\n' + jsonl_line(3).encode()
    (tmp_path / "a.jsonl").write_bytes(lines)

    assert read(tmp_path) == (["p1", "p3"], [("a.jsonl", 2, Reason.NOT_UTF8)])


def test_a_gzip_that_breaks_off_costs_what_comes_after_the_break(tmp_path: Path) -> None:
    whole = write_pubmed(tmp_path / "a.xml.gz", range(3000)).read_bytes()
    (tmp_path / "a.xml.gz").write_bytes(whole[: len(whole) // 2])
    write_jsonl(tmp_path / "b.jsonl", range(9000, 9001))

    papers, [(file, _, reason)] = read(tmp_path)

    assert (file, reason) == ("a.xml.gz", Reason.UNREADABLE)
    assert papers[-1] == "p9000"
    assert 0 < len(papers) - 1 < 3000


@pytest.mark.parametrize("closed", ["papers.jsonl", "folder"])
def test_a_file_or_a_folder_without_permission_is_named_and_the_rest_is_read(closed: str) -> None:
    with open_folder() as corpus:
        make: Callable[[Path], object] = Path.mkdir if closed == "folder" else Path.touch
        make(corpus / closed)
        (corpus / closed).chmod(0)
        write_jsonl(corpus / "z.jsonl", range(1))

        with as_nobody():
            found = read(corpus)

    assert found == (["p0"], [(closed, 0, Reason.UNREADABLE)])


def test_the_format_can_be_said(tmp_path: Path) -> None:
    (tmp_path / "export.txt").write_text("PMID- 1\nTI  - Asthma.\n")
    [source] = sources_of(files_of(Location.given(str(tmp_path))))

    [unit] = units_of(source, records=4, format=Format.MEDLINE)

    assert unit.records[0].found == PaperRecord("1", "Asthma.", "")
