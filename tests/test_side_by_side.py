"""What `make test` keeps together is there, under the names that it knows."""

from pathlib import Path

import pytest

from tests.side_by_side import LONG, SERVICES, Modules

TESTS = Path(__file__).parent


@pytest.mark.parametrize("beginning", [*SERVICES, *LONG])
def test_every_path_that_is_named_has_tests(beginning: str) -> None:
    assert [path for path in TESTS.rglob("test_*.py") if f"tests/{path.relative_to(TESTS)}".startswith(beginning)]


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("tests/client/test_errors.py::test_a[x::y]", "tests/client/test_errors.py::test_b", True),
        ("tests/client/test_errors.py::test_a", "tests/client/test_journal.py::test_a", False),
        ("tests/e2e/test_web.py::test_a", "tests/e2e/test_drain.py::test_b", True),
        ("tests/e2e/test_web.py::test_a", "tests/loadtest/faults/test_faults_in_a_service.py::test_b", True),
    ],
)
def test_a_module_stays_in_one_process_and_services_share_one(one: str, other: str, together: bool) -> None:
    group = Modules.__new__(Modules)._split_scope

    assert (group(one) == group(other)) is together
