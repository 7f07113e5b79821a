"""When a service has recovered, told from its answers."""

import httpx
import pytest

from loadtest.faults.trial import first_answer_s, rate, recovered_s
from loadtest.faults.wire import kind_of
from loadtest.scale.ledger import Answered


def steady(from_s: int, to_s: int, *, papers: int = 10) -> list[Answered]:
    """So many papers each second, each of which was sent half a second before."""
    return [Answered(at_s=float(at_s), papers=papers, waited_s=0.5) for at_s in range(from_s, to_s)]


def test_a_rate_is_papers_over_seconds() -> None:
    assert rate(steady(0, 20), 4, 14) == 10


def test_the_first_answer_is_that_to_something_sent_after_the_fault() -> None:
    answers = [Answered(at_s=11, papers=1, waited_s=2), Answered(at_s=14, papers=1, waited_s=3)]

    assert first_answer_s(answers, 10) == 4
    assert first_answer_s(answers[:1], 10) is None


def test_a_service_that_went_on_had_nothing_to_recover_from() -> None:
    assert recovered_s(steady(0, 30), 10, before=10) == 0


def test_a_service_has_recovered_when_it_answers_as_much_as_before() -> None:
    half = [*steady(0, 10), *steady(10, 17, papers=5), *steady(17, 30)]
    silent = [*steady(0, 10), *steady(20, 30)]

    assert recovered_s(half, 10, before=10) == pytest.approx(5, abs=1)  # in the window from then on, four fifths
    assert recovered_s(silent, 9.5, before=10) == pytest.approx(10.5)


def test_a_service_that_answers_half_has_not_recovered() -> None:
    assert recovered_s([*steady(0, 10), *steady(10, 60, papers=5)], 10, before=10) is None
    assert recovered_s([], 10, before=10) is None


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (httpx.Response(200), "ok"),
        (httpx.Response(429, headers={"Retry-After": "2"}), "refused with Retry-After"),
        (httpx.Response(503, headers={"Retry-After": "2"}), "refused with Retry-After"),
        (httpx.Response(503), "503"),
        (httpx.Response(500, headers={"Retry-After": "2"}), "500"),
    ],
)
def test_what_comes_back_is_counted_by_kind(response: httpx.Response, kind: str) -> None:
    assert kind_of(response.status_code, response.headers) == kind
