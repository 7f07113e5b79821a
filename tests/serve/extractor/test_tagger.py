"""The tagger's model: what it says of a paper does not depend on what is read beside it."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertForTokenClassification

from serve.extractor.support import Support
from serve.extractor.tagger import TaggerModel, tag_rows
from serve.extractor.tagging import TAGS, Row, TaggedRow, spans
from serve.text.document import Document

from .word_pieces import VOCABULARY, word_pieces

PAPERS = [
    Document("Asthma in the lung", "No cancer was in the lung. The asthma was of no use."),
    Document("Cancer", ""),
    Document("The lung", "Zoster of the lung, the cancer of the lung (no asthma)."),
]


def save_tagger(directory: Path, labels: tuple[str, ...] = TAGS) -> Path:
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(VOCABULARY), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=64, id2label=dict(enumerate(labels)),
    )  # fmt: skip
    model = BertForTokenClassification(config)
    with torch.no_grad():
        model.classifier.weight.mul_(40)  # random tags, but decided ones
    model.save_pretrained(directory)
    word_pieces().save_pretrained(directory)
    Support(threshold=0.5).save(directory)
    return directory


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> TaggerModel:
    return TaggerModel(save_tagger(tmp_path_factory.mktemp("tagger")), dtype="float32", max_tokens=64)


def test_a_paper_is_read_alike_alone_and_among_others(model: TaggerModel) -> None:
    rows = model.encode(PAPERS)

    together = tag_rows(model.predict, rows, batch_tokens=10_000)
    alone = [tagged for of in rows for tagged in tag_rows(model.predict, [of], batch_tokens=1)]

    for one, other in zip(together, alone, strict=True):
        assert [row.words for row in one] == [row.words for row in other]
        for row, same in zip(one, other, strict=True):
            torch.testing.assert_close(torch.tensor(row.probabilities), torch.tensor(same.probabilities))
    assert any(spans(row) for of in together for row in of)


def test_the_rows_of_a_paper_come_together_and_in_order(model: TaggerModel) -> None:
    def untagged(batch: Sequence[Row]) -> list[TaggedRow]:
        return [TaggedRow(row.words, []) for row in batch]

    rows = model.encode(PAPERS)
    found = tag_rows(untagged, [[*rows[0], *rows[2]], [], rows[1]], batch_tokens=1)

    expected = [[rows[0][0].words, rows[2][0].words], [], [rows[1][0].words]]
    assert [[row.words for row in of] for of in found] == expected


def test_a_model_of_other_tags_is_refused(tmp_path: Path) -> None:
    save_tagger(tmp_path, ("O", "B-Chemical", "I-Chemical"))

    with pytest.raises(ValueError, match="tags words with O, B-Chemical, I-Chemical, not with O, B, I"):
        TaggerModel(tmp_path, max_tokens=64)
