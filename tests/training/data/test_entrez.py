"""Papers by PMID, kept on disk."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pubserve import PubMed, PubMedUnavailable
from tests.client.efetch_server import Answer, Clock, Efetch, efetch
from training.data import PaperRecord
from training.data.entrez import Entrez, PaperCache


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
    return Entrez(cache, PubMed(url=server.url, clock=clock, sleep=clock.sleep, **options))


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


def test_trouble_that_stays_is_an_error_and_what_came_before_is_kept(
    server: Efetch, cache: PaperCache, clock: Clock
) -> None:
    with client(server, cache, clock) as entrez:
        entrez.fetch(["11"])
        server.always = Answer(503)
        with pytest.raises(PubMedUnavailable, match="status 503"):
            entrez.fetch(["11", "12"])

        assert list(entrez.papers(["11", "12"])) == [paper("11")]


@pytest.mark.parametrize("text", ["", "0", "012", "123456789", "1.5", "-1", "PMID:1", "²", "../1"])
def test_what_is_no_pmid_is_refused_before_anything_is_asked(
    server: Efetch, cache: PaperCache, clock: Clock, text: str
) -> None:
    with client(server, cache, clock) as entrez, pytest.raises(ValueError, match="not a PMID"):
        entrez.fetch(["11", text])
    assert server.requests == []
