"""Papers as they arrive: one that cannot be used is set aside with the reason, and its neighbours go on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from pubserve.contract import MAX_PAPERS_PER_REQUEST, AnalyzeRequest, Failure, Paper, PapersRequest
from serve.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class UnusablePaper:
    """A paper that does not fit the contract: its id as far as it had one, the field that is wrong, and why."""

    id: str | None
    field: str
    reason: str

    def error(self, index: int) -> InvalidRequest:
        param = f"papers[{index}]" + (f".{self.field}" if self.field else "")
        return InvalidRequest(f"{param}: {self.reason}", param=param)

    def failure(self, index: int) -> Failure:
        abstract_id = f"papers[{index}]" if self.id is None else self.id
        return Failure(abstract_id=abstract_id, error=self.error(index).body)


def _set_aside(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    try:
        return validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        given = value.get("id") if isinstance(value, dict) else None
        usable_id = str(given) if isinstance(given, str | int) else None
        return UnusablePaper(usable_id, str(first["loc"][0]) if first["loc"] else "", first["msg"])


PaperOrNot = Annotated[Paper, WrapValidator(_set_aside)]
_Papers = Annotated[list[PaperOrNot], Field(min_length=1, max_length=MAX_PAPERS_PER_REQUEST)]


class PapersBody(PapersRequest):
    """Body of `/v1/classify` and `/v1/extract`."""

    papers: _Papers


class AnalyzeBody(AnalyzeRequest):
    """Body of `/v1/analyze` and `/v1/analyze/stream`."""

    papers: _Papers


def require_one_usable(papers: Sequence[Paper | UnusablePaper]) -> None:
    """A request in which nothing can be used is refused as a whole.

    Raises:
        InvalidRequest: naming what is wrong with the first paper.
    """
    first = papers[0]
    if isinstance(first, UnusablePaper) and all(isinstance(paper, UnusablePaper) for paper in papers):
        raise first.error(0)
