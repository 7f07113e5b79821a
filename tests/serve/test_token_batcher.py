"""Items of many calls share batches within the budget of tokens, and each call gets its own answers."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from serve.token_batcher import TokenBatcher
from serve.turns import Priority, Turn

pytestmark = pytest.mark.anyio

ME = Turn(caller="me")


@dataclass
class Item:
    name: str
    tokens: int

    @property
    def ids(self) -> list[int]:
        return [0] * self.tokens


@dataclass
class Echo:
    """Answers with the item's name; keeps the batches it saw."""

    batches: list[list[str]] = field(default_factory=list)
    fail_on: str = ""

    def __call__(self, items: Sequence[Item]) -> list[str]:
        self.batches.append([item.name for item in items])
        if self.fail_on in self.batches[-1]:
            raise RuntimeError("the model failed")
        return [item.name for item in items]


Model = Callable[[Sequence[Item]], list[str]]


def batcher_of(model: Model, *, max_batch_tokens: int = 100, passes: int = 1) -> TokenBatcher[Item, str]:
    return TokenBatcher(model, passes=passes, max_batch_tokens=max_batch_tokens, wait_s=0.05)


async def test_answers_come_in_the_order_of_the_items() -> None:
    items = [Item(str(number), tokens) for number, tokens in enumerate([50, 3, 40, 7])]

    answered = await batcher_of(Echo()).run(items, ME)

    assert [done.answer for done in answered] == ["0", "1", "2", "3"]


async def test_calls_share_a_batch() -> None:
    model = Echo()
    batcher = batcher_of(model)

    first, second = await asyncio.gather(batcher.run([Item("a", 10)], ME), batcher.run([Item("b", 10)], ME))

    assert [done.answer for done in [*first, *second]] == ["a", "b"]
    assert model.batches == [["a", "b"]]


async def test_a_batch_stays_within_its_tokens_padding_included() -> None:
    model = Echo()

    await batcher_of(model, max_batch_tokens=40).run([Item("long", 30), Item("short", 5), Item("shorter", 4)], ME)

    assert sorted(map(len, model.batches)) == [1, 2]
    assert ["long"] in model.batches


async def test_an_item_above_the_limit_goes_alone() -> None:
    model = Echo()

    answered = await batcher_of(model, max_batch_tokens=10).run([Item("huge", 500)], ME)

    assert [done.answer for done in answered] == ["huge"]


async def test_a_batch_is_described_once() -> None:
    answered = await batcher_of(Echo()).run([Item("a", 10), Item("b", 20)], ME)

    [stats] = [done.batch for done in answered if done.batch]
    assert (stats.rows, stats.padded_tokens, stats.padding_share) == (2, 40, 0.25)
    assert all(done.queue_ms >= 0 and done.work_ms >= 0 for done in answered)


async def test_a_failure_of_the_model_reaches_the_calls_of_its_batch_and_no_other() -> None:
    batcher = batcher_of(Echo(fail_on="bad"), max_batch_tokens=10)

    failed, fine = await asyncio.gather(
        batcher.run([Item("bad", 10)], ME), batcher.run([Item("good", 9)], ME), return_exceptions=True
    )

    assert isinstance(failed, RuntimeError)
    assert not isinstance(fine, BaseException)
    assert [done.answer for done in fine] == ["good"]


async def test_nothing_asked_is_nothing_answered() -> None:
    assert await batcher_of(Echo()).run([], ME) == []


async def test_what_is_urgent_goes_before_bulk_that_waits_and_shares_no_batch_with_it() -> None:
    model = Echo()
    batcher = batcher_of(model, max_batch_tokens=20)
    bulk = [Item(f"bulk {number}", 10) for number in range(6)]

    first = asyncio.create_task(batcher.run(bulk, Turn(Priority.BULK, "them")))
    await asyncio.sleep(0)
    await batcher.run([Item("urgent", 10)], ME)
    await first

    assert ["urgent"] in model.batches[:2]
    assert sorted(map(len, model.batches)) == [1, 2, 2, 2]


async def test_callers_of_one_priority_take_turns() -> None:
    model = Echo()
    batcher = batcher_of(model, max_batch_tokens=10)
    many = asyncio.create_task(batcher.run([Item("mine", 10)] * 20, ME))
    await asyncio.sleep(0)

    await batcher.run([Item("yours", 10)], Turn(caller="you"))
    await many

    assert ["yours"] in model.batches[:3]


async def test_the_item_whose_turn_it_is_is_in_the_next_batch_whatever_its_length() -> None:
    model = Echo()
    batcher = batcher_of(model, max_batch_tokens=30)
    items = [Item("short", 1), *(Item("long", 30) for _ in range(2)), Item("shortish", 2)]

    await batcher.run(items, ME)

    assert sorted(model.batches[0]) == ["short", "shortish"]


@dataclass
class Together:
    """Answers once as many passes are under way as there have to be."""

    passes: threading.Barrier
    batches: list[list[str]] = field(default_factory=list)

    def __call__(self, items: Sequence[Item]) -> list[str]:
        self.batches.append([item.name for item in items])
        self.passes.wait(timeout=30)
        return [item.name for item in items]


async def test_several_passes_go_on_at_once_and_share_what_there_is() -> None:
    model = Together(threading.Barrier(3))

    await batcher_of(model, passes=3).run([Item(str(number), 10) for number in range(6)], ME)

    assert sorted(map(len, model.batches)) == [2, 2, 2]


async def test_every_thread_is_made_ready_before_its_first_batch() -> None:
    made_ready: list[int] = []
    model = Together(threading.Barrier(2))

    def ready_model(items: Sequence[Item]) -> list[str]:
        assert threading.get_ident() in made_ready
        return model(items)

    batcher = TokenBatcher[Item, str](
        ready_model, passes=2, max_batch_tokens=100, wait_s=0.05,
        begin_thread=lambda: made_ready.append(threading.get_ident()),
    )  # fmt: skip
    await batcher.run([Item("a", 10), Item("b", 10)], ME)

    assert len(made_ready) == len(set(made_ready)) == 2


async def test_a_pass_that_fails_leaves_its_place_to_the_next() -> None:
    batcher = batcher_of(Echo(fail_on="bad"), passes=2)

    for _ in range(3):
        with pytest.raises(RuntimeError):
            await batcher.run([Item("bad", 10), Item("bad", 10)], ME)

    assert [done.answer for done in await batcher.run([Item("good", 10)], ME)] == ["good"]


async def test_what_is_cancelled_before_its_batch_is_never_read() -> None:
    model = Echo()
    batcher = batcher_of(model)
    left = asyncio.create_task(batcher.run([Item("left", 10)], ME))
    await asyncio.sleep(0)
    left.cancel()

    await batcher.run([Item("stays", 10)], ME)

    assert model.batches == [["stays"]]
