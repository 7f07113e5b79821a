"""The bare models: a loop in a process, no queue, no service. This is as fast as the models themselves go.

A loop takes some papers at a time, reads them in perfect batches, and goes on until its time is up. It is told so over
HTTP, outside of what is measured.

    python -m loadtest.bench.peers.loops bare-classifier 8700
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from loadtest.bench.measurement import WARM_UP_BUDGETS, Outcome, Work
from loadtest.bench.peers import models
from loadtest.bench.peers.peer import IN_BATCHES, LOOP_PATH, Peer, in_loop, in_parts
from pubserve import Paper
from serve.text.document import Document

Read = Callable[[Sequence[Document]], Any]
"""Reads papers to the end; its answer is thrown away."""


def classifier() -> Read:
    from serve.classifier.model import ClassifierModel, classify
    from serve.model_store import ModelStore

    wanted = models.settings().classifier
    model = ClassifierModel(ModelStore().prepare(wanted.model).path, dtype=wanted.dtype, max_tokens=wanted.max_tokens)
    return partial(classify, model, max_batch_tokens=wanted.max_batch_tokens)


def tagger() -> Read:
    from serve.extractor.disease_names import CATALOG_ENTRY, DiseaseNames
    from serve.extractor.normalisation import Normaliser
    from serve.extractor.support import resolve_tags
    from serve.extractor.tagger import TaggerModel, tag_rows
    from serve.model_store import ModelStore

    wanted = models.tagger_settings()
    model = TaggerModel(ModelStore().prepare(wanted.model).path, dtype=wanted.dtype, max_tokens=wanted.max_tokens)
    normaliser = Normaliser(DiseaseNames.load(ModelStore().prepare(CATALOG_ENTRY).path))

    def read(documents: Sequence[Document]) -> list[Any]:
        tagged = tag_rows(model.predict, model.encode(documents), batch_tokens=wanted.max_batch_tokens)
        return [
            resolve_tags(rows, document, model.support, normaliser)
            for rows, document in zip(tagged, documents, strict=True)
        ]

    return read


def vllm_offline() -> Read:
    from vllm import LLM, SamplingParams
    from vllm.sampling_params import StructuredOutputsParams

    from serve.hardware import resolve_dtype
    from serve.model_store import ModelStore

    wanted = models.settings().extractor
    engine = LLM(
        model=str(ModelStore().prepare(wanted.model).path),
        dtype=resolve_dtype(wanted.dtype),
        structured_outputs_config={"backend": "xgrammar", "disable_any_whitespace": True},
        **wanted.engine,
    )
    sampling = SamplingParams(
        temperature=0.0,
        max_tokens=wanted.max_output_tokens,
        logprobs=0,
        structured_outputs=StructuredOutputsParams(json=models.schema()),
    )

    def read(documents: Sequence[Document]) -> Any:
        asked = [prompt for document in documents for prompt in models.prompts(document.title, document.abstract)]
        return engine.generate(asked, sampling, use_tqdm=False)

    return read


def _loop(name: str, runs: str, work: Work, **env: str) -> Peer:
    return Peer(
        name=name,
        runs=runs,
        program=("-m", "loadtest.bench.peers.loops", name, "{port}"),
        works=(work,),
        drive=in_loop,
        env=env,
        drops_abandoned=True,
        also=[IN_BATCHES],
    )


BARE_CLASSIFIER = _loop(
    "bare-classifier", "The classifier in a loop over perfect batches, in process, on all cores.", Work.CLASSIFY
)
BARE_TAGGER = _loop(
    "bare-tagger",
    "The tagger in a loop over perfect batches, in process, on all cores, up to the same mentions with ids.",
    Work.EXTRACT,
)
VLLM_OFFLINE = _loop(
    "vllm-offline",
    "vLLM's offline `LLM.generate`: SmolLM2-135M on the prompts, schema and engine settings of this service; its "
    "answers are not looked up in the text.",
    Work.EXTRACT,
    **models.settings().extractor.env,
)

LOOPS: dict[str, Callable[[], Read]] = {
    BARE_CLASSIFIER.name: classifier,
    BARE_TAGGER.name: tagger,
    VLLM_OFFLINE.name: vllm_offline,
}


def read_in_groups(read: Read, papers: Sequence[Paper], *, papers_at_once: int, budget_s: float) -> Outcome:
    """Group after group: one, though no longer than `WARM_UP_BUDGETS` times `budget_s`, as a warm-up, and others for
    `budget_s` from then on."""
    groups = list(in_parts(papers, papers_at_once))
    answers: list[tuple[float, float, int]] = []
    warm_up_s = WARM_UP_BUDGETS * budget_s
    started_s = now_s = time.perf_counter()
    while not answers or now_s - started_s < warm_up_s + budget_s:
        group = groups[len(answers) % len(groups)]
        began_s = now_s
        read([Document(paper.title or "", paper.abstract or "") for paper in group])
        now_s = time.perf_counter()
        answers.append((now_s - started_s, now_s - began_s, len(group)))
        warm_up_s = min(warm_up_s, now_s - started_s)
    return Outcome.of(answers, lasted_s=now_s - started_s, warm_up_s=warm_up_s)


def handler(read: Read) -> type[BaseHTTPRequestHandler]:
    """Runs the loop whenever it is told to."""

    class Orders(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({"status": "ok"})

        def do_POST(self) -> None:
            assert self.path == LOOP_PATH
            order = json.loads(self.rfile.read(int(self.headers["content-length"])))
            papers = [Paper(**paper) for paper in order.pop("papers")]
            self._answer(read_in_groups(read, papers, **order).model_dump())

        def _answer(self, content: Any) -> None:
            body = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Orders


if __name__ == "__main__":
    name, port = sys.argv[1:]
    HTTPServer(("127.0.0.1", int(port)), handler(LOOPS[name]())).serve_forever()
