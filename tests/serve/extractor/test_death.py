"""A replica whose engine died: nobody is told the error of a dead engine, and the process ends."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator

import pytest

from serve.extractor import death

pytestmark = pytest.mark.anyio


class Left(BaseException):
    """The process would have ended here; nothing that follows would have run."""


class Engine:
    """Dies when it is told to."""

    is_dead = False

    async def check_health(self) -> None:
        if self.is_dead:
            raise RuntimeError("EngineCore encountered an issue.")

    async def says(self, *words: str, dies_after: int | None = None, raises: bool = False) -> AsyncGenerator[str, None]:
        for number, word in enumerate(words):
            self.is_dead = number == dies_after
            if self.is_dead and raises:
                raise RuntimeError("EngineCore encountered an issue.")
            yield word


@pytest.fixture(autouse=True)
def _leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(status: int) -> None:
        raise Left(status)

    monkeypatch.setattr("os._exit", leave)


async def test_what_a_living_engine_says_is_passed_on() -> None:
    engine = Engine()

    assert [item async for item in death.unless_dead(engine, engine.says("one", "two"))] == ["one", "two"]


async def test_an_error_of_a_living_engine_is_raised_as_it_is() -> None:
    engine = Engine()

    async def fails() -> AsyncGenerator[str, None]:
        raise ValueError("too long")
        yield

    with pytest.raises(ValueError, match="too long"):
        [item async for item in death.unless_dead(engine, fails())]


@pytest.mark.parametrize("raises", [True, False])
async def test_nobody_is_told_that_the_engine_is_dead(raises: bool) -> None:
    engine = Engine()
    items = death.unless_dead(engine, engine.says("one", "error", dies_after=1, raises=raises))

    assert await anext(items) == "one"
    with pytest.raises(Left):
        await anext(items)


async def test_a_death_is_noticed_when_nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(death, "LOOK_EVERY_S", 0.01)
    engine = Engine()
    watching = asyncio.create_task(death.watch(engine))
    await asyncio.sleep(0.05)
    assert not watching.done()

    engine.is_dead = True

    with pytest.raises(Left):
        async with asyncio.timeout(5):
            await watching


ORPHAN = """
import asyncio, multiprocessing, time
from serve.extractor.death import watch

class Engine:
    async def check_health(self):
        raise RuntimeError("dead")

child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,), daemon=False)
child.start()
print(child.pid, flush=True)
asyncio.run(watch(Engine()))
"""


def test_the_process_ends_and_what_is_left_of_the_engine_with_it() -> None:
    # Reads to the end of the output, which the child holds open for as long as it lives.
    done = subprocess.run([sys.executable, "-c", ORPHAN], capture_output=True, text=True, timeout=60)

    assert done.returncode == 1
    assert "engine_died" in done.stdout + done.stderr
