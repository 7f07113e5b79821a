"""Papers per second of the classifier alone, one way of running it beside another, against what the machine can do.

    python -m loadtest.classifier --papers ../shared/data/abstracts

The ceiling is the machine's own rate of matrix multiplication, in float32 and in the shapes of this model, over the
multiplications that one paper needs. All ways read the same papers, in turn, several times; the best time counts.
Runtimes beside torch are measured where they are installed; --help says how.
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from loadtest import runtimes
from serve.batching import Plan, padding_share, plan_batches, predict_in_batches
from serve.classifier.input import EncodedText
from serve.classifier.model import ClassifierModel
from serve.model_store import ModelStore
from training.circumstances import machine
from training.data import read_folder

MAX_TOKENS = 1024

HELP = f"""Measure each way of running the classifier, and the ceiling of the machine.

OpenVINO and ONNX Runtime are measured where they are installed, and left out where they are not:

\b
  {runtimes.INSTALL}
"""

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
err = Console(stderr=True)


def in_order(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Eight rows at a time, as they come: what a plain server does."""
    yield from (list(range(start, min(start + 8, len(lengths)))) for start in range(0, len(lengths), 8))


def by_tokens(lengths: Sequence[int]) -> Iterable[list[int]]:
    """As the service does: similar lengths together, sized by tokens."""
    return plan_batches(lengths, max_batch_tokens=2048)


def as_served(model: Any) -> Any:
    return model


def eager_attention(model: Any) -> Any:
    model.set_attn_implementation("eager")
    return model


def bfloat16(model: Any) -> Any:
    return model.to(torch.bfloat16)


def compiled(model: Any) -> Any:
    """Elementwise work fused; needs a C++ compiler."""
    return torch.compile(model, dynamic=True)


def int8(model: Any) -> Any:
    """Weights in 8 bits, activations quantised as they come."""
    return torch.ao.quantization.quantize_dynamic(model, {torch.nn.Linear}, dtype=torch.qint8)


@dataclass(frozen=True, slots=True)
class Way:
    """How papers are put into batches, what is done to the network, and the modules that this needs beside torch."""

    plan: Plan
    change: Callable[[Any], Any]
    needs: Sequence[str] = ()


REFERENCE = "float32, batches by tokens"

WAYS = {
    "float32, eight as they come": Way(in_order, as_served),
    REFERENCE: Way(by_tokens, as_served),
    "the same, eager attention": Way(by_tokens, eager_attention),
    "the same, bfloat16": Way(by_tokens, bfloat16),
    "the same, int8 weights": Way(by_tokens, int8),
    "the same, compiled": Way(by_tokens, compiled),
    "the same, OpenVINO": Way(by_tokens, runtimes.openvino, runtimes.OPENVINO),
    "the same, ONNX Runtime": Way(by_tokens, runtimes.onnx_runtime, runtimes.ONNX_RUNTIME),
    "the same, ONNX Runtime, int8": Way(by_tokens, runtimes.onnx_runtime_int8, runtimes.ONNX_RUNTIME),
}


@dataclass(slots=True)
class Measured:
    """What one way gave: its best time, the share of its batches that was padding, and what it said of the papers."""

    seconds: float = float("inf")
    padding: float = 0.0
    confidences: list[float] = field(default_factory=list)
    """Of Cancer."""
    scores: list[float] = field(default_factory=list)
    """Raw, of every row and category."""


def possible(ways: Mapping[str, Way]) -> tuple[dict[str, Way], dict[str, list[str]]]:
    """The ways that can be taken here; and for each of the others, the modules that it lacks."""
    lacking = {name: runtimes.missing(way.needs) for name, way in ways.items()}
    return (
        {name: way for name, way in ways.items() if not lacking[name]},
        {name: modules for name, modules in lacking.items() if modules},
    )


