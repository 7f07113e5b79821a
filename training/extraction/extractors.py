"""What is measured: the tagger as it is served, lists of names, and any running service. All give mentions."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from pubserve import Client, Failure, Paper
from pubserve.contract import Mention, Task
from serve.extractor.grounding import Name
from serve.extractor.lexicon import find_names
from serve.extractor.normalisation import Normaliser
from serve.extractor.resolution import resolve
from serve.extractor.tagger import TaggerModel, tag_rows
from serve.model_store import ModelStore
from serve.text.document import Document
from serve.text.folding import fold, is_abbreviation
from training.extraction.corpus import AnnotatedPaper
from training.extraction.threshold import served

MAX_TOKENS, BATCH_TOKENS = 512, 4096
PAPERS_PER_REQUEST = 50


class Extractor(Protocol):
    """Finds the diseases of papers."""

    @property
    def name(self) -> str: ...

    def mentions(self, papers: Sequence[AnnotatedPaper]) -> list[list[Mention]]:
        """The mentions of each paper, in order."""


class ShippedTagger:
    """A tagger of the model catalogue with all that the service does after it."""

    def __init__(self, normaliser: Normaliser, *, model: str = "disease-tagger") -> None:
        prepared = ModelStore().prepare(model)
        self.name = prepared.id
        self._normaliser = normaliser
        self._model = TaggerModel(prepared.path, max_tokens=MAX_TOKENS)

    def mentions(self, papers: Sequence[AnnotatedPaper]) -> list[list[Mention]]:
        documents = [paper.document for paper in papers]
        tagged = tag_rows(self._model.predict, self._model.encode(documents), batch_tokens=BATCH_TOKENS)
        return served(tagged, papers, self._normaliser, self._model.support)


class Lexicon:
    """Finds every name of a list, however its words are inflected; what it does not list it does not find.

    Args:
        names: as people write them. Single letters and numbers are passed over.
    """

    def __init__(self, name: str, names: Iterable[str], normaliser: Normaliser) -> None:
        self.name = name
        self._normaliser = normaliser
        self._names: dict[str, set[str]] = {}
        for listed in names:
            if len(listed) > 1 and any(char.isalpha() for char in listed):
                self._names.setdefault(fold(listed), set()).add(listed)

    def mentions(self, papers: Sequence[AnnotatedPaper]) -> list[list[Mention]]:
        return [self._of(paper.document) for paper in papers]

    def _of(self, document: Document) -> list[Mention]:
        names = [Name(found, 1.0) for text in (document.title, document.abstract) for found in self._in(text)]
        return resolve(names, document, self._normaliser).mentions

    def _in(self, text: str) -> Iterable[str]:
        for start, end in find_names(text, self._lists):
            yield text[start:end]

    def _lists(self, folded: str, written: str) -> bool:
        """An abbreviation is only what is written just so: `ALL` is a leukaemia, `all` is a word."""
        listed = self._names.get(folded, ())
        return written in listed or not (is_abbreviation(written) or all(map(is_abbreviation, listed)))


class RunningService:
    """Whatever answers at a URL, such as a service whose backend is the generator."""

    def __init__(self, url: str, progress: Callable[[int], None] = lambda _: None) -> None:
        self._client = Client(url, timeout=3600)
        self._progress = progress
        self.name = f"service at {url}"

    def mentions(self, papers: Sequence[AnnotatedPaper]) -> list[list[Mention]]:
        """Raises `RuntimeError` where the service could not read a paper."""
        found = []
        for start in range(0, len(papers), PAPERS_PER_REQUEST):
            part = papers[start : start + PAPERS_PER_REQUEST]
            sent = [Paper(id=paper.id, title=paper.title, abstract=paper.abstract) for paper in part]
            for result in self._client.analyze(sent, tasks=[Task.DISEASES]).results:
                if isinstance(result, Failure):
                    raise RuntimeError(f"{result.abstract_id}: {result.error.message}")
                self.name = result.models.extractor or self.name
                found.append(list(result.mentions))
            self._progress(len(found))
        return found


def training_names(papers: Iterable[AnnotatedPaper]) -> list[str]:
    """The distinct spellings of diseases in annotated papers."""
    return sorted({annotation.text for paper in papers for annotation in paper.annotations})
