"""The requests in the lines of a batch, checked as the routes check them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from pubserve.contract import AnalyzeResponse, Paper, Task
from serve.chats import (
    PIPELINE_MODEL,
    ChatBody,
    CompletionBody,
    EngineCall,
    OpenAIBody,
    completion,
    papers_in,
    require_engine,
    require_model,
)
from serve.errors import InvalidRequest, field_name
from serve.papers import AnalyzeBody, PapersBody, UnusablePaper, require_one_usable
from serve.pipeline import PaperDone
from serve.service import Service, usage_of

Body = TypeVar("Body", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class PapersRequest:
    """Papers to read, for a route that reads papers or for the pipeline as a chat model."""

    papers: Sequence[Paper | UnusablePaper]
    tasks: frozenset[Task]
    as_chat: bool = False

    def answer(self, done: Sequence[PaperDone]) -> dict[str, Any]:
        """The body of the answer; `done` is in the order of the papers.

        Raises:
            ServiceError: the one paper of a chat was not read.
        """
        if self.as_chat:
            return completion(done)
        response = AnalyzeResponse(results=[paper.result for paper in done], usage=usage_of(done))
        return response.model_dump(mode="json")


@dataclass(frozen=True, slots=True)
class EngineRequest:
    """Something for the extractor's engine."""

    call: EngineCall
    body: OpenAIBody


def request_of(service: Service, endpoint: str, body: dict[str, Any]) -> PapersRequest | EngineRequest:
    """What a line asks for.

    Raises:
        ServiceError: what the route would say.
    """
    match endpoint:
        case "/v1/analyze":
            analyze = _checked(AnalyzeBody, body)
            return _papers(analyze, frozenset(analyze.tasks))
        case "/v1/classify":
            return _papers(_checked(PapersBody, body), frozenset({Task.LABELS}))
        case "/v1/extract":
            return _papers(_checked(PapersBody, body), frozenset({Task.DISEASES}))
        case "/v1/chat/completions":
            chat = _unstreamed(_checked(ChatBody, body))
            require_model(service, chat.model)
            if chat.model == PIPELINE_MODEL:
                asked = papers_in(chat.messages)
                return _papers(asked, frozenset(asked.tasks), as_chat=True)
            return EngineRequest("chat", chat)
        case _:
            prompt = _unstreamed(_checked(CompletionBody, body))
            require_engine(service, prompt.model)
            return EngineRequest("completions", prompt)


def _papers(body: AnalyzeBody | PapersBody, tasks: frozenset[Task], *, as_chat: bool = False) -> PapersRequest:
    require_one_usable(body.papers)
    return PapersRequest(body.papers, tasks, as_chat)


def _unstreamed(body: Body) -> Body:
    if getattr(body, "stream", False):
        raise InvalidRequest("The lines of a batch are not streamed; leave `stream` out.", param="stream")
    return body


def _checked(kind: type[Body], body: dict[str, Any]) -> Body:
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        param = field_name(first["loc"]) or "body"
        raise InvalidRequest(f"{param}: {first['msg']}.", param=param) from None
