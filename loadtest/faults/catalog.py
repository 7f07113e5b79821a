"""The faults: each harms a running service for as long as its block lasts, and says what it saw."""

import asyncio
import errno
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial

import httpx

from loadtest.faults.clock import TRUE
from loadtest.faults.site import BODY_TIMEOUT_S, HEAD_AWAY_S, TOKENS_PER_S, Layout, Site, processes

Notes = dict[str, str | int]

IDLE_CONNECTIONS = 5_000
CONNECTING_AT_ONCE = 100
CLOCK_JUMPS_S = ("+3600", "-3600", TRUE)
CLOCK_REST_S = 8.0


@dataclass(frozen=True, slots=True)
class Fault:
    """`strike` opens the fault; it lasts `lasts_s` seconds, or until the service is as before if that takes longer.

    More than `patience_s` seconds are not waited for that.
    """

    name: str
    title: str
    strike: Callable[[Site], AbstractAsyncContextManager[Notes]]
    lasts_s: float = 0.0
    patience_s: float = 90.0
    about_chats: bool = False
    needs_disk: bool = False
    layout: Layout = Layout.TWO_NODES


@asynccontextmanager
async def killed(site: Site, *, part: str, every: bool = False) -> AsyncIterator[Notes]:
    yield {"processes killed": site.kill(part, every=every)}


@asynccontextmanager
async def node_lost(site: Site) -> AsyncIterator[Notes]:
    """The machine goes with all that runs on it, and no other takes its place."""
    before = processes()
    [node] = site.cluster.worker_nodes
    await asyncio.to_thread(site.cluster.remove_node, node, allow_graceful=False)
    await asyncio.sleep(0.5)  # the processes of its replicas notice that their node is gone
    after = processes()
    yield {"replicas lost": sum(len(found) - len(after.get(part, [])) for part, found in before.items())}


@asynccontextmanager
async def head_lost(site: Site) -> AsyncIterator[Notes]:
    yield {"processes lost": await asyncio.to_thread(site.lose_head), "seconds without a head": round(HEAD_AWAY_S)}


@asynccontextmanager
async def clock_jumps(site: Site) -> AsyncIterator[Notes]:
    """An hour forward, two hours back, and right again; what the service says the time is goes into the notes."""
    notes: Notes = {}
    jumping = asyncio.create_task(_jump(site, notes))
    yield notes
    await jumping


async def _jump(site: Site, notes: Notes) -> None:
    assert site.clock is not None
    async with httpx.AsyncClient(base_url=site.url, timeout=60) as http:
        for offset_s in CLOCK_JUMPS_S:
            site.clock.write_text(offset_s)
            await asyncio.sleep(CLOCK_REST_S)
            said = parsedate_to_datetime((await http.get("/healthz")).headers["date"])
            off = said - datetime.now(UTC)
            notes[f"its clock at {offset_s} s"] = f"{round(off.total_seconds() / 60)} minutes off"


@asynccontextmanager
async def rolling_update(site: Site) -> AsyncIterator[Notes]:
    """The models get other arguments, and every replica is replaced."""
    before = {process.pid for found in processes().values() for process in found}
    await asyncio.to_thread(site.deploy, tokens_per_s=TOKENS_PER_S + 1)
    replaced = [process for found in processes().values() for process in found if process.pid not in before]
    yield {"processes replaced": len(replaced)}


@asynccontextmanager
async def slow_client(site: Site) -> AsyncIterator[Notes]:
    """Announces a body and sends a byte of it each second."""
    notes: Notes = {}
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    dripping = asyncio.create_task(_drip(writer))
    answering = asyncio.create_task(_status(reader, notes))
    yield notes
    for task in (dripping, answering):
        task.cancel()
    writer.close()


async def _drip(writer: asyncio.StreamWriter) -> None:
    writer.write(
        b"POST /v1/analyze HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n"
    )
    with suppress(OSError):
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(1)


