"""The parts of a request's time add up to the whole."""

from collections.abc import Callable

import pytest

from serve.clock import RequestClock


@pytest.fixture
def pass_ms(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    now_s = [1000.0]
    monkeypatch.setattr("serve.clock.time.monotonic", lambda: now_s[0])

    def passes(milliseconds: float) -> None:
        now_s[0] += milliseconds / 1e3

    return passes


def test_receiving_waiting_the_longest_stage_and_writing_are_the_total(pass_ms: Callable[[float], None]) -> None:
    clock = RequestClock()
    pass_ms(5)
    clock.admitted()
    pass_ms(40)
    clock.stage_answered("classify", work_ms=30)  # so it began 10 ms after admission
    pass_ms(100)
    clock.stage_answered("extract", work_ms=60)
    pass_ms(3)

    shown = clock.durations_ms()

    assert shown == pytest.approx({"receive": 5, "queue": 10, "classify": 30, "extract": 130, "write": 3, "total": 148})
    assert shown["receive"] + shown["queue"] + shown["extract"] + shown["write"] == pytest.approx(shown["total"])


def test_work_reported_longer_than_the_request_is_not_believed(pass_ms: Callable[[float], None]) -> None:
    clock = RequestClock()
    clock.admitted()
    pass_ms(10)
    clock.stage_answered("classify", work_ms=10_000)

    assert clock.durations_ms()["queue"] == pytest.approx(0)
    assert clock.durations_ms()["classify"] == pytest.approx(10)


def test_a_request_that_reached_no_stage_has_its_total(pass_ms: Callable[[float], None]) -> None:
    clock = RequestClock()
    pass_ms(7)

    assert clock.durations_ms() == pytest.approx({"total": 7})
