"""`python -m training …`: data, fine-tuning, and the evidence that the models are good."""

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from serve.model_store import ModelStore, ModelStoreError
from training.data.cli import cli as data_cli
from training.data.report import MalformedRecord
from training.extraction.cli import cli as extraction_cli

if TYPE_CHECKING:
    from training.report import Report

HELP = """Train the models that Pubserve ships, and measure them.

\b
Long runs are kept in a directory and go on where they were when started again. Every study writes report.html (open
it), report.md and report.json.

\b
  pubserve train data inspect ../shared/data/abstracts          what is there to train on
  pubserve train classifier ../shared/data/abstracts            the adapter that is shipped
  pubserve train evaluate ../shared/data/abstracts              that adapter against what it has to beat
  pubserve train transfer ../shared/data/abstracts corpus.txt   and on corpora of another kind
  pubserve train cross-validate ../shared/data/abstracts        five runs, every paper predicted once
  pubserve train extraction --help                              the extractor of diseases
"""

cli = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
cli.add_typer(data_cli, name="data")
cli.add_typer(extraction_cli, name="extraction")
console = Console()

Papers = Annotated[Path, typer.Argument(exists=True, metavar="PAPERS", help="Labelled papers, in any format.")]
Config = Annotated[Path, typer.Option(exists=True, help="The configuration to train with.")]
RunsDir = Annotated[Path, typer.Option(help="Where runs are kept.")]
Out = Annotated[Path, typer.Option(help="Folder for the report.")]
Model = Annotated[str, typer.Option(help="A classifier of the model catalogue.")]
Seed = Annotated[int, typer.Option(help="Of the split; the shipped adapter was trained with 17.")]

CONFIGS = Path(__file__).parent / "configs"
CLASSIFIER = CONFIGS / "classifiers" / "minilm.yaml"
STUDY = CONFIGS / "study.yaml"
RUNS = Path("runs/classifier")
REPORTS = Path("reports")
MODEL = "cancer-classifier"
SHIPPED = Path("models") / MODEL
BASES = ("gemma-3-270m", "smollm2-135m-instruct", "all-mpnet-base-v2", "all-minilm-l6-v2")
SIZES = (50, 100, 200, 400)


@cli.command()
def classifier(
    papers: Papers,
    config: Config = CLASSIFIER,
    runs: RunsDir = RUNS,
    adapter: Annotated[Path, typer.Option(help="Where the adapter goes.")] = SHIPPED,
    workers: Annotated[
        int,
        typer.Option(min=1, help="More than one: with Ray Train, on the cluster of RAY_ADDRESS or here."),
    ] = 1,
    gpus: Annotated[bool, typer.Option("--gpus", help="Give every worker a GPU.")] = False,
) -> None:
    """Fine-tune the cancer classifier on the fixed split and put the adapter where the catalogue finds it."""
    from training.config import TrainingConfig
    from training.data import read_labelled
    from training.data.splits import split
    from training.evaluation import measure
    from training.runs import ADAPTER, RESULT_FILE, run

    settings = TrainingConfig.load(config)
    parts = split(read_labelled(papers), seed=settings.seed)
    if workers > 1:
        from training.distributed import run_distributed

        done = run_distributed(settings, parts, runs / "fold-0", workers=workers, use_gpu=gpus)
    else:
        done = run(settings, parts, runs / "fold-0")
    shutil.copytree(runs / "fold-0" / ADAPTER, adapter, dirs_exist_ok=True)
    shutil.copyfile(runs / "fold-0" / RESULT_FILE, adapter / "training.json")
    console.print(measure(done.test))


