"""What a language model has to beat: always one answer, counting words for cancer, and a linear model of words."""

import re
from collections.abc import Sequence
from typing import Any, Protocol, Self

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from training.data import LabelledPaper

CANCER_WORDS = (
    r"cancer|carcinom|tumou?r|neoplas|leuka?emi|lymphom|sarcom|melanom|myelom|gliom|blastom"
    r"|metasta|oncolog|malignan"
)
KEYWORDS_NEEDED = 2


class Baseline(Protocol):
    """Something that learns from labelled papers and gives papers a confidence of Cancer in [0, 1]."""

    name: str

    def fit(self, papers: Sequence[LabelledPaper]) -> Self:
        """Learn from these papers; returns itself."""
        ...

    def confidences(self, papers: Sequence[LabelledPaper]) -> list[float]:
        """One confidence per paper; labels are not looked at."""
        ...

    @property
    def parameters(self) -> int:
        """How many numbers it consists of, once fitted."""
        ...


class Majority:
    """Every text gets the share of Cancer among the training papers."""

    name = "majority"

    def fit(self, papers: Sequence[LabelledPaper]) -> Self:
        self._share = sum(paper.label == "Cancer" for paper in papers) / len(papers)
        return self

    def confidences(self, papers: Sequence[LabelledPaper]) -> list[float]:
        return [self._share] * len(papers)

    @property
    def parameters(self) -> int:
        return 1


class KeywordRule:
    """The keyword rule as a model: confidence 1 or 0, and nothing to learn."""

    name = "keyword rule"

    def fit(self, papers: Sequence[LabelledPaper]) -> Self:
        return self

    def confidences(self, papers: Sequence[LabelledPaper]) -> list[float]:
        return [float(keyword_rule(paper.text)) for paper in papers]

    @property
    def parameters(self) -> int:
        return 0


class TfidfRegression:
    """Logistic regression on TF-IDF of words and pairs of words, with settings fixed beforehand.

    Counts are dampened (1 + log) and terms of a single paper are left out; C = 10 because unit-length TF-IDF rows are
    small, so that scikit-learn's default of 1 keeps confidences close to 0.5.
    """

    name = "TF-IDF + logistic regression"

    def __init__(self) -> None:
        self._model: Any = make_pipeline(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2, strip_accents="unicode"),
            LogisticRegression(C=10, max_iter=1000),
        )

    def fit(self, papers: Sequence[LabelledPaper]) -> Self:
        self._model.fit([paper.text for paper in papers], [paper.label == "Cancer" for paper in papers])
        return self

    def confidences(self, papers: Sequence[LabelledPaper]) -> list[float]:
        confidences: list[float] = self._model.predict_proba([paper.text for paper in papers])[:, 1].tolist()
        return confidences

    @property
    def parameters(self) -> int:
        return int(self._model[-1].coef_.size) + 1


def keyword_rule(text: str) -> bool:
    """No model at all: a paper is about cancer if it uses words for cancer at least twice."""
    return len(re.findall(CANCER_WORDS, text, re.IGNORECASE)) >= KEYWORDS_NEEDED
