"""The classifier as the service runs it, in this process: the same weights, input and calibration."""

from collections.abc import Callable, Sequence

from serve.classifier.input import TitleAndAbstract
from serve.classifier.model import ClassifierModel, classify
from serve.model_store import ModelStore
from training.baselines import Baseline
from training.data import LabelledPaper
from training.evaluation import Predictions

MAX_TOKENS, BATCH_TOKENS = 1024, 4096


class ShippedClassifier:
    """A classifier of the model catalogue, merged and calibrated."""

    def __init__(self, name: str) -> None:
        prepared = ModelStore().prepare(name)
        self.name = prepared.id
        self.model = ClassifierModel(prepared.path, max_tokens=MAX_TOKENS)
        self.threshold = self.model.calibration.categories["Cancer"].threshold

    def confidences(self, papers: Sequence[TitleAndAbstract]) -> list[float]:
        """Of Cancer, one per paper."""
        predictions = classify(self.model, papers, max_batch_tokens=BATCH_TOKENS)
        return [prediction.confidences["Cancer"] for prediction in predictions]

    def confidences_of_texts(self, texts: Sequence[str]) -> list[float]:
        """Of texts that hold title and abstract in one."""
        return self.confidences([LabelledPaper(id="", title="", abstract=text, label="Cancer") for text in texts])

    def predictions(self, papers: Sequence[LabelledPaper], *, name: str = "fine-tuned") -> Predictions:
        return to_predictions(name, papers, self.confidences(papers), threshold=self.threshold)


def ask_all(
    shipped: ShippedClassifier, baselines: Sequence[Baseline]
) -> Callable[[Sequence[LabelledPaper]], list[Predictions]]:
    """What the classifier, and after it every fitted baseline, say of some labelled papers."""

    def ask(asked: Sequence[LabelledPaper]) -> list[Predictions]:
        said = [to_predictions(baseline.name, asked, baseline.confidences(asked)) for baseline in baselines]
        return [shipped.predictions(asked), *said]

    return ask


def to_predictions(
    name: str, papers: Sequence[LabelledPaper], confidences: Sequence[float], *, threshold: float = 0.5
) -> Predictions:
    """What was said of labelled papers, beside their labels."""
    return Predictions(
        model=name,
        ids=tuple(paper.id for paper in papers),
        truth=tuple(paper.label == "Cancer" for paper in papers),
        confidences=tuple(confidences),
        threshold=threshold,
    )