@cli.command(name="cross-validate")
def cross_validate(
    papers: Papers,
    config: Config = CLASSIFIER,
    runs: RunsDir = RUNS,
    fold: Annotated[
        list[int] | None,
        typer.Option(min=0, max=4, help="Train this fold alone and write no report; folds can train side by side."),
    ] = None,
    out: Out = REPORTS / "cross-validation",
) -> None:
    """Train one model per fold, so that every paper is predicted by a model that never saw it.

    Each fold is calibrated on what the others said of the papers that they held out.
    """
    from training.across_folds import calibrate_across
    from training.baselines import Baseline, KeywordRule, TfidfRegression
    from training.config import TrainingConfig
    from training.data import read_labelled
    from training.data.splits import cross_validation
    from training.evaluation import measure, pooled
    from training.frozen_base import FrozenBase
    from training.reports import cross_validation_report
    from training.studies import baseline_predictions
    from training.studies import cross_validate as train_folds

    settings = TrainingConfig.load(config)
    labelled = read_labelled(papers)
    if fold:
        for run in train_folds(settings, labelled, runs, folds=fold):
            console.print(measure(run.test))
        return
    done = calibrate_across(list(train_folds(settings, labelled, runs)), {paper.id: paper for paper in labelled})
    folds = list(cross_validation(labelled, seed=settings.seed))
    baselines: list[Baseline] = [KeywordRule(), TfidfRegression(), FrozenBase(settings)]
    said = [pooled(baseline.name, [baseline_predictions(baseline, parts) for parts in folds]) for baseline in baselines]
    _write(cross_validation_report(done, said, _circumstances(labelled, "five folds", settings.seed)), out)


@cli.command()
def calibrate(
    papers: Papers,
    config: Config = CLASSIFIER,
    runs: Annotated[Path, typer.Option(help="Where the runs of cross-validate are.")] = RUNS,
    adapter: Annotated[Path, typer.Option(help="The adapter of the first fold.")] = SHIPPED,
) -> None:
    """Calibrate the adapter on what the other folds of cross-validate said of papers they had not seen.

    The adapter is that of the fixed split, which is the first fold; the others are trained here if they were not.
    """
    from training.across_folds import calibrate_across
    from training.config import TrainingConfig
    from training.data import read_labelled
    from training.evaluation import measure
    from training.runs import write_run
    from training.studies import cross_validate as train_folds

    settings = TrainingConfig.load(config)
    labelled = read_labelled(papers)
    [first, *_] = calibrate_across(list(train_folds(settings, labelled, runs)), {paper.id: paper for paper in labelled})
    first.calibration.save(adapter)
    write_run(first, adapter / "training.json")
    console.print(measure(first.test))


@cli.command()
def evaluate(
    papers: Papers,
    seed: Seed = 17,
    config: Config = CLASSIFIER,
    model: Model = MODEL,
    also: Annotated[
        list[str] | None, typer.Option(help="Another classifier of the catalogue to set beside it; several times.")
    ] = None,
    out: Out = REPORTS / "evaluation",
) -> None:
    """Measure a classifier as it is served on the test part, beside the keyword rule, TF-IDF and its untrained base.

    \b
    Examples:
      pubserve evaluate papers/
      pubserve evaluate papers/ --also cancer-classifier-gemma --out reports/both
    """
    from training.baselines import Baseline, KeywordRule, TfidfRegression
    from training.config import TrainingConfig
    from training.data import read_labelled
    from training.data.splits import split
    from training.frozen_base import FrozenBase
    from training.reports import evaluation_report
    from training.shipped import ShippedClassifier
    from training.studies import baseline_predictions

    labelled = read_labelled(papers)
    parts = split(labelled, seed=seed)
    baselines: list[Baseline] = [KeywordRule(), TfidfRegression(), FrozenBase(TrainingConfig.load(config))]
    said = [baseline_predictions(baseline, parts) for baseline in baselines]
    said += [ShippedClassifier(other).predictions(parts["test"], name=other) for other in also or ()]
    shipped = ShippedClassifier(model)
    report = evaluation_report(
        shipped.name,
        shipped.predictions(parts["test"]),
        said,
        {paper.id: paper for paper in parts["test"]},
        shipped.confidences_of_texts,
        _circumstances(labelled, "fixed, test part", seed),
    )
    _write(report, out)


@cli.command()
def robustness(papers: Papers, seed: Seed = 17, model: Model = MODEL, out: Out = REPORTS / "robustness") -> None:
    """Measure a classifier, the keyword rule and TF-IDF on papers that look different, and on near misses."""
    from training.baselines import KeywordRule, TfidfRegression
    from training.data import read_labelled
    from training.data.splits import split
    from training.reports import robustness_report
    from training.robustness import conditions
    from training.shipped import ShippedClassifier, ask_all

    labelled = read_labelled(papers)
    parts = split(labelled, seed=seed)
    ask = ask_all(
        ShippedClassifier(model), [baseline.fit(parts["train"]) for baseline in (KeywordRule(), TfidfRegression())]
    )
    measured = conditions(ask, parts["test"], console=console)
    _write(robustness_report(measured, _circumstances(labelled, "fixed, test part", seed)), out)


