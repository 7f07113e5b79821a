"""`python -m training classifier …`: the training commands."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

cli = typer.Typer(help="Train the models that Pubserve ships.", no_args_is_help=True)


@cli.callback()
def _root() -> None:
    """Keeps `classifier` a sub-command while it is the only one."""


@cli.command()
def classifier(
    data: Annotated[Path, typer.Option(help="Folder with Cancer/ and Non-Cancer/, one abstract a file.")],
    base: Annotated[str, typer.Option(help="Base model, by its name in the model catalogue.")] = "gemma-3-270m",
    out: Annotated[Path, typer.Option(help="Where the adapter goes.")] = Path("models/cancer-classifier"),
    epochs: int = 3,
    seed: int = 17,
) -> None:
    """Fine-tune the cancer classifier and write the adapter, its calibration and its metrics.

    Example: python -m training classifier --data ../shared/data/abstracts
    """
    from serve.model_store import ModelStore
    from training.classifier import Trainer, TrainingConfig
    from training.data import read_folder, split

    base_dir = ModelStore().prepare(base).path
    trainer = Trainer(base_dir, TrainingConfig(epochs=epochs, seed=seed))
    metrics = trainer.fit(split(read_folder(data), seed=seed), out)
    Console().print(metrics)


if __name__ == "__main__":
    cli()