@app.command(help=HELP)
def main(
    papers: Annotated[Path, typer.Option(help="Folder with Cancer/ and Non-Cancer/, one abstract a file.")],
    count: Annotated[int, typer.Option(help="Papers to read, drawn at random with a fixed seed.")] = 48,
    rounds: Annotated[int, typer.Option(help="Times that each way reads them.")] = 3,
    model: Annotated[str, typer.Option(help="A classifier of the model catalogue.")] = "cancer-classifier",
) -> None:
    path = ModelStore().prepare(model).path
    drawn = random.Random(17).sample(read_folder(papers), count)
    ways, lacking = possible(WAYS)
    for name, modules in lacking.items():
        err.print(f"Left out: {name}. Not installed: {', '.join(modules)}; {runtimes.INSTALL}", soft_wrap=True)
    measured = {name: Measured() for name in ways}
    tokens_per_paper = flops_per_paper = 0.0
    for name in track([name for _ in range(rounds) for name in ways], "measuring", console=err):
        classifier = ClassifierModel(path, dtype="float32", max_tokens=MAX_TOKENS)
        texts = classifier.encode(drawn)
        tokens_per_paper = sum(len(row.ids) for text in texts for row in classifier.rows(text)) / count
        flops_per_paper = tokens_per_paper * flops_per_token(classifier.network)
        shape = classifier.network.config.get_text_config()
        classifier.network = ways[name].change(classifier.network)
        read(classifier, texts, ways[name].plan, measured[name])
    ceiling = gemm_flops_per_s(hidden=shape.hidden_size, width=shape.intermediate_size) / flops_per_paper
    show(measured, count=count, tokens_per_paper=tokens_per_paper, ceiling=ceiling)


def read(classifier: ClassifierModel, texts: Sequence[EncodedText], plan: Plan, into: Measured) -> None:
    """One timed pass over all papers, tokenisation left out, and what is done once only."""
    rows_of_texts = [classifier.rows(text) for text in texts]
    rows = [row for of_text in rows_of_texts for row in of_text]
    classifier.predict(rows[:2])
    started_s = time.perf_counter()
    scores = predict_in_batches(classifier.predict, rows_of_texts, plan)
    into.seconds = min(into.seconds, time.perf_counter() - started_s)
    lengths = [[len(rows[i].ids) for i in batch] for batch in plan([len(row.ids) for row in rows])]
    padded = [len(batch) * max(batch) for batch in lengths]
    into.padding = sum(padding_share(batch) * size for batch, size in zip(lengths, padded, strict=True)) / sum(padded)
    into.scores = [score for of_text in scores for of_row in of_text for score in of_row]
    into.confidences = [
        classifier.decide(text, of_text, said).confidences["Cancer"]
        for text, of_text, said in zip(texts, rows_of_texts, scores, strict=True)
    ]


def flops_per_token(network: torch.nn.Module) -> float:
    """Multiplications and additions of every linear map but the head, which reads a text once."""
    categories = network.config.num_labels
    linear = [m for m in network.modules() if isinstance(m, torch.nn.Linear) and m.out_features != categories]
    return 2.0 * sum(m.weight.numel() for m in linear)


def gemm_flops_per_s(*, hidden: int, width: int, tokens: int = 2048, repeats: int = 20) -> float:
    """The best rate of a float32 product of (tokens, hidden) and (hidden, width)."""
    left, right = torch.randn(tokens, hidden), torch.randn(hidden, width)
    best_s = float("inf")
    for _ in range(repeats):
        started_s = time.perf_counter()
        left @ right
        best_s = min(best_s, time.perf_counter() - started_s)
    return 2.0 * tokens * hidden * width / best_s


def show(measured: dict[str, Measured], *, count: int, tokens_per_paper: float, ceiling: float) -> None:
    reference = measured[REFERENCE]
    table = Table(
        title=f"{machine()}; {count} papers, {tokens_per_paper:.0f} tokens each; ceiling {ceiling:.2f} papers/s",
        caption=f"Differences are from {REFERENCE!r}: in the confidence of Cancer, and in any raw score.",
    )
    for column in ("way", "papers/s", "of the ceiling", "padding", "largest difference", "in a raw score"):
        table.add_column(column, justify="left" if column == "way" else "right")
    for way, result in measured.items():
        rate = count / result.seconds
        off, raw_off = (
            max(abs(a - b) for a, b in zip(said, expected, strict=True))
            for said, expected in (
                (result.confidences, reference.confidences),
                (result.scores, reference.scores),
            )
        )
        table.add_row(
            way, f"{rate:.2f}", f"{rate / ceiling:.0%}", f"{result.padding:.1%}", f"{off:.4f}", f"{raw_off:.4f}"
        )
    Console().print(table)


if __name__ == "__main__":
    app()
