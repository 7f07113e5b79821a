"""The table: one row a fault, kept from run to run, put between the marks of a page."""

from pathlib import Path

import pytest

from loadtest.faults.report import BEGIN, END, markdown, read_outcomes, write_into_page, write_outcomes
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


def test_the_table_takes_the_place_between_the_marks(tmp_path: Path) -> None:
    page = tmp_path / "reliability.md"
    page.write_text(f"Before.\n{BEGIN}\nold\n{END}\nAfter.\n")

    write_into_page(page, [outcome()])
    write_into_page(page, [outcome()])

    text = page.read_text()
    assert text.startswith(f"Before.\n{BEGIN}\n")
    assert text.endswith(f"{END}\nAfter.\n")
    assert text.count("1,244") == 1
    assert "old" not in text


def test_a_page_without_marks_is_named(tmp_path: Path) -> None:
    page = tmp_path / "reliability.md"
    page.write_text("No table here.\n")

    with pytest.raises(ValueError, match=r"reliability.md does not have the lines"):
        write_into_page(page, [outcome()])
