"""Whatever is sent, the answer is one that the documentation names, and never a 500."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck
from hypothesis import settings as examples
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from serve.http import create_app
from serve.service import Service
from serve.settings import Settings
from tests.client.efetch_server import efetch
from tests.serve.conftest import InstantModels


@pytest.fixture(scope="module", autouse=True)
def _pubmed() -> Iterator[None]:
    """PubMed is here, and has no papers."""
    with efetch() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("NCBI_EFETCH_URL", server.url)
        yield


def no_fault_of_ours(_: schemathesis.CheckContext, response: schemathesis.Response, __: schemathesis.Case[Any]) -> None:
    """A 503 or 504 is an honest answer, a 500 never is."""
    assert response.status_code != 500, response.text


api = schemathesis.openapi.from_asgi("/openapi.json", create_app(Service(Settings(profile="cpu"), InstantModels())))


@api.parametrize()
@examples(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_documented(case: schemathesis.Case[Any]) -> None:
    case.call_and_validate(
        checks=[
            no_fault_of_ours,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        ]
    )
