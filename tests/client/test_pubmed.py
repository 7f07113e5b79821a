"""Papers by PMID, from a server that answers as NCBI does."""

from collections.abc import Iterator
from typing import Any

import pytest

from pubserve import Paper, PubMed, PubMedUnavailable
from pubserve.pubmed import RETRIES, RateLimit, is_pmid
from tests.client.efetch_server import NO_SUCH_IDS, Answer, Clock, Efetch, efetch, papers


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NCBI_API_KEY", "NCBI_EMAIL", "NCBI_EFETCH_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[Efetch]:
    with efetch("11", "12", "13") as server:
        yield server


def client(server: Efetch, clock: Clock, **options: Any) -> PubMed:
    return PubMed(url=server.url, clock=clock, sleep=clock.sleep, **options)


def paper(pmid: str) -> Paper:
    return Paper(id=pmid, title=f"Title {pmid}.", abstract="Text.")


def test_papers_come_under_their_pmids_and_those_that_do_not_exist_are_not_there(server: Efetch, clock: Clock) -> None:
    with client(server, clock) as pubmed:
        assert pubmed.fetch(["13", "99", "11", "13"]) == {"13": paper("13"), "11": paper("11")}

    assert [request["id"] for request in server.requests] == ["13,99,11"]


def test_ncbi_learns_who_asks(server: Efetch, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NCBI_API_KEY", "key\n")
    with client(server, clock, email="me@example.org") as pubmed:
        pubmed.fetch(["11"])

    assert server.requests == [
        {"db": "pubmed", "retmode": "xml", "tool": "pubserve", "email": "me@example.org", "api_key": "key", "id": "11"}
    ]


def test_many_papers_are_asked_for_by_the_200(clock: Clock) -> None:
    pmids = [str(n) for n in range(1000, 1450)]
    with efetch(*pmids) as server, client(server, clock) as pubmed:
        assert list(pubmed.fetch(pmids)) == pmids

    assert [len(request["id"].split(",")) for request in server.requests] == [200, 200, 50]


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
def test_trouble_that_passes_is_waited_out(server: Efetch, clock: Clock, trouble: Answer) -> None:
    server.first = [trouble, trouble]
    with client(server, clock) as pubmed:
        assert list(pubmed.fetch(["11"])) == ["11"]

    assert len(server.requests) == 3
    assert clock.slept


def test_ncbi_says_how_long_to_wait(server: Efetch, clock: Clock) -> None:
    server.first = [Answer(429, headers={"Retry-After": "17"}), Answer(429, headers={"Retry-After": "9999999"})]
    with client(server, clock) as pubmed:
        pubmed.fetch(["11"])

    assert clock.slept == [17, RETRIES.retry_after_max_s]


def test_trouble_that_stays_is_an_error(server: Efetch, clock: Clock) -> None:
    server.always = Answer(503)
    with (
        client(server, clock) as pubmed,
        pytest.raises(PubMedUnavailable, match=rf"after {RETRIES.attempts} attempts: status 503.*try again later"),
    ):
        pubmed.fetch(["11"])

    assert len(server.requests) == RETRIES.attempts


def test_nobody_there_is_an_error_after_the_same_patience(clock: Clock) -> None:
    with efetch() as server:
        pass
    with client(server, clock) as pubmed, pytest.raises(PubMedUnavailable, match=f"after {RETRIES.attempts} attempts"):
        pubmed.fetch(["11"])


def test_a_refusal_is_not_tried_again_and_the_key_stays_secret(server: Efetch, clock: Clock) -> None:
    server.always = Answer(403)
    with (
        client(server, clock, api_key="secret") as pubmed,
        pytest.raises(PubMedUnavailable, match="status 403") as caught,
    ):
        pubmed.fetch(["11"])

    assert len(server.requests) == 1
    assert "secret" not in str(caught.value)


def test_no_correct_id_at_all_is_no_error(server: Efetch, clock: Clock) -> None:
    server.always = Answer(400, NO_SUCH_IDS)
    with client(server, clock) as pubmed:
        assert pubmed.fetch(["98", "99"]) == {}

    assert len(server.requests) == 1


def test_a_paper_with_nothing_to_read_is_missing(server: Efetch, clock: Clock) -> None:
    server.first = [Answer(200, papers(["11"]).replace(b"Title 11.", b"").replace(b"Text.", b""))]
    with client(server, clock) as pubmed:
        assert pubmed.fetch(["11"]) == {}


@pytest.mark.parametrize(("api_key", "per_second"), [(None, 3), ("key", 10)])
def test_requests_keep_to_the_rate_that_ncbi_allows(api_key: str | None, per_second: int) -> None:
    clock, pmids = Clock(), [str(n) for n in range(1000, 6000)]
    with efetch() as server, client(server, clock, api_key=api_key) as pubmed:
        pubmed.fetch(pmids)

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
def test_what_is_no_pmid_is_never_asked_for(server: Efetch, clock: Clock, text: str) -> None:
    assert not is_pmid(text)
    with client(server, clock) as pubmed:
        assert list(pubmed.fetch(["11", text])) == ["11"]
    assert [request["id"] for request in server.requests] == ["11"]
