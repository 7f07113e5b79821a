"""Small HTTP servers that stand where the internet would: a package index and a model hub."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


class _Handler(BaseHTTPRequestHandler):
    seen: list[str]

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def answer(self, status: int, body: bytes, send: bytes | None = None, **headers: str) -> None:
        """Announce `body`; send `send` instead where it is given."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body if send is None else send)


@contextmanager
def _serving(handler: type[_Handler]) -> Iterator[tuple[str, list[str]]]:
    handler.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", handler.seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def breaking_index(wheel: Path) -> Iterator[tuple[str, list[str]]]:
    """A package index with one wheel, whose first transfer ends half way. Yields its address and what was asked."""
    package = wheel.name.split("-")[0].replace("_", "-")

    class Index(_Handler):
        def do_GET(self) -> None:
            self.seen.append(self.path)
            if self.path == f"/{package}/":
                self.answer(200, f'<a href="/{wheel.name}">{wheel.name}</a>'.encode(), Content_Type="text/html")
            elif self.path == f"/{wheel.name}":
                body = wheel.read_bytes()
                first = self.seen.count(self.path) == 1
                self.answer(200, body, body[: len(body) // 2] if first else body)
            else:
                self.answer(404, b"")

    with _serving(Index) as address_and_paths:
        yield address_and_paths


@contextmanager
def model_hub(
    repo: str, commit: str, files: Mapping[str, bytes], *, gated: bool = False, damage: str = ""
) -> Iterator[tuple[str, list[str]]]:
    """A hub with one repository. Weights are announced by sha256, as the real one does; `damage` names a file that is
    sent with other bytes."""

    def etag(name: str) -> str:
        algorithm = "sha256" if name.endswith(".safetensors") else "sha1"
        return hashlib.new(algorithm, files[name]).hexdigest()

    class Hub(_Handler):
        def do_GET(self) -> None:
            self.seen.append(self.path)
            path = self.path.split("?")[0]
            name = path.removeprefix(f"/{repo}/resolve/{commit}/")
            if gated:
                self.answer(403, b"{}", X_Error_Code="GatedRepo", X_Error_Message="ask first")
            elif path == f"/api/models/{repo}/tree/{commit}":
                tree = [{"type": "file", "path": n, "size": len(c), "oid": etag(n)} for n, c in files.items()]
                self.answer(200, json.dumps(tree).encode(), Content_Type="application/json")
            elif name in files:
                sent = files[name][::-1] if name == damage else files[name]
                self.answer(200, sent, ETag=f'"{etag(name)}"', X_Repo_Commit=commit)
            else:
                self.answer(404, b"{}", X_Error_Code="RepoNotFound")

        do_HEAD = do_GET

    with _serving(Hub) as address_and_paths:
        yield address_and_paths
