"""Papers, and a server that answers at once and counts."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pubserve import Paper


@dataclass
class CountingServer:
    """Answers `status` and `body` after `delay_s`; knows how many requests it had at once."""

    url: str
    delay_s: float = 0.01
    status: int = 200
    body: bytes = b"{}"
    answered: int = 0
    under_way: int = 0
    most_at_once: int = 0


@pytest.fixture
def server() -> Iterator[CountingServer]:
    counted = CountingServer("")
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            with lock:
                counted.under_way += 1
                counted.most_at_once = max(counted.most_at_once, counted.under_way)
            time.sleep(counted.delay_s)
            with lock:
                counted.under_way -= 1
                counted.answered += 1
            self.send_response(counted.status)
            self.send_header("content-length", str(len(counted.body)))
            self.end_headers()
            self.wfile.write(counted.body)

        def log_message(self, *_: object) -> None:
            pass

    http_server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    counted.url = f"http://127.0.0.1:{http_server.server_port}"
    thread = threading.Thread(target=http_server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield counted
    http_server.shutdown()
    thread.join()
    http_server.server_close()


@pytest.fixture
def papers() -> list[Paper]:
    return [Paper(id=str(n), title=f"Asthma {n}.", abstract="It is common.") for n in range(20)]


@pytest.fixture
def papers_file(tmp_path: Path, papers: list[Paper]) -> Path:
    path = tmp_path / "papers.jsonl"
    path.write_text("".join(paper.model_dump_json() + "\n" for paper in papers), encoding="utf-8")
    return path
