"""Load in a closed loop, from the clients that callers use: ours for papers, OpenAI's for chats."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import openai

from loadtest.faults.wire import Wire, kind_of
from loadtest.scale.ledger import Ledger
from pubserve import AsyncClient, Batching, Failure, Paper, Result
from pubserve.errors import Overloaded, PubserveError, RateLimited

PAPER_CHARS = 400
BATCHING = Batching(max_papers=16, concurrency=3)
CALLERS = 8
PAPERS_PER_CALL = 2
CHAT_CALLERS = 2
CHAT_TOKENS = 16
CHAT_PAUSE_S = 0.2
"""Simulated engines answer at once: without a pause, chats would be all that the machine does."""


class Load:
    """One caller with a list that has no end, some who ask about two papers at a time, and two who chat, one of them
    in streams.

    Retries are the clients' own, as they are by default. `papers` and `chats` keep what became of each.
    """

    def __init__(self, url: str, *, chat_model: str) -> None:
        self.papers = Ledger()
        self.chats = Ledger()
        self.wire: Counter[str] = Counter()
        """What came back to single attempts."""
        self._url = url
        self._chat_model = chat_model
        self._stopped = False
        self._numbers = itertools.count()
        self._sent_s: dict[str, float] = {}

    def stop(self) -> None:
        """Send nothing new; `run` is over when all that was sent has come to its end."""
        self._stopped = True

    async def run(self) -> None:
        async with AsyncClient(self._url, transport=Wire(self.wire)) as client, asyncio.TaskGroup() as callers:
            callers.create_task(self._read_a_list(client))
            for _ in range(CALLERS):
                callers.create_task(self._ask(client))
            for caller in range(CHAT_CALLERS):
                callers.create_task(self._chat(stream=caller % 2 == 1))

    async def _read_a_list(self, client: AsyncClient) -> None:
        open_ids: set[str] = set()

        def papers() -> Iterator[Paper]:
            while not self._stopped:
                paper = self._paper()
                open_ids.add(paper.id)
                yield paper

        try:
            async with aclosing(client.analyze_many(papers(), ordered=False, batching=BATCHING)) as results:
                async for result in results:
                    open_ids.discard(result.abstract_id)
                    self._came_back(result)
        except PubserveError as error:
            self._went_wrong(self.papers, open_ids, error)

    async def _ask(self, client: AsyncClient) -> None:
        while not self._stopped:
            papers = [self._paper() for _ in range(PAPERS_PER_CALL)]
            try:
                answer = await client.analyze(papers)
            except PubserveError as error:
                self._went_wrong(self.papers, {paper.id for paper in papers}, error)
            else:
                for result in answer.results:
                    self._came_back(result)

    async def _chat(self, *, stream: bool) -> None:
        http = openai.DefaultAsyncHttpxClient(event_hooks={"response": [self._count]})
        async with openai.AsyncOpenAI(base_url=f"{self._url}/v1", api_key="none", http_client=http) as client:
            while not self._stopped:
                name, sent_s = self._name(), time.monotonic()
                self.chats.send([name])
                try:
                    await self._ask_engine(client, stream=stream)
                except openai.OpenAIError as error:
                    self._went_wrong(self.chats, {name}, error)
                else:
                    now_s = time.monotonic()
                    self.chats.answer([name], at_s=now_s, waited_s=now_s - sent_s)
                await asyncio.sleep(CHAT_PAUSE_S)

    async def _ask_engine(self, client: openai.AsyncOpenAI, *, stream: bool) -> None:
        asked: Any = {
            "model": self._chat_model,
            "messages": [{"role": "user", "content": "Is asthma a disease?"}],
            "max_tokens": CHAT_TOKENS,
        }
        if not stream:
            await client.chat.completions.create(**asked)
            return
        async for _ in await client.chat.completions.create(**asked, stream=True):
            pass  # an error in a stream is raised

    async def _count(self, response: Any) -> None:
        """OpenAI's client has an httpx of its own: what it got no answer to is not seen here."""
        self.wire[kind_of(response.status_code, response.headers)] += 1

    def _paper(self) -> Paper:
        name = self._name()
        self._sent_s[name] = time.monotonic()
        self.papers.send([name])
        return Paper(id=name, title="Asthma in children.", abstract="x" * PAPER_CHARS)

    def _name(self) -> str:
        return f"{next(self._numbers)}"

    def _came_back(self, result: Result) -> None:
        if isinstance(result, Failure):
            self.papers.fail([result.abstract_id], result.error.code or result.error.type)
            return
        now_s = time.monotonic()
        self.papers.answer([result.abstract_id], at_s=now_s, waited_s=now_s - self._sent_s[result.abstract_id])

    @staticmethod
    def _went_wrong(ledger: Ledger, ids: set[str], error: Exception) -> None:
        """A call that its client gave up on: refused to the last, or failed."""
        refused = isinstance(error, RateLimited | Overloaded) or getattr(error, "status_code", None) in (429, 503)
        (ledger.refuse if refused else ledger.fail)(ids, type(error).__name__)
