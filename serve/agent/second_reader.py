"""A language model behind an endpoint of OpenAI's protocol, asked for one JSON object at a time."""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

import httpx
import openai
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from serve.agent.budget import Budget
from serve.chains import chat_model, question
from serve.deadline import DEADLINE_HEADER
from serve.settings import AgentSettings
from serve.text.document import CHARS_PER_TOKEN

Answer = TypeVar("Answer", bound=BaseModel)


class ModelUnavailable(Exception):
    """The endpoint cannot be reached, or refuses."""


class SecondReader:
    """Asks the model, always with the same words for the same paper, at temperature 0."""

    def __init__(
        self,
        settings: AgentSettings,
        *,
        base_url: str,
        model: str,
        api_key: str | None = None,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._max_output_tokens = settings.max_output_tokens
        self._model: ChatOpenAI = chat_model(
            base_url,
            model,
            api_key=api_key or "none",
            max_tokens=settings.max_output_tokens,
            timeout=settings.llm_timeout_s,
            max_retries=settings.llm_retries,
            seed=0,
            default_headers={DEADLINE_HEADER: str(round(settings.llm_timeout_s * 1e3))},
            http_async_client=http,
        )

    async def ask(self, task: str, schema: type[Answer], given: Mapping[str, Any], budget: Budget) -> Answer | None:
        """The answer in the form of `schema`; None where what the model said is not of that form.

        Raises:
            OutOfBudget: not asked.
            ModelUnavailable: asked, and asked again, in vain.
        """
        chars = len(task) + len(json.dumps(schema.model_json_schema())) + len(json.dumps(given, ensure_ascii=False))
        reserved = budget.reserve(chars, self._max_output_tokens)
        prompt_tokens, completion_tokens = 0, 0
        try:
            said = await question(self._model, task, schema, include_raw=True).ainvoke(given)
            usage = said["raw"].usage_metadata or {"input_tokens": chars // CHARS_PER_TOKEN, "output_tokens": 0}
            prompt_tokens, completion_tokens = usage["input_tokens"], usage["output_tokens"]
            answer: Answer | None = said["parsed"]
            return answer
        except openai.LengthFinishReasonError as error:
            if usage := error.completion.usage:
                prompt_tokens, completion_tokens = usage.prompt_tokens, usage.completion_tokens
            return None
        except (openai.BadRequestError, openai.UnprocessableEntityError, ValueError):
            return None  # too long for the model, or no JSON
        except (AttributeError, KeyError, TypeError):
            return None  # no chat completion at all: LangChain takes an answer as it comes
        except openai.OpenAIError as error:
            raise ModelUnavailable(type(error).__name__) from error
        finally:
            budget.settle(reserved, prompt_tokens, completion_tokens)
