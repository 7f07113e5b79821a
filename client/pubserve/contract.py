"""The wire contract, version 1: what travels between a caller and the service.

Both sides import these models, so they cannot drift. Offsets count Unicode code points of the field exactly as the
caller sent it; confidences are calibrated per-category probabilities in [0, 1] and need not add up to 1.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped]

MAX_PAPERS_PER_REQUEST = 1_000
MAX_ID_CHARS = 256
_SHOWN_RESULTS = 3


class Task(StrEnum):
    """What can be asked of a paper."""

    LABELS = "labels"
    DISEASES = "diseases"
    CITATIONS = "citations"
    TOPICS = "topics"
    SUMMARY = "summary"


DEFAULT_TASKS: Sequence[Task] = (Task.LABELS, Task.DISEASES)


class Wire(BaseModel):
    """A message of the contract: immutable; fields a newer service adds are ignored by an older client.

    It shows itself without what is empty, since most fields mostly are.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        return (item for item in super().__repr_args__() if item[1] not in (None, [], {}))


class Request(BaseModel):
    """A message a caller writes: a field that does not exist is a mistake worth naming."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _number_as_text(value: object) -> object:
    """PMIDs are often numbers in the caller's data; the contract's ids are text."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


PaperId = Annotated[
    str, BeforeValidator(_number_as_text, json_schema_input_type=str | int), Field(max_length=MAX_ID_CHARS)
]


class Paper(Request):
    """One paper as the caller has it. A missing abstract is allowed: the title alone is read, with a warning."""

    id: PaperId = Field(description="The caller's name for the paper, echoed as `abstract_id`.", examples=["30872385"])
    title: str | None = Field(default=None, examples=["BRAF mutations in hairy cell leukaemia"])
    abstract: str | None = Field(default=None, examples=["We tested 11 patients with hairy cell leukaemia (HCL)."])


class PapersRequest(Request):
    """Papers for `/v1/classify` and `/v1/extract`, where the route says what is done."""

    papers: list[Paper] = Field(min_length=1, max_length=MAX_PAPERS_PER_REQUEST)


class AnalyzeRequest(PapersRequest):
    """Papers and what to do with each, for `/v1/analyze` and `/v1/analyze/stream`."""

    tasks: list[Task] = Field(default=list(DEFAULT_TASKS), min_length=1, examples=[["labels", "diseases"]])


class TextRequest(Request):
    """The request of the first version of the service: one text, no id."""

    text: str = Field(min_length=1, examples=["We tested 11 patients with hairy cell leukaemia (HCL)."])


class DiseaseIds(Wire):
    """Identifiers in public vocabularies; null where the name is in none of them."""

    doid: str | None = Field(default=None, examples=["DOID:1324"])
    mesh: str | None = Field(default=None, examples=["D008175"])


class Mention(Wire):
    """One occurrence of a disease name in the text: `field[start:end] == text`, always."""

    text: str
    field: Literal["title", "abstract"]
    start: int = Field(ge=0, description="First code point of the mention in the field.")
    end: int = Field(ge=0, description="One past the last code point.")
    disease: str = Field(description="Canonical name of the disease, the same for every mention of it.")
    ids: DiseaseIds = DiseaseIds()
    is_cancer: bool | None = Field(default=None, description="Null where the vocabulary cannot tell.")
    negated: bool = False
    confidence: float = Field(ge=0, le=1)


class Timings(Wire):
    """Milliseconds this paper spent in each stage; null for a stage that was not asked for."""

    queue: float = Field(ge=0, description="From arrival until the first stage took the paper up.")
    classify: float | None = Field(default=None, ge=0)
    extract: float | None = Field(default=None, ge=0)


class ModelNames(Wire):
    """`name@revision` of the models that answered; null for one that was not asked."""

    classifier: str | None = None
    extractor: str | None = None


class ErrorBody(Wire):
    """What went wrong, in OpenAI's shape."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class ErrorResponse(Wire):
    """The body of every answer with a status of 400 and above, on every route."""

    error: ErrorBody


class Analysis(Wire):
    """What the service read in one paper."""

    abstract_id: str
    predicted_labels: list[str] = []
    confidence_scores: dict[str, float] = Field(default={}, examples=[{"Cancer": 0.92, "Non-Cancer": 0.08}])
    extracted_diseases: list[str] = []
    mentions: list[Mention] = []
    citations: list[str] = []
    topics: list[str] = []
    summary: str | None = None
    warnings: list[str] = Field(default=[], examples=[["abstract_missing"]])
    models: ModelNames = ModelNames()
    timings_ms: Timings

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """What was read; mentions are counted, and how it was read is left to those who ask for it."""
        for name, value in super().__repr_args__():
            if name not in ("models", "timings_ms"):
                yield name, len(value) if name == "mentions" else value

    @property
    def ok(self) -> Literal[True]:
        return True


class Failure(Wire):
    """One paper that could not be read; its neighbours are not affected."""

    abstract_id: str
    error: ErrorBody

    @property
    def ok(self) -> Literal[False]:
        return False


Result = Failure | Analysis


class Usage(Wire):
    """What a request cost."""

    papers: int = Field(ge=0)
    failed: int = Field(ge=0)
    prompt_tokens: int = Field(ge=0, description="Tokens read by both models.")
    completion_tokens: int = Field(ge=0)
    total_tokens: int = Field(ge=0)


class AnalyzeResponse(Wire):
    """One result per paper, in the order asked."""

    results: list[Result]
    usage: Usage

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """The first results; a request may have a thousand."""
        yield "papers", self.usage.papers
        yield "failed", self.usage.failed
        yield "results", [*self.results[:_SHOWN_RESULTS], *([...] if len(self.results) > _SHOWN_RESULTS else [])]

    def to_dataframe(self) -> "pandas.DataFrame":
        """A pandas DataFrame, one row a paper; `pubserve.to_dataframe` has rows of mentions, too."""
        from pubserve.tables import to_dataframe

        return to_dataframe(self.results)


class LabelsResponse(Wire):
    """Answer of `POST /predict`, unchanged since the first version of the service."""

    predicted_labels: list[str]
    confidence_scores: dict[str, float]


class DiseasesResponse(Wire):
    """Answer of `POST /ExtractDisease`, unchanged since the first version of the service."""

    abstract_id: str
    extracted_diseases: list[str]
