"""What a job came to, in JSON and in words."""

from bulk.ledger import UnitEntry
from bulk.report import TOP_DISEASES, Report
from bulk.totals import Totals
from pubserve.contract import ModelNames


def entry(number: int, **changed: object) -> UnitEntry:
    given = {
        "source": 0, "number": number, "is_last": False, "read_bytes": 10, "papers": 4, "failed": {"no id": 1},
        "deleted": 0, "labels": {"Cancer": 3}, "diseases": {"Asthma": 2, f"Rarity {number:02}": 1}, "warnings": {},
    }  # fmt: skip
    return UnitEntry.model_validate({**given, **changed})


def report_of(*entries: UnitEntry, resumed: int = 0) -> Report:
    totals = Totals()
    for one in entries:
        totals.add(one)
    names = ModelNames(classifier="c@1", extractor="e@2")
    return Report.of(totals, input="in", output="out", models=names, files=1, resumed=resumed, elapsed_s=2.0)


def test_units_add_up() -> None:
    report = report_of(entry(0), entry(1, deleted=2, warnings={"abstract_missing": 1}), resumed=4)

    assert (report.papers, report.failed, report.deleted_by_pubmed) == (8, {"no id": 2}, 2)
    assert report.labels == {"Cancer": 6}
    assert report.papers_per_s == 2.0  # those of earlier runs took no time of this one


def test_the_commonest_diseases_come_first_and_no_more_than_fit() -> None:
    report = report_of(*(entry(number) for number in range(20)))

    assert list(report.top_diseases.items())[:2] == [("Asthma", 40), ("Rarity 00", 1)]
    assert len(report.top_diseases) == TOP_DISEASES


def test_people_read_the_same_and_where_to_look() -> None:
    said = str(report_of(entry(0, deleted=1), resumed=2))

    assert said.splitlines() == [
        "4 papers, 2 of them by earlier runs; 2 s, 1.0 papers a second",
        "labels: Cancer 3",
        "top diseases: Asthma 2, Rarity 00 1",
        "failed: no id 1",
        "deleted by PubMed: 1",
        "papers in out/papers, reasons of the failed in out/dead-letters",
    ]
