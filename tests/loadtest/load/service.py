"""The service's HTTP application with models of a known speed, in one process and without Ray.

python -m tests.loadtest.load.service PORT PAPERS_PER_S MAX_TOKENS_IN_FLIGHT
"""

import asyncio
import sys
from collections.abc import Sequence

import uvicorn

from serve.http import create_app
from serve.service import Service
from serve.settings import Settings
from serve.stages import LabelReading
from serve.text.document import Document
from serve.turns import Turn
from tests.serve.conftest import InstantModels


class PacedModels(InstantModels):
    """Labels so many papers per second, one after the other; diseases at once."""

    def __init__(self, papers_per_s: float) -> None:
        super().__init__()
        self._papers_per_s = papers_per_s
        self._one_at_a_time = asyncio.Lock()

    async def classify(self, documents: Sequence[Document], turn: Turn) -> list[LabelReading]:
        async with self._one_at_a_time:
            await asyncio.sleep(len(documents) / self._papers_per_s)
        return await super().classify(documents, turn)


def main(port: int, papers_per_s: float, max_tokens_in_flight: int) -> None:
    limits = Settings(profile="cpu").pipeline.model_copy(update={"max_tokens_in_flight": max_tokens_in_flight})
    settings = Settings(profile="cpu", pipeline=limits.model_dump(), cache={"enabled": False})
    uvicorn.run(create_app(Service(settings, PacedModels(papers_per_s))), port=port, log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
