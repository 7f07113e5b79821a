"""The ledger: every paper ends in exactly one column."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.scale.ledger import Ledger


def test_a_paper_without_an_end_is_lost() -> None:
    ledger = Ledger()
    ledger.send(["1", "2", "3"])

    ledger.answer(["1"], at_s=0, waited_s=0)
    ledger.refuse(["2"], "too_busy")

    assert (ledger.sent, ledger.answered, ledger.refused, ledger.lost) == (3, 1, 1, 1)


def test_a_paper_with_two_ends_or_never_sent_is_a_duplicate() -> None:
    ledger = Ledger()
    ledger.send(["1"])

    ledger.answer(["1", "1"], at_s=0, waited_s=0)
    ledger.answer(["stranger"], at_s=0, waited_s=0)

    assert ledger.duplicated == 2


@given(ends=st.lists(st.sampled_from(["answer", "fail", "refuse"]), max_size=50))
def test_one_end_each_is_neither_lost_nor_duplicated(ends: list[str]) -> None:
    ledger = Ledger()
    for number, end in enumerate(ends):
        ledger.send([str(number)])
        if end == "answer":
            ledger.answer([str(number)], at_s=0, waited_s=0)
        else:
            getattr(ledger, end)([str(number)], "code")

    assert (ledger.lost, ledger.duplicated) == (0, 0)
    assert ledger.answered + ledger.failed + ledger.refused == ledger.sent == len(ends)


@pytest.mark.parametrize("together", [1, 2, 5])
def test_the_rate_does_not_depend_on_how_many_papers_come_at_once(together: int) -> None:
    ledger = Ledger()
    for at_s in range(0, 100, together):
        ledger.answer(map(str, range(3 * together)), at_s=float(at_s), waited_s=0)

    assert ledger.papers_per_s(10, 90) == pytest.approx(3)


def test_no_rate_without_two_moments() -> None:
    ledger = Ledger()
    ledger.answer(["1"], at_s=5, waited_s=0)

    assert ledger.papers_per_s(0, 10) == 0
