"""llama.cpp's own server, extracting with the weights that our engine's were made from.

The server is that of llama.cpp, built into `xllamacpp`, which comes as a wheel; it does continuous batching and
remembers prefixes. The weights are the file of the catalogue as published, before the model store converts it.

    python -m loadtest.bench.peers.llama_cpp 8700
"""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from loadtest.bench.closed_loop import Call
from loadtest.bench.measurement import Work
from loadtest.bench.peers import models
from loadtest.bench.peers.peer import OverHttp, Peer, json_call
from pubserve import Paper
from serve.hardware import available_cores
from serve.model_store import ModelStore
from serve.model_store.sources import fetch

TOKENS_PER_SLOT = 1024
"""Room for the instructions, a unit of text and the answer to it."""


def _calls(_: Work, papers: Sequence[Paper]) -> Sequence[Call]:
    """One call per unit of text, as our engine gets them."""
    options = {
        "n_predict": models.settings().extractor.max_output_tokens,
        "temperature": 0.0,
        "json_schema": models.schema(),
        "cache_prompt": True,
    }
    return [
        json_call("/completion", {"prompt": prompt, **options})
        for paper in papers
        for prompt in models.prompts(paper.title or "", paper.abstract or "")
    ]


LLAMA_CPP = Peer(
    name="llama.cpp",
    runs="llama.cpp's server (xllamacpp): SmolLM2-135M in the published 4-bit file, on the prompts and schema of this "
    "service; its answers are not looked up in the text.",
    program=("-m", "loadtest.bench.peers.llama_cpp", "{port}"),
    works=(Work.EXTRACT,),
    drive=OverHttp(_calls),
    ready_path="/health",
    drops_abandoned=True,
)


def weights() -> Path:
    """The published GGUF file, fetched and checked once and kept in the model cache."""
    store = ModelStore()
    name = models.settings().extractor.model
    source = store.catalog.entry(name).source
    assert source is not None
    folder = store.cache_dir / "published" / f"{name}-{store.revision(name)}"
    if not folder.exists():
        partial = folder.with_suffix(".partial")
        fetch(source, store.catalog, partial, print)
        partial.rename(folder)
    [found] = folder.glob("*.gguf")
    return found


def serve(port: int) -> None:
    import xllamacpp  # type: ignore[import-untyped]

    slots = models.settings().extractor.engine["max_num_seqs"]
    params = xllamacpp.CommonParams()
    params.model.path = str(weights())
    params.hostnames, params.port = ["127.0.0.1"], port
    params.n_parallel, params.n_ctx = slots, slots * TOKENS_PER_SLOT
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = available_cores()
    server = xllamacpp.Server(params)  # it serves from threads of its own, as long as it is referred to
    signal.sigwait({signal.SIGINT, signal.SIGTERM})
    del server


if __name__ == "__main__":
    serve(int(sys.argv[1]))
