"""The tutorial shows what the service answers."""

import csv
import io

import pytest

from pubserve import Client
from pubserve.tables import paper_rows
from tests.docs.pages import DOCS, Page


def shown(beginning: str) -> list[dict[str, str]]:
    """The table in the tutorial that begins so."""
    blocks = Page(DOCS / "tutorial.md").blocks
    text = next(block.text for block in blocks if block.text.startswith(beginning))
    return list(csv.DictReader(io.StringIO(text)))


def test_the_table_of_the_tutorial_is_what_is_answered(client: Client) -> None:
    answered = list(paper_rows(client.analyze_many(shown("id,"))))

    for row, told in zip(answered, shown("abstract_id,"), strict=True):
        assert [row["abstract_id"], row["labels"], row["diseases"], str(row["mentions"])] == [
            told["abstract_id"], told["labels"], told["diseases"], told["mentions"],
        ]  # fmt: skip
        assert row["confidence_Cancer"] == pytest.approx(float(told["confidence_Cancer"]), abs=0.02)
