"""A language model behind OpenAI's protocol, on a real socket, whose answers follow rules instead of weights.

It stands for a large model, which cannot run where the tests do: `answer` gets the schema that was asked for and what
was given of the papers, and makes the content of the reply.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from serve.agent.adjudication import KNOWN

POLL_S = 0.01

Given = dict[str, Any]
Rule = Callable[[str, Given], Any]
"""From the name of the schema and what was given to the answer."""


def first_sentence(text: str) -> str:
    return text.split(". ")[0].rstrip(".")


def verdict(paper: Given) -> dict[str, str]:
    """About cancer if the title says so, or the first sentence."""
    quote = first_sentence(paper["abstract"]) or paper["title"]
    said = f"{paper['title']} {quote}".lower()
    return {"quote": quote, "label": "Cancer" if "cancer" in said else "Non-Cancer"}


def claim(text: str, **quotes: str) -> Given:
    """One claim, and what it quotes of which paper."""
    return {"evidence": [{"paper": paper, "quote": quote} for paper, quote in quotes.items()], "text": text}


def able(schema: str, given: Given) -> Any:
    """What a model says that can quote: a verdict, or one claim a paper."""
    if schema == "Verdict":
        return verdict(given)
    quotes = {name: first_sentence(paper["abstract"]) for name, paper in given["papers"].items() if paper["abstract"]}
    return {"claims": [claim(f"It is said: {quote}", **{name: quote}) for name, quote in quotes.items()][:6]}


def completion(message: Given, finish_reason: str = "stop") -> Given:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish_reason}
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    head = {"id": "1", "object": "chat.completion", "created": 0, "model": "m"}
    return {**head, "choices": [choice], "usage": usage}


@dataclass
class Llm:
    """The model and what it was asked."""

    answer: Rule = able
    url: str = ""
    status: int = 200
    asked: list[tuple[str, Given]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def reply(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if "tools" in body:
            return 200, completion(self.answer("tools", body))
        schema = body["response_format"]["json_schema"]["name"]
        given = json.loads(body["messages"][-1]["content"])
        with self.lock:
            self.asked.append((schema, given))
            self.bodies.append(body)
        if self.status != 200:
            return self.status, {"error": {"message": "made up for a test", "type": "server_error"}}
        content = self.answer(schema, given)
        content = content if isinstance(content, str) else json.dumps(content)
        return 200, completion({"content": content}, "length" if content.endswith("…") else "stop")

    def verdicts_on(self) -> list[str]:
        """Titles of the papers that were read again, those with known answers left out."""
        known = {paper.title for paper, _ in KNOWN}
        return [given["title"] for name, given in self.asked if name == "Verdict" and given["title"] not in known]


@contextmanager
def serving(llm: Llm | None = None) -> Iterator[Llm]:
    """Serve on a free port of this machine for the length of the block."""
    model = llm or Llm()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, answer = model.reply(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(POLL_S,), daemon=True)
    thread.start()
    model.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