async def _status(reader: asyncio.StreamReader, notes: Notes) -> None:
    """What the slow client is told in the end."""
    began_s = asyncio.get_running_loop().time()
    line = (await reader.readline()).decode().strip()
    notes["it was told"] = line or "nothing: the connection was closed"
    notes["after seconds"] = round(asyncio.get_running_loop().time() - began_s)


@asynccontextmanager
async def idle_connections(site: Site, *, count: int = IDLE_CONNECTIONS) -> AsyncIterator[Notes]:
    """Connections on which nothing is ever sent."""
    places = asyncio.Semaphore(CONNECTING_AT_ONCE)
    opened: list[asyncio.StreamWriter] = []

    async def connect() -> None:
        async with places:
            with suppress(OSError):
                opened.append((await asyncio.open_connection("127.0.0.1", site.port))[1])

    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(connect())
    yield {"connections": len(opened)}
    for writer in opened:
        writer.close()


@asynccontextmanager
async def disk_full(site: Site) -> AsyncIterator[Notes]:
    """No byte more fits into the folder of batches; then there is room again."""
    filler = site.state / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
    notes: Notes = {"a file sent meanwhile": await _upload(site)}
    yield notes
    filler.unlink()
    notes["a file sent afterwards"] = await _upload(site)


async def _upload(site: Site) -> str:
    """Status and code that a file of requests is answered with."""
    line = b'{"custom_id":"1","method":"POST","url":"/v1/analyze","body":{"papers":[]}}\n'
    async with httpx.AsyncClient(base_url=site.url, timeout=60) as http:
        answer = await http.post("/v1/files", data={"purpose": "batch"}, files={"file": ("requests.jsonl", line * 999)})
    return f"{answer.status_code}" if answer.is_success else f"{answer.status_code} {answer.json()['error']['code']}"


FAULTS = (
    Fault("classifier", "SIGKILL of one of two classifier replicas", partial(killed, part="Classifier")),
    Fault("tagger", "SIGKILL of one of two tagger replicas", partial(killed, part="Tagger")),
    Fault("classifiers", "SIGKILL of both classifier replicas at once", partial(killed, part="Classifier", every=True)),
    Fault("engine", "SIGKILL of the only engine replica", partial(killed, part="Engine"), about_chats=True),
    Fault("ingress", "SIGKILL of one of two ingress replicas", partial(killed, part="Ingress")),
    Fault("proxy", "SIGKILL of the only Serve proxy", partial(killed, part="HTTP proxy")),
    Fault("controller", "SIGKILL of the Serve controller", partial(killed, part="Serve controller"), lasts_s=15),
    Fault("slow-client", "A client that sends one byte a second", slow_client, lasts_s=BODY_TIMEOUT_S + 10),
    Fault("idle-connections", f"{IDLE_CONNECTIONS:,} idle connections", idle_connections, lasts_s=15),
    Fault("disk-full", "The disk of files and batches is full", disk_full, lasts_s=10, needs_disk=True),
    Fault("rolling-update", "Rolling update of all replicas", rolling_update),
    Fault("node", "A worker node lost", node_lost),
    Fault(
        "one-proxy",
        "SIGKILL of one of three Serve proxies",
        partial(killed, part="HTTP proxy"),
        layout=Layout.HEAD_APART,
    ),
    Fault("head", "The head lost, its state in Redis", head_lost, layout=Layout.HEAD_APART),
    Fault(
        "engine-core",
        "SIGKILL of vLLM's own process, in the only replica of a real engine",
        partial(killed, part="Engine core"),
        patience_s=900,
        about_chats=True,
        layout=Layout.REAL_ENGINE,
    ),
    Fault(
        "clock",
        "The clock jumps by hours",
        clock_jumps,
        lasts_s=len(CLOCK_JUMPS_S) * CLOCK_REST_S,
        layout=Layout.OWN_CLOCK,
    ),
)
