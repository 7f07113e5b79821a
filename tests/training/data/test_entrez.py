"""Papers by PMID, from a server that answers as NCBI does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from training.data import PaperRecord
from training.data.entrez import ATTEMPTS, RETRY_AFTER_MAX_S, Entrez, EntrezError, PaperCache, RateLimit, is_pmid

from .efetch_server import NO_SUCH_IDS, Answer, Efetch, efetch, papers


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


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server() -> Iterator[Efetch]:
    with efetch("11", "12", "13") as server:
        yield server


@pytest.fixture
def cache(tmp_path: Path) -> PaperCache:
    return PaperCache(tmp_path / "cache")


def client(server: Efetch, cache: PaperCache, clock: Clock, **options: Any) -> Entrez:
    return Entrez(cache, url=server.url, clock=clock, sleep=clock.sleep, **options)


def paper(pmid: str) -> PaperRecord:
    return PaperRecord(pmid, f"Title {pmid}.", "Text.")


def test_papers_come_in_the_order_asked_and_those_that_do_not_exist_are_named(
    server: Efetch, cache: PaperCache, clock: Clock
) -> None:
    with client(server, cache, clock) as entrez:
        missing = entrez.fetch(["13", "99", "11", "13"])

        assert missing == ["99"]
        assert list(entrez.papers(["13", "99", "11", "13"])) == [paper("13"), paper("11")]
    assert [request["id"] for request in server.requests] == ["13,99,11"]


def test_ncbi_learns_who_asks(server: Efetch, cache: PaperCache, clock: Clock) -> None:
    with client(server, cache, clock, email="me@example.org", api_key="key") as entrez:
        entrez.fetch(["11"])

    assert server.requests == [
        {"db": "pubmed", "retmode": "xml", "tool": "pubserve", "email": "me@example.org", "api_key": "key", "id": "11"}
    ]


def test_a_second_run_asks_for_what_is_missing_only(server: Efetch, cache: PaperCache, clock: Clock) -> None:
    with client(server, cache, clock) as entrez:
        entrez.fetch(["11", "99"])
    with client(server, cache, clock) as entrez:
        assert entrez.fetch(["12", "11", "99"]) == ["99"]
        entrez.fetch(["11", "12"])

    assert [request["id"] for request in server.requests] == ["11,99", "12,99"]


def test_a_damaged_file_of_the_cache_is_fetched_again(
    server: Efetch, cache: PaperCache, clock: Clock, tmp_path: Path
) -> None:
    with client(server, cache, clock) as entrez:
        entrez.fetch(["11"])
        (tmp_path / "cache" / "11.json").write_bytes(b'{"id": "11", "ti\xff')

        assert entrez.fetch(["11"]) == []
        assert list(entrez.papers(["11"])) == [paper("11")]


def test_the_cache_holds_one_file_a_paper_and_nothing_else(
    server: Efetch, cache: PaperCache, clock: Clock, tmp_path: Path
) -> None:
    with client(server, cache, clock) as entrez:
        entrez.fetch(["11", "12", "99"])

    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == ["11.json", "12.json"]


def test_many_papers_are_asked_for_by_the_200_and_progress_is_told(cache: PaperCache, clock: Clock) -> None:
    pmids = [str(n) for n in range(1000, 1450)]
    told: list[tuple[int, int]] = []
    with efetch(*pmids) as server, client(server, cache, clock) as entrez:
        assert entrez.fetch(pmids, lambda done, total: told.append((done, total))) == []

        assert [len(request["id"].split(",")) for request in server.requests] == [200, 200, 50]
        assert len(list(entrez.papers(pmids))) == 450
    assert told == [(0, 450), (200, 450), (400, 450), (450, 450)]


@pytest.mark.parametrize(
    "trouble",
    [
        Answer(429),
        Answer(500),
        Answer(400, b"<ERROR>error forwarding request: proxy_stream() got 502</ERROR>"),
        Answer(200, papers(["11"])[:-30]),
        Answer(200, b"<html><body>Down for maintenance</body></html>"),
        Answer(200, b"", {"Content-Encoding": "gzip"}),
        Answer(200, b"cut", {"Content-Length": "1000", "Connection": "close"}),
    ],
)
def test_trouble_that_passes_is_waited_out(server: Efetch, cache: PaperCache, clock: Clock, trouble: Answer) -> None:
    server.first = [trouble, trouble]
    with client(server, cache, clock) as entrez:
        assert entrez.fetch(["11"]) == []

    assert len(server.requests) == 3
    assert clock.slept


def test_ncbi_says_how_long_to_wait(server: Efetch, cache: PaperCache, clock: Clock) -> None:
    server.first = [Answer(429, headers={"Retry-After": "17"}), Answer(429, headers={"Retry-After": "9999999"})]
    with client(server, cache, clock) as entrez:
        entrez.fetch(["11"])

    assert clock.slept == [17, RETRY_AFTER_MAX_S]


def test_trouble_that_stays_is_an_error_and_what_came_before_is_kept(
    server: Efetch, cache: PaperCache, clock: Clock
) -> None:
    with client(server, cache, clock) as entrez:
        entrez.fetch(["11"])
        server.always = Answer(503)
        with pytest.raises(EntrezError, match=rf"after {ATTEMPTS} attempts: status 503\. Try again later"):
            entrez.fetch(["11", "12"])

        assert len(server.requests) == 1 + ATTEMPTS
        assert list(entrez.papers(["11", "12"])) == [paper("11")]


def test_nobody_there_is_an_error_after_the_same_patience(cache: PaperCache, clock: Clock) -> None:
    with efetch() as server:
        pass
    with client(server, cache, clock) as entrez, pytest.raises(EntrezError, match=f"after {ATTEMPTS} attempts"):
        entrez.fetch(["11"])


def test_a_refusal_is_not_tried_again_and_the_key_stays_secret(server: Efetch, cache: PaperCache, clock: Clock) -> None:
    server.always = Answer(403)
    with (
        client(server, cache, clock, api_key="secret") as entrez,
        pytest.raises(EntrezError, match="status 403") as caught,
    ):
        entrez.fetch(["11"])

    assert len(server.requests) == 1
    assert "secret" not in str(caught.value)


def test_no_correct_id_at_all_is_no_error(server: Efetch, cache: PaperCache, clock: Clock) -> None:
    server.always = Answer(400, NO_SUCH_IDS)
    with client(server, cache, clock) as entrez:
        assert entrez.fetch(["98", "99"]) == ["98", "99"]

    assert len(server.requests) == 1


def test_a_paper_with_nothing_to_read_is_missing(server: Efetch, cache: PaperCache, clock: Clock) -> None:
    server.first = [Answer(200, papers(["11"]).replace(b"Title 11.", b"").replace(b"Text.", b""))]
    with client(server, cache, clock) as entrez:
        assert entrez.fetch(["11"]) == ["11"]


@pytest.mark.parametrize(("api_key", "per_second"), [(None, 3), ("key", 10)])
def test_requests_keep_to_the_rate_that_ncbi_allows(cache: PaperCache, api_key: str | None, per_second: int) -> None:
    clock, pmids = Clock(), [str(n) for n in range(1000, 6000)]
    with efetch() as server, client(server, cache, clock, api_key=api_key) as entrez:
        entrez.fetch(pmids)

    assert len(server.requests) == 25
    assert clock.now == pytest.approx(24 / per_second)


def test_time_spent_otherwise_counts_towards_the_pause(clock: Clock) -> None:
    rate = RateLimit(2, clock, clock.sleep)

    rate.wait()
    clock.now = 0.4
    rate.wait()
    clock.now = 100
    rate.wait()
    rate.wait()

    assert clock.slept == pytest.approx([0.1, 0.5])


@pytest.mark.parametrize("text", ["", "0", "012", "123456789", "1.5", "-1", "PMID:1", "²", "../1"])
def test_what_is_no_pmid_is_refused_before_anything_is_asked(
    server: Efetch, cache: PaperCache, clock: Clock, text: str
) -> None:
    assert not is_pmid(text)
    with client(server, cache, clock) as entrez, pytest.raises(ValueError, match="not a PMID"):
        entrez.fetch(["11", text])
    assert server.requests == []
