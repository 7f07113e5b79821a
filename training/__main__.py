"""`python -m training classifier …`: the training commands."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

cli = typer.Typer(help="Train the models that Pubserve ships.", no_args_is_help=True)


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

    trainer = Trainer(base, ModelStore().prepare(base).path, TrainingConfig(epochs=epochs, seed=seed))
    metrics = trainer.fit(split(read_folder(data), seed=seed), out)
    Console().print(metrics)


@cli.command()
def evaluate(
    data: Annotated[Path, typer.Option(help="Folder with Cancer/ and Non-Cancer/, one abstract a file.")],
    url: Annotated[str, typer.Option(help="A running service.")] = "http://127.0.0.1:8000",
    seed: Annotated[int, typer.Option(help="The seed of the split; the shipped adapter was trained with 17.")] = 17,
) -> None:
    """Measure the classifier as a running service serves it, beside the keyword rule, on the test part.

    Example: python -m training evaluate --data ../shared/data/abstracts
    """
    from pubserve import Analysis, Client, Paper
    from training.data import read_folder, split
    from training.metrics import keyword_rule, measure

    test = split(read_folder(data), seed=seed)["test"]
    truth = [paper.label == "Cancer" for paper in test]
    with Client(url, timeout=3600) as client:
        results = client.classify(Paper(id=p.id, title=p.title, abstract=p.abstract) for p in test).results
    served = [result.confidence_scores["Cancer"] for result in results if isinstance(result, Analysis)]
    rule = [float(keyword_rule(paper.text)) for paper in test]
    Console().print({"served": measure(served, truth), "keyword rule": measure(rule, truth)})


if __name__ == "__main__":
    cli()
