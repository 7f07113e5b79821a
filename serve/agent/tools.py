"""What a run works with: the service, over HTTP or in process, a language model, and PubMed."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx

from pubserve import AsyncClient, PubMed
from serve.agent.second_reader import SecondReader
from serve.agent.steps import Tools
from serve.settings import Settings


@asynccontextmanager
async def tools_for(
    settings: Settings, *, url: str, api_key: str | None = None, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[Tools]:
    """The tools of one run; `transport` is for a service that is not reached over the network.

    The language model is the service's own unless `settings.agent` names another, which gets its own key.
    """
    agent = settings.agent
    model = agent.model or settings.extractor.model
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(AsyncClient(url, api_key=api_key, transport=transport))
        reader = None
        if agent.second_readings and agent.base_url:
            key = agent.api_key.get_secret_value() if agent.api_key else None
            reader = SecondReader(agent, base_url=agent.base_url, model=model, api_key=key)
        elif agent.second_readings:
            http = await stack.enter_async_context(httpx.AsyncClient(transport=transport)) if transport else None
            reader = SecondReader(agent, base_url=f"{url}/v1", model=model, api_key=api_key, http=http)
        pubmed = stack.enter_context(PubMed())
        yield Tools(service, reader, pubmed, agent)
