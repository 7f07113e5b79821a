"""Results as a DataFrame."""

import sys

import pytest

from pubserve import Client, to_dataframe
from pubserve.testing import MockTransport

PAPERS = [{"id": "1", "title": "Lung cancer."}, {"id": "2"}]


@pytest.fixture
def client() -> Client:
    return Client(transport=MockTransport())


def test_a_response_and_its_results_are_the_same_table(client: Client) -> None:
    response = client.analyze(PAPERS)

    table = to_dataframe(response)

    assert list(table["abstract_id"]) == ["1", "2"]
    assert table.equals(to_dataframe(response.results))
    assert table.equals(response.to_dataframe())


def test_a_row_can_be_a_mention(client: Client) -> None:
    table = to_dataframe(client.analyze(PAPERS), rows="mentions")

    assert set(table["abstract_id"]) == {"1"}
    assert {"text", "start", "end", "disease", "doid", "mesh"} <= set(table.columns)


def test_without_pandas_it_says_what_to_install(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)

    with pytest.raises(ModuleNotFoundError, match=r"pip install 'pubserve\[pandas\]'"):
        to_dataframe(client.analyze(PAPERS))
