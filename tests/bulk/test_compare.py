"""What the job is measured against, and how rates add up."""

import pytest

from bulk.compare import Comparison, Rate, _of_worker, _sum
from bulk.ledger import UnitEntry
from bulk.worker import Done


def rates(*per_s: float) -> list[Rate]:
    return [Rate(per_s=rate, per_cpu_s=rate / 2) for rate in per_s]


def unit(papers: int, began_s: float, ended_s: float, cpu_s: float) -> Done:
    entry = UnitEntry(
        source=0, number=0, is_last=False, read_bytes=0, papers=papers, failed={}, deleted=0,
        labels={}, diseases={}, warnings={},
    )  # fmt: skip
    return Done(entry, "node:1", began_s, ended_s, cpu_s)


def test_the_job_is_measured_against_the_fastest_layout_by_the_median_of_rounds() -> None:
    comparison = Comparison(
        machine="x86_64", papers=48, unit_papers=12, workers=2, job=rates(9, 10, 20),
        bare={"one": rates(1, 2, 3), "two": rates(8, 12.5, 99)},
    )  # fmt: skip

    assert comparison.fastest_bare == "two"
    assert comparison.ratio == 0.8
    assert "The job does 0.800 of the fastest bare layout, `two`" in comparison.markdown
    assert "| one | 2.00 | 1.00, 2.00, 3.00 | 5.000 |" in comparison.markdown


def test_a_worker_is_as_fast_as_from_its_first_unit_to_its_last_and_workers_add_up() -> None:
    first = _of_worker([unit(10, 0.0, 4.0, 3.0), unit(10, 6.0, 10.0, 7.0)])
    second = _of_worker([unit(30, 2.0, 12.0, 8.0)])

    assert first == (20, 10.0, 7.0)
    total = _sum([first, second])
    assert total.per_s == pytest.approx(2.0 + 3.0)
    assert total.per_cpu_s == pytest.approx(50 / 15.0)
