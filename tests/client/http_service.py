"""A service on a real socket that answers as `pubserve.testing.MockTransport` does, in this process or one of its own.

python -m tests.client.http_service PORT SECONDS_A_PAPER
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx

from pubserve.testing import MockTransport

POLL_S = 0.01


class Server(ThreadingHTTPServer):
    """Answers with `transport`; a line of a stream takes `paper_s` seconds."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, transport: MockTransport, port: int = 0, paper_s: float = 0.0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.transport = transport
        self.paper_s = paper_s

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.answer(self.rfile.read(int(self.headers["content-length"])))

    def do_GET(self) -> None:
        self.answer(b"")

    def answer(self, body: bytes) -> None:
        request = httpx.Request(self.command, f"{self.server.url}{self.path}", content=body, headers=dict(self.headers))
        response = self.server.transport.handle_request(request)
        self.send_response(response.status_code)
        for name, value in response.headers.items():
            if name != "content-length":
                self.send_header(name, value)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for line in response.read().splitlines(keepends=True):
            time.sleep(self.server.paper_s)
            self.wfile.write(b"%x\r\n%b\r\n" % (len(line), line))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@contextmanager
def serving(transport: MockTransport | None = None) -> Iterator[Server]:
    """Serve on a free port of this machine for the length of the block."""
    server = Server(transport or MockTransport())
    thread = Thread(target=server.serve_forever, args=(POLL_S,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


if __name__ == "__main__":
    Server(MockTransport(), int(sys.argv[1]), float(sys.argv[2])).serve_forever()
