"""What makes fine-tuning fast on this machine: tokens per second with one thing after another switched on.

    python -m loadtest.training --papers ../shared/data/abstracts

Every way takes optimiser-free training steps (forward and backward) over the same papers. The second pass over the
same batches shows what remembering the frozen layers saves.
"""

import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch.nn.functional import binary_cross_entropy_with_logits

from training.backbone import base_directory, load_backbone, load_tokenizer
from training.batches import Batch, TokenBatches
from training.circumstances import machine
from training.config import TrainingConfig
from training.data import LabelledPaper, read_labelled

CONFIG = Path("training/configs/classifiers/minilm.yaml")


def main(
    papers: Annotated[Path, typer.Option(help="Labelled papers, in any format.")],
    count: Annotated[int, typer.Option(help="Papers to train on, drawn at random with a fixed seed.")] = 24,
    config: Annotated[Path, typer.Option(help="The configuration whose choices are measured.")] = CONFIG,
) -> None:
    """Measure each way of training, from everything switched off to the configuration as it is."""
    chosen = TrainingConfig.load(config)
    drawn = random.Random(17).sample(read_labelled(papers), count)
    whole = chosen.model_copy(
        update={"layers": None, "lora": chosen.lora.model_copy(update={"first_layer": 0, "dropout": 0.05})}
    )
    without_dropout = whole.model_copy(update={"lora": whole.lora.model_copy(update={"dropout": 0.0})})
    shallow = without_dropout.model_copy(update={"layers": chosen.layers})
    ways = {
        "every layer kept and adapted, dropout": whole,
        "no dropout": without_dropout,
        **({f"{chosen.layers} layers kept": shallow} if chosen.layers else {}),
        f"layers from {chosen.lora.first_layer} adapted": chosen,
    }
    table = Table(title=f"{machine()}; {count} papers; {config.name}")
    for column in ("way, each on top of the one before", "first pass, tokens/s", "later passes, tokens/s"):
        table.add_column(column, justify="left" if column.startswith("way") else "right")
    for way, settings in track(ways.items(), "measuring"):
        first, later = measure(settings, drawn)
        table.add_row(way, f"{first:.0f}", f"{later:.0f}")
    Console().print(table)


def measure(config: TrainingConfig, papers: Sequence[LabelledPaper]) -> tuple[float, float]:
    """Tokens per second of the first pass over the papers and of the second, padding not counted."""
    torch.manual_seed(config.seed)
    base_dir = base_directory(config.base)
    tokenizer = load_tokenizer(base_dir)
    batches = TokenBatches(
        papers, tokenizer, config.input, max_tokens=config.max_tokens, batch_tokens=config.batch_tokens
    )
    model = load_backbone(base_dir, config, pad_token_id=tokenizer.pad_token_id).train()
    _step(model, {name: values[:1, :8] for name, values in batches[0].items()})  # the first step also allocates
    rates = []
    for _ in range(2):
        started_s = time.perf_counter()
        for index in range(len(batches)):
            _step(model, batches[index])
        rates.append(batches.tokens / (time.perf_counter() - started_s))
    return rates[0], rates[1]


def _step(model: Any, batch: Batch) -> None:
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    binary_cross_entropy_with_logits(logits.float(), batch["labels"]).backward()
    model.zero_grad()


if __name__ == "__main__":
    typer.run(main)
