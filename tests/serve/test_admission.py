"""What the service holds, and how it says no."""

import pytest

from serve.admission import Admission
from serve.errors import TooBusy, Unavailable
from serve.turns import Priority


@pytest.fixture
def admission() -> Admission:
    return Admission(100, unit="tokens", retry_after_max_s=30, bulk_share=0.8)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr("serve.admission.time.monotonic", lambda: now[0])
    return now


def refused(admission: Admission, units: int, **how: object) -> TooBusy:
    with pytest.raises(TooBusy) as refusal, admission.admit(units, **how):  # type: ignore[arg-type]
        pytest.fail("admitted")
    return refusal.value


def work_at(admission: Admission, clock: list[float], units_per_s: int) -> None:
    """Let the admission see this pace for a while."""
    with admission.admit(100) as held:
        for _ in range(10):
            clock[0] += 10 / units_per_s
            held.done(10)


def test_places_are_given_back_even_when_the_work_fails(admission: Admission) -> None:
    def work() -> None:
        with admission.admit(100) as held:
            held.done(30)
            assert admission.in_flight == 70
            raise RuntimeError("work")

    with pytest.raises(RuntimeError, match="work"):
        work()
    assert admission.in_flight == 0


def test_what_does_not_fit_is_refused_and_takes_no_place(admission: Admission) -> None:
    with admission.admit(80):
        assert refused(admission, 30).headers == {"Retry-After": "1"}
        assert admission.in_flight == 80

        with admission.admit(20):
            assert admission.in_flight == 100


def test_what_is_answered_makes_room_before_the_rest_is(admission: Admission) -> None:
    with admission.admit(100) as held:
        refused(admission, 30)
        held.done(30)
        with admission.admit(30):
            assert admission.in_flight == 100


def test_more_than_the_limit_is_taken_on_when_nothing_else_is_in_work(admission: Admission) -> None:
    with admission.admit(1000):
        refused(admission, 1)
    with admission.admit(1):
        refused(admission, 1000)


def test_bulk_work_leaves_room_for_those_who_wait(admission: Admission) -> None:
    with admission.admit(80, priority=Priority.BULK):
        refused(admission, 1, priority=Priority.BULK)
        with admission.admit(20):
            refused(admission, 1)


def test_bulk_work_that_is_over_its_share_leaves_as_much(admission: Admission) -> None:
    with admission.admit(1000, priority=Priority.BULK), admission.admit(20):
        refused(admission, 1)


def test_the_wait_is_that_for_the_places_it_lacks(admission: Admission, clock: list[float]) -> None:
    work_at(admission, clock, units_per_s=10)

    with admission.admit(100):
        assert refused(admission, 50).retry_after_s == 5
        assert refused(admission, 5000).retry_after_s == 30  # never longer than the setting


def test_the_pace_is_that_of_busy_times_and_of_late(admission: Admission, clock: list[float]) -> None:
    work_at(admission, clock, units_per_s=1)
    clock[0] += 10_000  # nobody asks anything
    for _ in range(200):
        work_at(admission, clock, units_per_s=10)

    with admission.admit(100):
        assert refused(admission, 100).retry_after_s == 10


def test_what_cannot_be_done_by_its_deadline_is_not_begun(admission: Admission, clock: list[float]) -> None:
    work_at(admission, clock, units_per_s=10)

    with admission.admit(50):
        assert refused(admission, 40, deadline_s=8).retry_after_s == 1
        with admission.admit(40, deadline_s=10):
            pass


def test_work_that_comes_first_waits_for_nobody(admission: Admission, clock: list[float]) -> None:
    """The estimate is about what others do; how long a request takes alone is its caller's business."""
    work_at(admission, clock, units_per_s=10)

    with admission.admit(40, deadline_s=1):
        pass
    with admission.admit(50, priority=Priority.BULK), admission.admit(40, deadline_s=1):
        refused(admission, 10, priority=Priority.BULK, deadline_s=1)


def test_a_draining_service_admits_nothing_and_lets_work_finish(admission: Admission) -> None:
    with admission.admit(1):
        admission.draining = True
        with pytest.raises(Unavailable), admission.admit(1):
            pytest.fail("admitted")
        assert admission.in_flight == 1
