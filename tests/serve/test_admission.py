"""What the service holds, and how it says no."""

import pytest

from serve.admission import Admission
from serve.errors import TooBusy, Unavailable


@pytest.fixture
def admission() -> Admission:
    return Admission(10, unit="papers", retry_after_max_s=30)


def test_places_are_given_back_even_when_the_work_fails(admission: Admission) -> None:
    def work() -> None:
        with admission.admit(10):
            assert admission.in_flight == 10
            raise RuntimeError("work")

    with pytest.raises(RuntimeError, match="work"):
        work()
    assert admission.in_flight == 0


def test_what_does_not_fit_is_refused_and_takes_no_place(admission: Admission) -> None:
    with admission.admit(8):
        with pytest.raises(TooBusy) as refused, admission.admit(3):
            pytest.fail("admitted")
        assert admission.in_flight == 8

        with admission.admit(2):
            assert admission.in_flight == 10

    assert refused.value.headers == {"Retry-After": "1"}


def test_the_wait_is_estimated_from_the_pace(admission: Admission, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("serve.admission.time.monotonic", lambda: clock[0])

    def wait() -> int | None:
        with pytest.raises(TooBusy) as refused, admission.admit(1):
            pytest.fail("admitted")
        return refused.value.retry_after_s

    with admission.admit(10):
        for _ in range(50):
            clock[0] += 2.0
            admission.done()
        assert wait() == 10  # half of ten papers at one every two seconds
        for _ in range(100):
            clock[0] += 100.0
            admission.done()
        assert wait() == 30  # never longer than the setting


def test_a_draining_service_admits_nothing_and_lets_work_finish(admission: Admission) -> None:
    with admission.admit(1):
        admission.draining = True
        with pytest.raises(Unavailable), admission.admit(1):
            pytest.fail("admitted")
        assert admission.in_flight == 1
