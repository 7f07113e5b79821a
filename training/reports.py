"""The reports on the classifier, put together from runs and predictions."""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from training.data import LabelledPaper
from training.evaluation import Metrics, Predictions, Running, measure, pooled
from training.evaluation.metrics import accuracy
from training.report import KeyFigure, KeyFigures, Prose, Report, Section, Table
from training.report.content import Cell
from training.report.figures import LearningPoint, epoch_curves, learning_curve, robustness_plot, roc_curves
from training.report.sections import (
    choice_section,
    comparison_section,
    decisions_table,
    errors_section,
    probabilities_table,
    quality_section,
)
from training.runs import Run
from training.studies import Measured

FINE_TUNED = "fine-tuned"


def cross_validation_report(
    runs: Sequence[Run], baselines: Sequence[Predictions], circumstances: dict[str, str]
) -> Report:
    """Every paper predicted by the run that did not see it; baselines likewise, on the same folds."""
    fine_tuned = pooled(FINE_TUNED, [run.test for run in runs])
    figures = measure(fine_tuned)
    source = _source(fine_tuned, f"{len(runs)} folds", circumstances)
    return Report(
        title="The classifier, cross-validated",
        summary=f"{_headline(figures)} Mean of the folds: {_mean_of_folds(runs)}.",
        circumstances=circumstances,
        sections=[
            Section("At a glance", [_key_figures(figures), _folds_table(runs, source)]),
            *(comparison_section(baseline, fine_tuned, source=source) for baseline in baselines),
            quality_section([fine_tuned, *baselines], source=source),
            Section("Training", [epoch_curves(_histories(runs), source=_source_of_epochs(runs[0], circumstances))]),
            _calibration_section(runs),
        ],
    )


def evaluation_report(
    name: str,
    fine_tuned: Predictions,
    baselines: Sequence[Predictions],
    papers: Mapping[str, LabelledPaper],
    confidence: Callable[[Sequence[str]], Sequence[float]],
    circumstances: dict[str, str],
) -> Report:
    """One classifier on the test part of the fixed split, against everything it should beat.

    Args:
        papers: of the test part, by id.
        confidence: the classifier itself, to be asked about the papers it got wrong.
    """
    figures = measure(fine_tuned)
    source = _source(fine_tuned, "the test part of the fixed split", circumstances)
    return Report(
        title=f"{name} on papers it has not seen",
        summary=_headline(figures),
        circumstances=circumstances,
        sections=[
            Section("At a glance", [_key_figures(figures)]),
            *(comparison_section(baseline, fine_tuned, source=source) for baseline in baselines),
            quality_section([fine_tuned, *baselines], source=source),
            errors_section(fine_tuned, papers, confidence),
        ],
    )


def transfer_report(corpora: Mapping[str, Sequence[Predictions]], circumstances: dict[str, str]) -> Report:
    """Corpora that nothing was trained on, by name; of each the models beside one another, the classifier first."""
    sections = []
    for name, models in corpora.items():
        source = _source(models[0], name, circumstances)
        figures = [measure(model) for model in models]
        blocks = [decisions_table(figures, source=source), probabilities_table(models, figures, source=source)]
        sections.append(Section(name, [*blocks, roc_curves(models, source=source)]))
    return Report(
        title="The classifier on other corpora",
        summary="; ".join(f"{name}: {_headline(measure(models[0]))}" for name, models in corpora.items()),
        circumstances=circumstances,
        sections=sections,
    )


def robustness_report(conditions: Mapping[str, Sequence[Predictions]], circumstances: dict[str, str]) -> Report:
    """Accuracies under each condition, every model beside the others.

    Args:
        conditions: by what was done to the papers, or which papers were taken; the first is the papers as they are.
    """
    accuracies = {
        f"{condition} (n = {models[0].n})": {model.model: accuracy(model) for model in models}
        for condition, models in conditions.items()
    }
    names = [model.model for model in next(iter(conditions.values()))]
    return Report(
        title="What the classifier does when papers look different",
        summary=f"Accuracy of {', '.join(names)} under {len(conditions)} conditions.",
        circumstances=circumstances,
        sections=[
            Section("Accuracy by condition", [robustness_plot(accuracies, source=f"{circumstances['machine']}.")])
        ],
    )


