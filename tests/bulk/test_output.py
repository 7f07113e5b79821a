"""The folder of a job: whose it is, what is in it, and in which order it is written."""

import json
from pathlib import Path

import pyarrow.parquet
import pytest

from bulk.analysis import Analysed, Analyst
from bulk.errors import UnusableOutput
from bulk.manifest import Manifest
from bulk.output import Output, PartFormat
from bulk.sources import files_of
from bulk.storage import Location
from bulk.units import Record, Unit
from loadtest.simulated_bulk import SimulatedModels
from pubserve.contract import DEFAULT_TASKS, ErrorBody, Failure
from pubserve.formats.records import Defect, Found, PaperRecord, Reason
from serve.settings import Settings
from tests.bulk.papers import dead_letters, write_jsonl
from tests.bulk.users import as_nobody, open_folder

FOUND: list[Found] = [
    PaperRecord("1", "asthma in children", "We saw asthma."),
    Defect(Reason.MALFORMED, "not JSON"),
    PaperRecord("2", "sepsis", ""),
    Defect(Reason.DELETED, "PubMed has deleted this paper"),
]


@pytest.fixture
def corpus(tmp_path: Path) -> Location:
    (tmp_path / "corpus").mkdir()
    write_jsonl(tmp_path / "corpus" / "papers.jsonl", range(3))
    return Location.given(str(tmp_path / "corpus"))


@pytest.fixture
def out(tmp_path: Path) -> Output:
    return Output(Location.given(str(tmp_path / "out")), PartFormat.JSONL)


def manifest(corpus: Location, settings: Settings, format: PartFormat = PartFormat.JSONL) -> Manifest:
    return Manifest.of(
        corpus, files_of(corpus), settings,
        input_format=None, tasks=DEFAULT_TASKS, format=format, models=SimulatedModels.names,
    )  # fmt: skip


def unit_of(*found: Found) -> Unit:
    return Unit(0, 3, False, [Record("corpus/a.jsonl", line, one) for line, one in enumerate(found, 1)], 100)


def analysed(unit: Unit) -> list[Analysed]:
    return Analyst(SimulatedModels(float("inf")), DEFAULT_TASKS, max_field_chars=1000).analyse(unit.records)


def test_a_unit_becomes_a_part_its_dead_letters_and_an_entry_that_counts_both(out: Output, tmp_path: Path) -> None:
    unit = unit_of(*FOUND)

    entry = out.commit(unit, analysed(unit))

    papers = [json.loads(line) for line in (tmp_path / "out/papers/000000-000003.jsonl").read_text().splitlines()]
    assert [paper["abstract_id"] for paper in papers] == ["1", "2"]
    assert "timings_ms" not in papers[0]
    assert list(dead_letters(tmp_path / "out")) == [
        {"file": "corpus/a.jsonl", "line": 2, "id": None, "reason": "malformed record", "detail": "not JSON"}
    ]
    assert (entry.papers, entry.failed, entry.deleted) == (2, {"malformed record": 1}, 1)
    assert (entry.labels, entry.diseases) == ({"Cancer": 2}, {"asthma": 1, "sepsis": 1})
    assert entry.warnings == {"abstract_missing": 1}
    assert list(out.entries()) == [entry]


def test_a_paper_that_failed_is_a_dead_letter_with_its_id(out: Output, tmp_path: Path) -> None:
    unit = unit_of(FOUND[0])
    error = ErrorBody(message="The extractor could not read this paper.", type="server_error", code="extraction_failed")

    out.commit(unit, [Analysed(unit.records[0], Failure(abstract_id="1", error=error))])

    [letter] = dead_letters(tmp_path / "out")
    assert (letter["id"], letter["line"], letter["reason"]) == ("1", 1, "extraction_failed")


def test_a_unit_that_is_done_again_leaves_the_same_files(out: Output, tmp_path: Path) -> None:
    unit = unit_of(*FOUND)
    out.commit(unit, analysed(unit))
    before = {file: file.read_bytes() for file in tmp_path.rglob("*.json*")}

    out.commit(unit, analysed(unit))

    assert {file: file.read_bytes() for file in tmp_path.rglob("*.json*")} == before


