"""The peers: what they are asked fits what they read, and the parts of them that need no weights."""

import asyncio
import json
import threading
from collections.abc import Sequence
from http.server import HTTPServer
from importlib.util import find_spec
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from loadtest.bench.measurement import Load, Work
from loadtest.bench.peers import echo, fastapi_pipelines, loops, models
from loadtest.bench.peers.llama_cpp import LLAMA_CPP
from loadtest.bench.peers.peer import OverHttp, Peer, in_loop, in_parts
from loadtest.bench.peers.pubserve import papers_call, stream_call
from loadtest.bench.registry import ECHOES, PEERS
from loadtest.processes import free_port
from pubserve import Paper
from pubserve.contract import AnalyzeRequest, AnalyzeResponse
from serve.text.document import Document


@pytest.mark.parametrize("peer", PEERS.values(), ids=lambda peer: peer.name)
def test_every_peer_says_what_it_runs_and_has_a_program(peer: Peer) -> None:
    assert peer.runs.endswith(".")
    assert peer.works
    module = next(part.partition(":")[0] for part in peer.program if part.startswith(("loadtest.", "serve.")))
    assert find_spec(module)
    assert str(8700) in " ".join(peer.command(8700))


def test_the_echo_answers_in_the_shape_of_the_service(papers: list[Paper]) -> None:
    [call] = papers_call(Work.ANALYZE, papers[:3])
    answer = TestClient(echo.app).post(call.path, json=json.loads(call.body))
    results = AnalyzeResponse.model_validate(answer.json()).results
    assert [result.abstract_id for result in results] == ["0", "1", "2"]


def test_echoes_are_put_under_the_same_loads() -> None:
    assert len({tuple(peer.loads or ()) for peer in ECHOES.values()}) == 1


@pytest.mark.parametrize("call", [papers_call(Work.ANALYZE, [Paper(id="1", title="Asthma.")])[0],
                                  stream_call([Paper(id="1", title="Asthma.")])])  # fmt: skip
def test_the_service_is_asked_as_its_contract_says(call: Any) -> None:
    assert AnalyzeRequest.model_validate_json(call.body).papers == [Paper(id="1", title="Asthma.")]


def test_llama_cpp_is_asked_unit_by_unit_as_the_engine_is() -> None:
    assert isinstance(LLAMA_CPP.drive, OverHttp)
    long = Paper(id="1", title="Asthma.", abstract="Children had asthma. " * 60)
    bodies = [json.loads(call.body) for call in LLAMA_CPP.drive.calls(Work.EXTRACT, [long])]
    assert [body["prompt"] for body in bodies] == models.prompts("Asthma.", long.abstract or "")
    assert len(bodies) > 2
    assert all(body["json_schema"]["type"] == "array" for body in bodies)


@given(st.integers(1, 50), st.integers(1, 60))
def test_parts_are_whole_unless_there_is_less_than_one(papers: int, size: int) -> None:
    every = [Paper(id=str(n), title="A title") for n in range(papers)]
    parts = list(in_parts(every, size))
    assert [paper for part in parts for paper in part] == every[: max(papers // size * size, min(papers, size))]
    assert len({len(part) for part in parts}) == 1


class Length:
    """Stands for both pipelines: says of each text how long it is."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def __call__(self, texts: Sequence[str]) -> list[fastapi_pipelines.Analyzed]:
        self.batches.append(len(texts))
        return [
            fastapi_pipelines.Analyzed(confidence_scores={text: len(text)}, extracted_diseases=[]) for text in texts
        ]


def test_words_that_go_on_with_a_name_are_part_of_it() -> None:
    tagged = [("B", "lung"), ("I", "cancer"), ("B", "asthma")]
    entities = [{"entity_group": tag, "word": word} for tag, word in tagged]
    assert fastapi_pipelines.names(entities) == ["lung cancer", "asthma"]


def test_batching_by_hand_gives_every_caller_its_own_answer() -> None:
    pipelines = Length()

    async def ask() -> list[fastapi_pipelines.Analyzed]:
        batcher = fastapi_pipelines.Batcher(pipelines)
        worker = asyncio.create_task(batcher.work())
        try:
            return await asyncio.gather(*(batcher.read("a" * n) for n in range(1, 51)))
        finally:
            worker.cancel()

    answers = asyncio.run(ask())
    assert [answer.confidence_scores for answer in answers] == [{"a" * n: n} for n in range(1, 51)]
    assert sum(pipelines.batches) == 50
    assert max(pipelines.batches) == fastapi_pipelines.MAX_BATCH


def test_a_batch_that_fails_fails_its_callers_and_no_others() -> None:
    def broken(texts: Sequence[str]) -> list[fastapi_pipelines.Analyzed]:
        if "bad" in texts:
            raise RuntimeError("no such word")
        return [fastapi_pipelines.Analyzed(confidence_scores={}, extracted_diseases=[]) for _ in texts]

    async def ask() -> None:
        batcher = fastapi_pipelines.Batcher(broken)
        worker = asyncio.create_task(batcher.work())
        try:
            with pytest.raises(RuntimeError, match="no such word"):
                await batcher.read("bad")
            await batcher.read("good")
        finally:
            worker.cancel()

    asyncio.run(ask())


def test_a_loop_reads_whole_groups_until_its_time_is_up(papers: list[Paper]) -> None:
    groups: list[list[Document]] = []
    outcome = loops.read_in_groups(
        lambda documents: groups.append(list(documents)), papers, papers_at_once=8, budget_s=0.01
    )
    assert {len(group) for group in groups} == {8}
    assert outcome.papers == 8 * len(groups)


def test_a_loop_reads_its_first_group_however_long_it_takes(papers: list[Paper]) -> None:
    assert loops.read_in_groups(lambda _: None, papers, papers_at_once=8, budget_s=1e-9).papers == 8


def test_a_loop_is_told_over_http_what_to_read(papers: list[Paper]) -> None:
    titles: set[str] = set()
    port = free_port()
    server = HTTPServer(("127.0.0.1", port), loops.handler(lambda documents: titles.update(d.title for d in documents)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        outcome = in_loop(f"http://127.0.0.1:{port}", Work.EXTRACT, papers, Load(concurrency=5), 0.01)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert outcome.papers % 5 == 0
    assert titles <= {paper.title for paper in papers}
