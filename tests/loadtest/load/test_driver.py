"""Phases as locust is driven through them."""

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from loadtest.load.driver import Driver


class Clock:
    """Time that passes when it is told to."""

    now_s = 1000.0

    def time(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock()


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> "Driver":
    """Ten seconds of overload, by a runner of two workers."""
    monkeypatch.setenv("LOCUST_SKIP_MONKEY_PATCH", "1")  # the other tests of this process have no use for gevent
    from loadtest.load import driver as module

    monkeypatch.setattr(module, "time", clock)
    options = SimpleNamespace(shape="overload", callers=4, duration="100s")
    driver = module.Driver()
    driver.runner = SimpleNamespace(environment=SimpleNamespace(parsed_options=options), user_count=0, worker_count=2)  # type: ignore[assignment]
    return driver


def run_through(driver: "Driver", clock: Clock) -> list[tuple[str, int, set[str]]]:
    """Name, users and their classes of every phase, a second a tick; users leave the second they are told to."""
    seen: list[tuple[str, int, set[str]]] = []
    while (tick := driver.tick()) is not None:
        count, _, classes = tick
        phase = driver.spans[-1].phase.name
        if not seen or seen[-1][0] != phase:
            seen.append((phase, count, {user.__name__ for user in classes or ()}))
        clock.now_s += 1
        driver.runner.user_count = count  # type: ignore[union-attr, misc]
    return seen


CLOSED, OPEN = {"Single", "Chat", "Batch", "Mixed", "Stream"}, {"Arrivals"}


def test_arrivals_take_the_place_of_closed_loop_callers_one_for_every_worker(driver: "Driver", clock: Clock) -> None:
    assert run_through(driver, clock) == [
        ("start", 2, CLOSED),
        ("2 callers", 2, CLOSED),
        ("4 callers", 4, CLOSED),
        ("8 callers", 8, CLOSED),
        ("drain", 0, CLOSED),
        ("filling", 2, OPEN),
        ("overload", 2, OPEN),
        ("drain", 0, CLOSED),
    ]
    assert driver.complete
    assert all(span.end_s == next_one.start_s for span, next_one in zip(driver.spans, driver.spans[1:], strict=False))


def test_a_drain_lasts_until_nobody_is_left(driver: "Driver", clock: Clock) -> None:
    driver.tick()
    while not driver.spans[-1].phase.drains:
        clock.now_s += 1
        driver.tick()
    driver.runner.user_count = 1  # type: ignore[union-attr, misc]
    for _ in range(100):
        clock.now_s += 1
        driver.tick()
    assert driver.spans[-1].phase.drains
    driver.runner.user_count = 0  # type: ignore[union-attr, misc]
    driver.tick()
    assert driver.spans[-1].phase.name == "filling"


def test_the_rate_of_arrivals_is_set_once_before_they_begin(driver: "Driver", clock: Clock) -> None:
    at: list[str] = []

    def offer() -> bool:
        at.append(driver.spans[-1].phase.name)
        return True

    driver.offer = offer
    run_through(driver, clock)
    assert at == ["drain"]


def test_without_a_rate_the_run_ends_and_is_not_complete(driver: "Driver", clock: Clock) -> None:
    driver.offer = lambda: False
    assert run_through(driver, clock)[-1][0] == "drain"
    assert not driver.complete


def test_a_run_that_is_cut_off_is_not_complete_and_starts_from_the_beginning_again(
    driver: "Driver", clock: Clock
) -> None:
    driver.tick()
    clock.now_s += 3
    driver.end()
    assert not driver.complete
    assert driver.spans[-1].end_s == clock.now_s
    driver.reset_time()
    driver.tick()
    assert [span.phase.name for span in driver.spans] == ["start"]