def test_dead_letters_of_a_time_before_go_when_the_papers_are_read(out: Output, tmp_path: Path) -> None:
    unit = unit_of(FOUND[0])
    failure = Failure(abstract_id="1", error=ErrorBody(message="m", type="t"))
    out.commit(unit, [Analysed(unit.records[0], failure)])

    out.commit(unit, analysed(unit))

    assert list(dead_letters(tmp_path / "out")) == []


def test_the_entry_is_written_last(out: Output, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    monkeypatch.setattr(Location, "write_bytes", lambda self, _: written.append(self.parent.name))
    unit = unit_of(*FOUND)

    out.commit(unit, analysed(unit))

    assert written == ["dead-letters", "papers", "ledger"]


def test_parquet_has_the_same_fields_nested_as_they_are(tmp_path: Path) -> None:
    out = Output(Location.given(str(tmp_path)), PartFormat.PARQUET)
    unit = unit_of(*FOUND)

    out.commit(unit, analysed(unit))

    first, second = pyarrow.parquet.read_table(tmp_path / "papers").to_pylist()
    assert (first["abstract_id"], second["abstract_id"]) == ("1", "2")
    assert first["mentions"][0]["text"] == "asthma"
    assert dict(first["confidence_scores"]) == {"Cancer": 0.9, "Non-Cancer": 0.1}
    assert "error" not in first


def test_a_job_finds_its_folder_again(out: Output, corpus: Location, settings: Settings) -> None:
    out.begin(manifest(corpus, settings), overwrite=False)
    out.begin(manifest(corpus, settings), overwrite=False)


def test_another_job_is_refused_in_words_that_say_what_is_otherwise(
    out: Output, corpus: Location, settings: Settings, tmp_path: Path
) -> None:
    out.begin(manifest(corpus, settings), overwrite=False)

    with pytest.raises(UnusableOutput, match="its format was jsonl, now parquet") as refused:
        out.begin(manifest(corpus, settings, PartFormat.PARQUET), overwrite=False)
    assert "--overwrite" in refused.value.remedy
    write_jsonl(tmp_path / "corpus" / "more.jsonl", range(3))
    with pytest.raises(UnusableOutput, match=r"its input had 1 files.*, now 2 files"):
        out.begin(manifest(corpus, settings), overwrite=False)
    larger = settings.model_copy(update={"bulk": settings.bulk.model_copy(update={"unit_papers": 9})})
    with pytest.raises(UnusableOutput, match="its unit_papers was 4, now 9"):
        out.begin(manifest(corpus, larger), overwrite=False)


def test_overwriting_removes_what_a_job_wrote_and_nothing_else(
    out: Output, corpus: Location, settings: Settings, tmp_path: Path
) -> None:
    out.begin(manifest(corpus, settings), overwrite=False)
    unit = unit_of(*FOUND)
    out.commit(unit, analysed(unit))

    out.begin(manifest(corpus, settings, PartFormat.PARQUET), overwrite=True)

    assert [path.name for path in (tmp_path / "out").iterdir()] == ["manifest.json"]
    (tmp_path / "out" / "manifest.json").unlink()
    (tmp_path / "out" / "thesis.docx").touch()
    with pytest.raises(UnusableOutput, match="holds files"):
        out.begin(manifest(corpus, settings), overwrite=True)
    assert (tmp_path / "out" / "thesis.docx").exists()


def test_an_output_that_is_a_file_is_refused(corpus: Location, settings: Settings) -> None:
    out = Output(corpus / "papers.jsonl", PartFormat.JSONL)

    with pytest.raises(UnusableOutput, match="is a file"):
        out.begin(manifest(corpus, settings), overwrite=False)


def test_an_output_that_may_not_be_written_is_refused(corpus: Location, settings: Settings) -> None:
    given = manifest(corpus, settings)
    with open_folder() as folder:
        folder.chmod(0o555)
        with as_nobody(), pytest.raises(UnusableOutput, match="Permission denied"):
            Output(Location.given(str(folder)), PartFormat.JSONL).begin(given, overwrite=False)
