"""Peaks of a record of memory, and the papers that are generated for it."""

from pathlib import Path

from loadtest.bulk_memory import Memory, Sample, _write
from pubserve.formats import pubmed_xml
from pubserve.formats.records import PaperRecord


def test_a_peak_is_the_most_up_to_a_share_of_the_papers() -> None:
    samples = [Sample(at_s=at, papers=at * 100, mib=mib) for at, mib in ((1, 500), (2, 400), (5, 600), (10, 550))]
    memory = Memory(
        machine="x86_64", papers=1000, input_mib=1, tokens_per_s=1e6, papers_per_s=100, samples=samples
    )  # fmt: skip

    assert (memory.peak_mib(0.1), memory.peak_mib(0.5), memory.peak_mib(1.0)) == (500, 600, 600)
    assert memory.growth == 1.2
    assert "| 10% | 500 |" in memory.markdown


def test_generated_papers_are_read_back(tmp_path: Path) -> None:
    _write(tmp_path / "papers.xml.gz", range(7, 10))

    found = [record for _, record in pubmed_xml.read(tmp_path / "papers.xml.gz") if isinstance(record, PaperRecord)]

    assert [record.id for record in found] == ["7", "8", "9"]
    assert all(len(record.abstract.split()) == 220 for record in found)