def bases_report(
    runs: Mapping[str, Run],
    others: Sequence[Measured],
    price_per_hour: float,
    circumstances: dict[str, str],
) -> Report:
    """Bases under the same hyper-parameters, beside models that need no fine-tuning.

    Args:
        price_per_hour: of the machine that all of them ran on.
    """
    measured = [*(Measured(run.test, run.test_seconds, run.parameters) for run in runs.values()), *others]
    models = [model.said for model in measured]
    running = {m.said.model: Running(m.parameters, m.said.n / m.seconds, price_per_hour) for m in measured}
    source = _source(models[0], "the test part of the fixed split", circumstances)
    epochs = _source_of_epochs(next(iter(runs.values())), circumstances)
    choice = choice_section(models, running, source=source)
    return Report(
        title="Which base to fine-tune",
        summary=" ".join(block.text for block in choice.blocks if isinstance(block, Prose)),
        circumstances=circumstances | {"price": f"{price_per_hour:g} per hour for the whole machine"},
        sections=[
            choice,
            Section("Training", [epoch_curves({name: run.history for name, run in runs.items()}, source=epochs)]),
            quality_section(models, source=source),
        ],
    )


def learning_curve_report(runs: Sequence[Run], circumstances: dict[str, str]) -> Report:
    """Test accuracy against the number of training papers."""
    points = [LearningPoint(run.papers["train"], [accuracy(run.test).value]) for run in runs]
    source = _source(runs[0].test, "the test part of the fixed split", circumstances)
    return Report(
        title="What more training papers bring",
        summary="; ".join(f"{run.papers['train']} papers: accuracy {accuracy(run.test)}" for run in runs) + ".",
        circumstances=circumstances,
        sections=[Section("Learning curve", [learning_curve({FINE_TUNED: points}, source=source)])],
    )


def _headline(figures: Metrics) -> str:
    return (
        f"Accuracy {figures.accuracy}, AUROC {figures.auroc}, calibration error {figures.calibration_error} on "
        f"{figures.n} papers; {figures.confusion.false_negatives} missed, "
        f"{figures.confusion.false_positives} false alarms."
    )


def _key_figures(figures: Metrics) -> KeyFigures:
    return KeyFigures(
        [
            KeyFigure("accuracy", figures.accuracy, "95 % Wilson interval"),
            KeyFigure("AUROC", figures.auroc, "95 % bootstrap interval"),
            KeyFigure("calibration error", figures.calibration_error, "ten bins of equal size"),
            KeyFigure("F1", figures.confusion.f1),
        ]
    )


def _mean_of_folds(runs: Sequence[Run]) -> str:
    accuracies = [accuracy(run.test).value for run in runs]
    return f"accuracy {fmean(accuracies):.4f}, from {min(accuracies):.4f} to {max(accuracies):.4f}"


def _folds_table(runs: Sequence[Run], source: str) -> Table:
    figures = [measure(run.test) for run in runs]
    rows: list[list[Cell]] = [
        [f"fold {number}", m.accuracy, m.auroc, m.calibration_error, run.calibration.categories["Cancer"].threshold]
        for number, (run, m) in enumerate(zip(runs, figures, strict=True))
    ]
    return Table(f"Each fold. {source}", ["fold", "accuracy", "AUROC", "calibration error", "threshold"], rows)


def _calibration_section(runs: Sequence[Run]) -> Section:
    methods = list(runs[0].calibration_log_losses["Cancer"])
    rows: list[list[Cell]] = [
        [f"fold {number}", *(run.calibration_log_losses["Cancer"][method] for method in methods)]
        for number, run in enumerate(runs)
    ]
    return Section(
        "Calibration",
        [
            Prose(
                "Methods are compared by cross-validated log loss on the papers that a fold is calibrated on: "
                "those that the others held out. Lower is better."
            ),
            Table("Log loss in nats, Cancer category.", ["fold", *methods], rows),
        ],
    )


def _histories(runs: Sequence[Run]) -> dict[str, Sequence[Mapping[str, float]]]:
    return {f"fold {number}": run.history for number, run in enumerate(runs)}


def _source_of_epochs(run: Run, circumstances: Mapping[str, str]) -> str:
    return _source(run.dev, "the development part of a run", circumstances)


def _source(predictions: Predictions, papers: str, circumstances: Mapping[str, str]) -> str:
    return f"n = {predictions.n}, {papers}; {circumstances['machine']}."