@cli.command()
def transfer(
    papers: Papers,
    corpora: Annotated[
        list[Path],
        typer.Argument(
            exists=True, metavar="CORPUS...", help="Papers with annotated diseases, such as PubTator files."
        ),
    ],
    seed: Seed = 17,
    model: Model = MODEL,
    out: Out = REPORTS / "transfer",
) -> None:
    """Measure a classifier on other corpora, whose labels are derived from the diseases that people annotated.

    The baselines learn from PAPERS, as the adapter did. Papers whose diseases do not settle the label are set aside.
    """
    from serve.extractor.vocabulary import CATALOG_ENTRY
    from training.baselines import KeywordRule, TfidfRegression
    from training.data import read_labelled, read_papers
    from training.data.corpora import DiseaseIds, label_corpus
    from training.data.splits import split
    from training.reports import transfer_report
    from training.shipped import ShippedClassifier, ask_all

    labelled = read_labelled(papers)
    train = split(labelled, seed=seed)["train"]
    ask = ask_all(ShippedClassifier(model), [baseline.fit(train) for baseline in (KeywordRule(), TfidfRegression())])
    diseases = DiseaseIds.load(ModelStore().prepare(CATALOG_ENTRY).path)
    measured = {}
    for corpus in corpora:
        kept, set_aside = label_corpus(read_papers(corpus), diseases)
        console.print(f"{corpus.stem}: {len(kept)} papers labelled by their diseases, {set_aside} set aside")
        measured[corpus.stem] = ask(kept)
    _write(transfer_report(measured, _circumstances(labelled, "other corpora, whole", seed)), out)


@cli.command(name="learning-curve")
def learning_curve(
    papers: Papers,
    sizes: Annotated[list[int] | None, typer.Option("--size", help="Training papers; give it several times.")] = None,
    config: Config = CLASSIFIER,
    runs: RunsDir = Path("runs/learning-curve"),
    out: Out = REPORTS / "learning-curve",
) -> None:
    """Train on more and more papers of the fixed split's training part."""
    from training.config import TrainingConfig
    from training.data import read_labelled
    from training.reports import learning_curve_report
    from training.studies import learning_curve as train_sizes

    settings = TrainingConfig.load(config)
    labelled = read_labelled(papers)
    done = list(train_sizes(settings, labelled, sizes or SIZES, runs))
    _write(learning_curve_report(done, _circumstances(labelled, "fixed", settings.seed)), out)


@cli.command()
def compare(
    papers: Papers,
    bases: Annotated[list[str] | None, typer.Option("--base", help="A base; give it several times.")] = None,
    records: Annotated[int, typer.Option(help="Papers per run, four in five to train on.")] = 100,
    price_per_hour: Annotated[
        float, typer.Option(help="What this machine costs, for the cost of a million papers.")
    ] = 0.1,
    config: Config = STUDY,
    runs: RunsDir = Path("runs/bases"),
    out: Out = REPORTS / "bases",
) -> None:
    """Fine-tune several bases under the same hyper-parameters, beside models that need none."""
    from training.config import TrainingConfig
    from training.data import read_labelled
    from training.reports import bases_report
    from training.studies import compare_bases, untrained_models

    settings = TrainingConfig.load(config)
    labelled = read_labelled(papers)
    done = {run.test.model: run for run in compare_bases(settings, bases or BASES, labelled, records, runs)}
    others = untrained_models(settings, labelled, records)
    report = bases_report(
        done, others, price_per_hour, _circumstances(labelled, f"fixed, {records} of the training part", settings.seed)
    )
    _write(report, out)


def _circumstances(papers: Sequence[object], split: str, seed: int) -> dict[str, str]:
    from training.circumstances import circumstances

    return circumstances(data=f"{len(papers)} labelled papers", split=split, seed=seed)


def _write(report: "Report", folder: Path) -> None:
    from training.report import write

    console.print(report.summary)
    _say_where(write(report, folder))


def _say_where(paths: Iterable[Path]) -> None:
    for path in paths:
        console.print(f"  {path}")


def main() -> None:
    """Run a command; what a user can put right is said in one line, with exit status 1."""
    from training.config import InvalidConfig

    # A new head and dropped layers are what is asked for here, and not worth a warning each.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    try:
        cli()
    except (InvalidConfig, MalformedRecord, ModelStoreError) as error:
        Console(stderr=True).print(f"[bold red]Error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
