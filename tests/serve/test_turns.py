"""Who comes first: the urgent before the rest, and callers in turn, whatever each of them sends."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.turns import Places, Priority, Turn, TurnQueue

ALICE, BOB = Turn(caller="alice"), Turn(caller="bob")
BULK = Turn(Priority.BULK, "alice")


def drained(queue: TurnQueue[str], *, of: int | None = None) -> list[str]:
    taken: list[str] = []
    while len(queue) and (of is None or len(taken) < of):
        [item, *_] = queue.next_up(0)
        queue.take([item])
        taken.append(item)
    return taken


def queue_of(*pushed: tuple[str, Turn, int]) -> TurnQueue[str]:
    queue: TurnQueue[str] = TurnQueue()
    for item, turn, cost in pushed:
        queue.push(item, turn, cost)
    return queue


def test_one_caller_is_served_in_the_order_asked() -> None:
    assert drained(queue_of(("a", ALICE, 5), ("b", ALICE, 1), ("c", ALICE, 9))) == ["a", "b", "c"]


def test_what_is_urgent_comes_before_bulk_that_came_earlier() -> None:
    assert drained(queue_of(("bulk", BULK, 1), ("urgent", BOB, 100))) == ["urgent", "bulk"]


def test_a_caller_with_much_work_waits_behind_its_own() -> None:
    queue = queue_of(*((f"a{n}", ALICE, 10) for n in range(50)), ("b0", BOB, 10), ("b1", BOB, 10))

    assert drained(queue, of=4) == ["a0", "b0", "a1", "b1"]


def test_an_equal_share_is_one_of_cost_not_of_items() -> None:
    queue = queue_of(*((f"a{n}", ALICE, 30) for n in range(20)), *((f"b{n}", BOB, 10) for n in range(60)))

    assert Counter(item[0] for item in drained(queue, of=40)) == {"a": 10, "b": 30}


def test_who_was_away_gets_no_credit_for_it() -> None:
    queue = queue_of(*((f"a{n}", ALICE, 10) for n in range(20)))
    drained(queue, of=10)
    for n in range(10):
        queue.push(f"b{n}", BOB, 10)

    assert Counter(item[0] for item in drained(queue, of=10)) == {"a": 5, "b": 5}


def test_those_next_up_share_a_priority_and_a_cost() -> None:
    queue = queue_of(("a", ALICE, 6), ("b", ALICE, 6), ("c", ALICE, 6), ("bulk", BULK, 1))

    assert queue.next_up(10) == ["a", "b"]
    assert queue.next_up(1000) == ["a", "b", "c"]
    assert queue.next_up(1) == ["a"]


def test_what_nobody_waits_for_is_dropped() -> None:
    queue = queue_of(("a", ALICE, 1), ("b", BOB, 1))
    queue.drop(lambda item: item == "a")

    assert drained(queue) == ["b"]
    assert queue.next_up(10) == []


@given(st.lists(st.tuples(st.sampled_from([ALICE, BOB, BULK]), st.integers(1, 1000))))
def test_everything_has_its_turn_once_and_nothing_urgent_after_bulk(pushed: list[tuple[Turn, int]]) -> None:
    queue = queue_of(*((f"{n}", turn, cost) for n, (turn, cost) in enumerate(pushed)))

    order = [int(item) for item in drained(queue)]

    assert sorted(order) == list(range(len(pushed)))
    priorities = [pushed[n][0].priority for n in order]
    assert priorities == sorted(priorities)


@pytest.mark.anyio
async def test_places_go_to_the_urgent_first_and_come_back_when_the_work_fails() -> None:
    places, order = Places(1), []

    async def work(name: str, turn: Turn) -> None:
        async with places.hold(turn, 1):
            order.append(name)
            await asyncio.sleep(0)
            if name == "failing":
                raise RuntimeError(name)

    waiting = [("failing", BULK), ("bulk", BULK), ("urgent", ALICE)]
    outcomes = await asyncio.gather(*(work(*one) for one in waiting), return_exceptions=True)

    assert order == ["failing", "urgent", "bulk"]
    assert [type(outcome) for outcome in outcomes] == [RuntimeError, type(None), type(None)]


@pytest.mark.anyio
async def test_who_stops_waiting_for_a_place_leaves_it_to_others() -> None:
    places = Places(1)

    async def hold() -> None:
        async with places.hold(ALICE, 1):
            pass

    async with places.hold(ALICE, 1):
        left = asyncio.create_task(hold())
        stays = asyncio.create_task(hold())
        await asyncio.sleep(0)
        left.cancel()
        await asyncio.sleep(0)

    async with asyncio.timeout(5):
        await stays
    assert left.cancelled()
