"""What `import pubserve` gives, and nothing else by accident."""

import inspect

import pytest

import pubserve
from pubserve import errors

PUBLIC = [
    "MAX_PAPERS_PER_REQUEST",
    "APIStatusError",
    "Analysis",
    "AnalyzeResponse",
    "AsyncClient",
    "BadRequest",
    "Batching",
    "Client",
    "ConnectionFailed",
    "DeadlineExceeded",
    "DiseaseIds",
    "ErrorBody",
    "Failure",
    "Forbidden",
    "InvalidArgument",
    "InvalidRequest",
    "InvalidResponse",
    "Limits",
    "Mention",
    "ModelNames",
    "NotFound",
    "Overloaded",
    "Paper",
    "PayloadTooLarge",
    "Progress",
    "PubMed",
    "PubMedUnavailable",
    "PubserveError",
    "RateLimited",
    "RequestTimedOut",
    "Result",
    "Retries",
    "ServerError",
    "Task",
    "Timeout",
    "Timings",
    "Unauthorized",
    "Usage",
    "__version__",
    "to_dataframe",
]


def test_the_public_names_are_these() -> None:
    assert sorted(pubserve.__all__) == sorted(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_exists(name: str) -> None:
    assert getattr(pubserve, name) is not None


def test_every_error_is_exported_and_drawn_in_the_tree() -> None:
    defined = [
        value for value in vars(errors).values() if inspect.isclass(value) and value.__module__ == errors.__name__
    ]

    assert {error.__name__ for error in defined} <= set(pubserve.__all__)
    assert all(error.__name__ in (errors.__doc__ or "") for error in defined)
    assert all(issubclass(error, pubserve.PubserveError) for error in defined)


def test_no_error_hides_a_builtin() -> None:
    assert not set(pubserve.__all__) & set(vars(__builtins__) if inspect.ismodule(__builtins__) else __builtins__)


def _methods(client: type) -> dict[str, list[inspect.Parameter]]:
    return {
        name.replace("aclose", "close"): list(inspect.signature(method).parameters.values())
        for name, method in vars(client).items()
        if not name.startswith("_")
    }


def test_both_clients_have_the_same_methods_with_the_same_parameters() -> None:
    assert _methods(pubserve.AsyncClient) == _methods(pubserve.Client)


def test_both_clients_are_made_from_the_same_arguments() -> None:
    blocking, asyncio = (inspect.signature(client).parameters for client in (pubserve.Client, pubserve.AsyncClient))

    assert list(blocking) == list(asyncio) == ["base_url", "api_key", "timeout", "retries", "limits", "transport"]
