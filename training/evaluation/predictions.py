"""What a model said about labelled papers: the one value that every figure and every comparison is computed from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Confidence = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class MismatchedPredictions(ValueError):
    """Predictions that should be compared are not about the same papers."""


class UnreadablePredictions(ValueError):
    """A file that should hold predictions does not."""


class Predictions(BaseModel):
    """One model's confidence that each paper is about cancer, beside the truth.

    Args:
        model: how reports call the model.
        ids: one per paper, each only once.
        truth: whether the paper is about cancer.
        confidences: of the Cancer category, in [0, 1].
        threshold: Cancer is predicted at this confidence and above; one per paper where the papers of several runs,
            each with a threshold of its own, are pooled.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    ids: tuple[str, ...] = Field(min_length=1)
    truth: tuple[bool, ...]
    confidences: tuple[Confidence, ...]
    threshold: Confidence | tuple[Confidence, ...] = 0.5

    @model_validator(mode="after")
    def _is_one_row_per_paper(self) -> Self:
        columns = {"truth": self.truth, "confidences": self.confidences}
        if isinstance(self.threshold, tuple):
            columns["threshold"] = self.threshold
        if wrong := [name for name, column in columns.items() if len(column) != len(self.ids)]:
            raise ValueError(f"{', '.join(wrong)} must have one entry for each of the {len(self.ids)} ids")
        if len(set(self.ids)) < len(self.ids):
            raise ValueError("ids must be unique: a paper counted twice would narrow every interval")
        return self

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            UnreadablePredictions: naming the file, the field and what is wrong with it.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            field = ".".join(map(str, first["loc"])) or "file"
            raise UnreadablePredictions(f"{path}: {field}: {first['msg']}; write it again") from error

    def save(self, path: Path) -> None:
        """Write as JSON, folders included."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")

    @property
    def n(self) -> int:
        return len(self.ids)

    @property
    def thresholds(self) -> tuple[float, ...]:
        """Each paper's own."""
        return (self.threshold,) * self.n if isinstance(self.threshold, float) else self.threshold

    @property
    def wanted(self) -> NDArray[np.bool_]:
        """The truth, as an array of shape (n,)."""
        return np.asarray(self.truth, dtype=bool)

    @property
    def given(self) -> NDArray[np.float64]:
        """The confidences, as an array of shape (n,)."""
        return np.asarray(self.confidences, dtype=float)

    @property
    def predicted(self) -> NDArray[np.bool_]:
        """Whether Cancer was predicted, as an array of shape (n,)."""
        return self.given >= np.asarray(self.threshold)

    def only(self, ids: Sequence[str]) -> "Predictions":
        """The rows of these papers, in the order asked.

        Raises:
            MismatchedPredictions: an id is not among the papers.
        """
        rows = {paper: row for row, paper in enumerate(self.ids)}
        if missing := [paper for paper in ids if paper not in rows]:
            raise MismatchedPredictions(
                f"{self.model}: no prediction for {len(missing)} papers, the first is {missing[0]!r}; "
                "let every model predict the same papers"
            )
        return Predictions(
            model=self.model,
            ids=tuple(ids),
            truth=tuple(self.truth[rows[paper]] for paper in ids),
            confidences=tuple(self.confidences[rows[paper]] for paper in ids),
            threshold=self.threshold
            if isinstance(self.threshold, float)
            else tuple(self.threshold[rows[paper]] for paper in ids),
        )


def pooled(model: str, parts: Sequence[Predictions]) -> Predictions:
    """The predictions of several runs on different papers as one, such as those of all folds of a cross-validation.

    Every paper keeps the threshold of its own run.
    """
    return Predictions(
        model=model,
        ids=tuple(paper for part in parts for paper in part.ids),
        truth=tuple(truth for part in parts for truth in part.truth),
        confidences=tuple(confidence for part in parts for confidence in part.confidences),
        threshold=tuple(threshold for part in parts for threshold in part.thresholds),
    )


def paired(*predictions: Predictions) -> list[Predictions]:
    """The same predictions with the papers of all in the order of the first.

    Raises:
        MismatchedPredictions: they are not about the same papers, or do not agree on a paper's truth.
    """
    first = predictions[0]
    aligned = []
    for other in predictions:
        if additional := set(other.ids) - set(first.ids):
            raise MismatchedPredictions(
                f"{other.model} has {len(additional)} papers that {first.model} has not, one is {min(additional)!r}; "
                "let every model predict the same papers"
            )
        aligned.append(other.only(first.ids))
        if aligned[-1].truth != first.truth:
            raise MismatchedPredictions(f"{other.model} and {first.model} were given different labels for the papers")
    return aligned
