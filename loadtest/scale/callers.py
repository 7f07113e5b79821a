"""Callers of the service, whose papers differ in nothing but their ids."""

import asyncio
import itertools
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from loadtest.scale.ledger import Ledger
from serve.text.document import CHARS_PER_TOKEN

_TITLE = "A paper of which only the length counts."
PAUSE_S = 1.0
"""After a request that was not taken on."""


@dataclass(slots=True)
class Callers:
    """Send requests of `papers` papers with `tokens` tokens each, and keep the ledger of what becomes of them."""

    url: str
    papers: int
    tokens: int
    path: str = "/v1/analyze"
    timeout_s: float = 600.0
    ledger: Ledger = field(default_factory=Ledger)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    async def keep(self, in_flight: int, *, for_s: float) -> None:
        """So many callers, each of which sends its next request when it has the answer; back when all have theirs."""
        ends_s = time.monotonic() + for_s
        async with self._http() as http, asyncio.TaskGroup() as group:
            for _ in range(in_flight):
                group.create_task(self._ask_until(ends_s, http))

    async def arrive(self, moments_s: Sequence[float]) -> None:
        """A request at each moment after the start, answered or not; back when all are answered."""
        began_s = time.monotonic()
        async with self._http() as http, asyncio.TaskGroup() as group:
            for moment_s in moments_s:
                await asyncio.sleep(max(0.0, began_s + moment_s - time.monotonic()))
                group.create_task(self._ask(http))

    def _http(self) -> httpx.AsyncClient:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        return httpx.AsyncClient(base_url=self.url, timeout=self.timeout_s, limits=limits)

    async def _ask_until(self, ends_s: float, http: httpx.AsyncClient) -> None:
        while time.monotonic() < ends_s:
            if not await self._ask(http):
                await asyncio.sleep(PAUSE_S)

    async def _ask(self, http: httpx.AsyncClient) -> bool:
        """One request; whether the service took it on."""
        ids = [f"{next(self._numbers)}" for _ in range(self.papers)]
        text = "x" * (self.tokens * CHARS_PER_TOKEN - len(_TITLE))
        body = json.dumps({"papers": [{"id": paper, "title": _TITLE, "abstract": text} for paper in ids]})
        self.ledger.send(ids)
        sent_s = time.monotonic()
        try:
            answer = await http.post(self.path, content=body, headers={"content-type": "application/json"})
        except httpx.HTTPError as error:
            self.ledger.fail(ids, type(error).__name__)
            return False
        if answer.is_error:
            code = answer.json()["error"]["code"]
            book = self.ledger.refuse if answer.status_code in (429, 503) else self.ledger.fail
            book(ids, code)
            return False
        good = []
        for result in answer.json()["results"]:
            if trouble := result.get("error"):
                self.ledger.fail([result["abstract_id"]], trouble["code"])
            else:
                good.append(result["abstract_id"])
        self.ledger.answer(good, at_s=time.monotonic(), waited_s=time.monotonic() - sent_s)
        return True
