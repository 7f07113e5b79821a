"""The table: one row a fault, kept from run to run, put between the marks of a page."""

from pathlib import Path

import pytest

from loadtest.faults.report import markdown, read_outcomes, soak_markdown, write_into_page, write_outcomes
from loadtest.faults.soak import Sample, Soak
from loadtest.faults.trial import Counts, Outcome

CHATS = Counts(sent=10, answered=9, refused=0, failed=1, lost=0, doubled=0, errors={"APIConnectionError": 1})


def outcome(fault: str = "ingress", *, answered: int = 1_234) -> Outcome:
    return Outcome(
        fault=fault,
        title="SIGKILL of an ingress",
        papers=Counts(sent=answered, answered=answered, refused=0, failed=0, lost=0, doubled=0, errors={}),
        chats=CHATS,
        wire={"ok": 80, "500": 3, "refused with Retry-After": 2},
        papers_per_s=61.7,
        first_answer_s=0.26,
        recovered_s=None,
        whole_s=4.11,
        notes={"processes killed": 1},
    )


def test_a_row_has_papers_and_chats_together_and_the_times() -> None:
    text = markdown([outcome()])

    assert "| SIGKILL of an ingress | 1,244 | 1,243 | 0 | 1 | 0 | 0 | 2 | 0.3 | never | 4.1 |" in text
    assert (
        "- SIGKILL of an ingress: papers/s before 62; processes killed 1; attempts without an answer 500: 3, "
        "refused with Retry-After: 2; given up APIConnectionError (chat): 1." in text
    )


def test_a_run_replaces_what_was_said_of_its_fault_and_keeps_the_others(tmp_path: Path) -> None:
    write_outcomes(tmp_path, [outcome("ingress"), outcome("proxy")])
    write_outcomes(tmp_path, [outcome("ingress", answered=5)])

    assert [(of.fault, of.papers.answered) for of in read_outcomes(tmp_path)] == [("ingress", 5), ("proxy", 1_234)]
    assert (tmp_path / "report.md").read_text().startswith("# Faults under load")


def test_nothing_was_written_nothing_is_read(tmp_path: Path) -> None:
    assert read_outcomes(tmp_path) == []


def test_a_table_takes_the_place_between_its_marks_and_no_other(tmp_path: Path) -> None:
    page = tmp_path / "reliability.md"
    page.write_text(
        "Before.\n<!-- faults: begin -->\nold\n<!-- faults: end -->\n<!-- soak: begin --><!-- soak: end -->\n"
    )

    write_into_page(page, "faults", "first")
    write_into_page(page, "faults", "new")

    assert page.read_text() == (
        "Before.\n<!-- faults: begin -->\n\nnew\n<!-- faults: end -->\n<!-- soak: begin --><!-- soak: end -->\n"
    )


def test_a_page_without_marks_is_named(tmp_path: Path) -> None:
    page = tmp_path / "reliability.md"
    page.write_text("No table here.\n")

    with pytest.raises(ValueError, match=r"reliability.md does not have the lines"):
        write_into_page(page, "faults", "new")


def test_a_soak_is_told_by_what_each_part_held_at_first_at_last_and_at_most() -> None:
    held = [(100, 50), (300, 80), (200, 60)]
    samples = [
        Sample(at_s=30.0 * number, rss_bytes=mib * 2**20, handles=handles) for number, (mib, handles) in enumerate(held)
    ]
    soak = Soak(
        for_s=60, sent=1_235, answered=1_234, refused=1, failed=0, lost=0, doubled=0, parts={"Ingress": samples}
    )

    text = soak_markdown(soak)

    assert text.startswith("1 minutes; papers and chats: sent 1,235, answered 1,234, refused 1, failed 0, lost 0")
    assert "| Ingress | 100.0 | 200.0 | 300.0 | 50 | 60 | 80 |" in text
