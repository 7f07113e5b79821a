"""The commands about generators: `python -m training extraction train-generator` and `forms`."""

import random
import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from training.extraction.options import CONFIGS, CORPORA, Config, Corpora, Data

GENERATOR = Path("models/disease-generator")

console = Console()


def train_generator(
    data: Data,
    corpora: Corpora = CORPORA,
    config: Config = CONFIGS / "generators" / "smollm2.yaml",
    runs: Annotated[Path, typer.Option(help="Folder of this run; another configuration needs another.")] = Path(
        "runs/generator"
    ),
    adapter: Annotated[Path, typer.Option(help="Where the adapter goes.")] = GENERATOR,
) -> None:
    """Fine-tune a language model to write the names of diseases, in the prompt and the form that serving uses.

    \b
    A text is asked about with the configuration's instructions and no examples, and the answer is a JSON array, as
    the engine's schema has it. The adapter goes into --adapter with the prompt it needs, prompt.json, and the record
    of the training, training.json. A run that was stopped goes on from its last evaluation.

    \b
      pubserve train extraction train-generator ../shared/data --config training/configs/generators/gemma.yaml \\
        --runs runs/generator-gemma --adapter runs/generator-gemma/shipped

    \b
    To serve it, give the catalogue an entry of `task: causal-lm` with its `base` and `adapter`, and name it:
      PUBSERVE_EXTRACTOR__BACKEND=generator PUBSERVE_EXTRACTOR__MODEL=disease-generator pubserve serve
    """
    from training.config import GeneratorConfig
    from training.extraction.generator.runs import run
    from training.extraction.runs import read_parts
    from training.runs import ADAPTER as EXPORTED
    from training.runs import RESULT_FILE

    settings = GeneratorConfig.load(config)
    done = run(settings, read_parts(corpora, data, seed=settings.seed), runs)
    shutil.copytree(runs / EXPORTED, adapter, dirs_exist_ok=True)
    shutil.copyfile(runs / RESULT_FILE, adapter / "training.json")
    for record in done.history:
        console.print(
            f"epoch {record['epoch']:.2f}: loss {record['dev_loss']:.3f}, "
            f"{record['exact']:.1%} of the development answers to the letter"
        )
    console.print(f"{done.tokens} tokens an epoch, {done.seconds / 60:.0f} minutes; the adapter is in {adapter}")


def forms(
    data: Data,
    corpora: Corpora = CORPORA,
    config: Config = CONFIGS / "generators" / "smollm2.yaml",
    unit_chars: Annotated[
        list[int] | None, typer.Option(help="Characters of text that one answer is about. Default: 400, 1,200, all.")
    ] = None,
    papers: Annotated[int, typer.Option(help="Papers to count in, drawn at random from those to train on.")] = 200,
) -> None:
    """Count what each form of an answer costs: tokens to read and to write a paper, if all answers are right."""
    from serve.extractor.prompt import prefix_of
    from training.backbone import base_directory, load_tokenizer
    from training.config import GeneratorConfig
    from training.extraction.generator.forms import WHOLE, costs
    from training.extraction.runs import read_parts

    settings = GeneratorConfig.load(config)
    found = read_parts(corpora, data, seed=settings.seed).train
    drawn = random.Random(settings.seed).sample(found, min(papers, len(found)))
    tokenizer = load_tokenizer(base_directory(settings.base))
    table = Table("form", "unit", "prompts", "read", "written")
    for cost in costs(
        drawn, tokenizer, prefix_of((), settings.instructions), unit_chars=unit_chars or (400, 1200, WHOLE)
    ):
        unit = "all" if cost.max_unit_chars == WHOLE else f"{cost.max_unit_chars:,}"
        table.add_row(cost.form, unit, f"{cost.prompts:.1f}", f"{cost.read:.0f}", f"{cost.written:.1f}")
    console.print(table)
    console.print(
        f"Mean of {len(drawn)} papers, in tokens of {settings.base} without the instructions; units in characters."
    )
