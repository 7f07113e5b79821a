"""A small HTTP server that answers as NCBI's efetch does, and a clock to wait by for those who ask it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs

POLL_S = 0.01
HEAD = """<?xml version="1.0" ?>
<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN"
 "https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">
"""
NO_SUCH_IDS = b"""<?xml version="1.0" encoding="UTF-8" ?>
<eFetchResult><ERROR>ID list is empty! Possibly it has no correct IDs.</ERROR></eFetchResult>"""


class Clock:
    """Time that passes only while someone sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass(frozen=True)
class Answer:
    """One answer out of the ordinary."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Efetch:
    """Knows the papers of `pmids`; gives the answers of `first` before any of its own, and all of them if `always`."""

    pmids: set[str]
    url: str = ""
    first: list[Answer] = field(default_factory=list)
    always: Answer | None = None
    requests: list[dict[str, str]] = field(default_factory=list)

    def answer(self, form: dict[str, str]) -> Answer:
        self.requests.append(form)
        if self.always:
            return self.always
        return (
            self.first.pop(0)
            if self.first
            else Answer(200, papers([p for p in form["id"].split(",") if p in self.pmids]))
        )


def papers(pmids: list[str]) -> bytes:
    """What efetch answers for these PMIDs: for none of them an empty set, not an error."""
    records = "".join(
        f"""<PubmedArticle><MedlineCitation><PMID Version="1">{pmid}</PMID><Article>
        <ArticleTitle>Title {pmid}.</ArticleTitle><Abstract><AbstractText>Text.</AbstractText></Abstract>
        </Article></MedlineCitation></PubmedArticle>"""
        for pmid in pmids
    )
    return f"{HEAD}<PubmedArticleSet>{records}</PubmedArticleSet>".encode()


@contextmanager
def efetch(*pmids: str) -> Iterator[Efetch]:
    """Serve these papers on a free port of this machine."""
    service = Efetch(set(pmids))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            answer = service.answer({name: values[0] for name, values in parse_qs(body).items()})
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(POLL_S,), daemon=True)
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_port}/efetch.fcgi"
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
