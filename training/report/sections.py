"""The sections that every report on the classifier has, made from predictions."""

from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.progress import track

from training.data import LabelledPaper
from training.evaluation import Comparison, Metrics, Predictions, Running, choose, compare, expected_by_chance, measure
from training.occlusion import explain
from training.report.content import Cell, ErrorAnalyses, ErrorAnalysis, KeyFigure, KeyFigures, Prose, Section, Table
from training.report.figures import (
    confusion_matrices,
    forest_plot,
    precision_recall_curves,
    reliability_diagram,
    roc_curves,
)


def quality_section(models: Sequence[Predictions], *, source: str) -> Section:
    """Every figure of every model in one table, then ranking, calibration and accuracies drawn."""
    figures = [measure(model) for model in models]
    calibrated = [model for model in models if len(set(model.confidences)) > 2]
    return Section(
        "How good each model is",
        [
            decisions_table(figures, source=source),
            probabilities_table(models, figures, source=source),
            roc_curves(models, source=source),
            precision_recall_curves(models, source=source),
            *(reliability_diagram(model, source=source) for model in calibrated),
            forest_plot({m.model: m.accuracy for m in figures}, quantity="accuracy", source=source),
        ],
    )


def comparison_section(baseline: Predictions, candidate: Predictions, *, source: str) -> Section:
    """What changes from the baseline to the candidate, and whether chance would explain it."""
    change = compare(baseline, candidate)
    return Section(
        f"{candidate.model} against {baseline.model}",
        [
            Prose(verdict(change)),
            KeyFigures(
                [
                    KeyFigure("accuracy", change.accuracy_difference, "candidate minus baseline"),
                    KeyFigure("AUROC", change.auroc_difference, "candidate minus baseline"),
                    KeyFigure("false negatives", f"{change.false_negatives_change:+d}", "papers on cancer missed"),
                    KeyFigure("false positives", f"{change.false_positives_change:+d}", "false alarms"),
                    KeyFigure("McNemar's exact p", change.mcnemar.p, "two-sided"),
                ]
            ),
            confusion_matrices([baseline, candidate], source=source),
        ],
    )


def choice_section(models: Sequence[Predictions], running: Mapping[str, Running], *, source: str) -> Section:
    """Size, accuracy, F1, speed and cost in one table, and the model to run with the reason."""
    choice = choose(models, running)
    rows: list[list[Cell]] = []
    for model in models:
        figures, runs = measure(model), running[model.model]
        rows.append(
            [model.model, runs.parameters, figures.accuracy, figures.confusion.f1, runs.papers_per_s,
             runs.cost_per_million_papers, "yes" if model.model in choice.as_good else "no"]
        )  # fmt: skip
    columns = [
        "model", "parameters", "accuracy (95 % interval)", "F1", "papers per second", "cost per million papers",
        "as good as the best",
    ]  # fmt: skip
    return Section("Which model to run", [Prose(choice.reason), Table(f"Quality and cost. {source}", columns, rows)])


def errors_section(
    predictions: Predictions,
    papers: Mapping[str, LabelledPaper],
    confidence: Callable[[Sequence[str]], Sequence[float]],
    *,
    most: int = 10,
) -> Section:
    """The errors a model was surest of, with the words that drove them.

    Args:
        papers: by id; at least those of the predictions.
        confidence: the model itself, asked twice per error.
    """
    rows = zip(predictions.ids, predictions.truth, predictions.confidences, predictions.predicted, strict=True)
    wrong = [(abs(given - truth), paper_id) for paper_id, truth, given, predicted in rows if predicted != truth]
    worst = [paper_id for _, paper_id in sorted(wrong, key=lambda error: (-error[0], error[1]))[:most]]
    errors = [
        ErrorAnalysis(
            paper_id, papers[paper_id].title, papers[paper_id].label, explain(papers[paper_id].text, confidence)
        )
        for paper_id in track(worst, "asking which words drove the errors", console=Console(stderr=True))
    ]
    return Section("Worst errors", [ErrorAnalyses(predictions.model, errors)])


def decisions_table(figures: Sequence[Metrics], *, source: str) -> Table:
    """What each model decided, one row a model."""
    columns = ["model", "accuracy (95 % interval)", "F1", "precision", "recall", "false negatives", "false positives"]
    rows: list[list[Cell]] = [
        [m.model, m.accuracy, m.confusion.f1, m.confusion.precision, m.confusion.recall,
         m.confusion.false_negatives, m.confusion.false_positives]
        for m in figures
    ]  # fmt: skip
    return Table(f"Decisions. {source}", columns, rows)


def probabilities_table(models: Sequence[Predictions], figures: Sequence[Metrics], *, source: str) -> Table:
    """How each model ranked the papers and how honest its confidences are, one row a model."""
    columns = [
        "model", "AUROC (95 % interval)", "average precision", "log loss", "Brier",
        "calibration error (95 % interval)", "expected by chance",
    ]  # fmt: skip
    rows: list[list[Cell]] = [
        [m.model, m.auroc, m.average_precision, m.log_loss, m.brier, m.calibration_error, expected_by_chance(model)]
        for model, m in zip(models, figures, strict=True)
    ]
    return Table(f"Ranking and confidences. {source}", columns, rows)


def verdict(change: Comparison) -> str:
    """The comparison in words."""
    test = change.mcnemar
    difference = (
        f"{change.candidate} is right on {test.only_candidate_right} of {change.n} papers that {change.baseline} gets "
        f"wrong, and wrong on {test.only_baseline_right} that {change.baseline} gets right"
    )
    if test.p < 0.05:
        return f"{difference}: more uneven than chance would explain (exact McNemar p = {test.p:.2g})."
    return f"{difference}: chance alone would explain that (exact McNemar p = {test.p:.2g})."
