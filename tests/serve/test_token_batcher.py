"""Items of many calls share batches within the budget of tokens, and each call gets its own answers."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from serve.token_batcher import TokenBatcher

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("in_a_replica")]


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


def batcher_of(model: Echo, *, max_batch_tokens: int = 100) -> TokenBatcher[Item, str]:
    return TokenBatcher(model, ThreadPoolExecutor(1), max_batch_tokens=max_batch_tokens, wait_s=0.05)


async def test_answers_come_in_the_order_of_the_items() -> None:
    items = [Item(str(number), tokens) for number, tokens in enumerate([50, 3, 40, 7])]

    answered = await batcher_of(Echo()).run(items)

    assert [done.answer for done in answered] == ["0", "1", "2", "3"]


async def test_calls_share_a_batch() -> None:
    model = Echo()
    batcher = batcher_of(model)

    first, second = await asyncio.gather(batcher.run([Item("a", 10)]), batcher.run([Item("b", 10)]))

    assert [done.answer for done in [*first, *second]] == ["a", "b"]
    assert model.batches == [["a", "b"]]


async def test_a_batch_stays_within_its_tokens_padding_included() -> None:
    model = Echo()

    await batcher_of(model, max_batch_tokens=40).run([Item("long", 30), Item("short", 5), Item("shorter", 4)])

    assert sorted(map(len, model.batches)) == [1, 2]
    assert ["long"] in model.batches


async def test_an_item_above_the_limit_goes_alone() -> None:
    model = Echo()

    answered = await batcher_of(model, max_batch_tokens=10).run([Item("huge", 500)])

    assert [done.answer for done in answered] == ["huge"]


async def test_a_batch_is_described_once() -> None:
    answered = await batcher_of(Echo()).run([Item("a", 10), Item("b", 20)])

    [stats] = [done.batch for done in answered if done.batch]
    assert (stats.papers, stats.padded_tokens, stats.padding_share) == (2, 40, 0.25)
    assert all(done.queue_ms >= 0 and done.work_ms >= 0 for done in answered)


async def test_a_failure_of_the_model_reaches_the_calls_of_its_batch_and_no_other() -> None:
    batcher = batcher_of(Echo(fail_on="bad"), max_batch_tokens=10)

    failed, fine = await asyncio.gather(
        batcher.run([Item("bad", 10)]), batcher.run([Item("good", 9)]), return_exceptions=True
    )

    assert isinstance(failed, RuntimeError)
    assert not isinstance(fine, BaseException)
    assert [done.answer for done in fine] == ["good"]


async def test_nothing_asked_is_nothing_answered() -> None:
    assert await batcher_of(Echo()).run([]) == []
