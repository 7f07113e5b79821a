"""The classifier alone: confidences as calibrated, and no paper too long for it."""

import json
from math import log
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    LlamaConfig,
    LlamaForSequenceClassification,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForSequenceClassification,
)

from serve.classifier.input import EncodedText
from serve.classifier.model import ClassifierModel, Row, classify
from serve.model_store.sequence_classifiers import MeanPooledBert
from serve.text.document import Document

LABELS = ("Cancer", "Non-Cancer")
WORDS = ["<pad>", "<unk>", "tumour", "asthma", "<cls>", "<sep>"]
POSITIONS = 24


def save_model(directory: Path, family: str) -> Path:
    torch.manual_seed(0)
    common = {
        "vocab_size": len(WORDS),
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "pad_token_id": 0,
        "id2label": dict(enumerate(LABELS)),
    }
    network = {
        "bert": lambda: BertForSequenceClassification(BertConfig(**common, max_position_embeddings=POSITIONS)),
        "averaging bert": lambda: MeanPooledBert(
            BertConfig(**common, max_position_embeddings=POSITIONS, pooling="mean")
        ),
        "roberta": lambda: RobertaForSequenceClassification(
            RobertaConfig(**common, max_position_embeddings=POSITIONS + 1)
        ),
        "llama": lambda: LlamaForSequenceClassification(LlamaConfig(**common, max_position_embeddings=POSITIONS)),
    }[family]()
    network.save_pretrained(directory)
    words = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    tokens = {"pad_token": "<pad>", "unk_token": "<unk>"}
    if family == "averaging bert":
        tokens |= {"cls_token": "<cls>", "sep_token": "<sep>"}
        ends = [(token, WORDS.index(token)) for token in ("<cls>", "<sep>")]
        words.post_processor = processors.TemplateProcessing(single="<cls> $A <sep>", special_tokens=ends)
    PreTrainedTokenizerFast(tokenizer_object=words, **tokens).save_pretrained(directory)
    categories = {
        "Cancer": {"scale": 2.0, "evidence_scale": 3.0, "shift": 1.0, "threshold": 0.5},
        "Non-Cancer": {"scale": 1.0, "shift": 0.0, "threshold": 1.0},
    }
    (directory / "calibration.json").write_text(json.dumps({"words": "tumou?r", "categories": categories}))
    (directory / "input.json").write_text("{}")
    return directory


@pytest.mark.parametrize("family", ["bert", "roberta", "llama"])
def test_a_paper_longer_than_the_model_has_positions_for_is_cut_and_read(tmp_path: Path, family: str) -> None:
    model = ClassifierModel(save_model(tmp_path, family), dtype="float32", max_tokens=1000)
    papers = [Document("tumour", "asthma"), Document("tumour " * 500, "asthma " * 500)]
    short, long = model.encode(papers)

    predictions = classify(model, papers, max_batch_tokens=100)

    assert (len(short.ids), short.truncated) == (2, False)
    assert (len(long.ids), long.truncated) == (POSITIONS, True)
    assert all(0 <= given <= 1 for prediction in predictions for given in prediction.confidences.values())


def test_a_model_that_averages_reads_a_long_paper_in_windows_to_the_end(tmp_path: Path) -> None:
    model = ClassifierModel(save_model(tmp_path, "averaging bert"), dtype="float32", max_tokens=1000)
    [text] = model.encode([Document("tumour " * 30, "asthma " * 31)])

    rows = model.rows(text)

    assert not text.truncated
    assert [token for row in rows for token in row.ids[1:-1]] == text.ids[1:-1]
    assert all((row.ids[0], row.ids[-1]) == (text.ids[0], text.ids[-1]) for row in rows)
    assert [len(row.ids) for row in rows] == [22, 22, 23]


def test_what_windows_say_counts_by_their_length(tmp_path: Path) -> None:
    model = ClassifierModel(save_model(tmp_path, "averaging bert"), dtype="float32", max_tokens=1000)

    text = EncodedText(ids=[], truncated=False)

    together = model.decide(text, [Row([2] * 30), Row([3] * 10)], [[1.0, -1.0], [-3.0, 3.0]])

    assert together == model.decide(text, [Row([2])], [[0.0, 0.0]])


def test_many_papers_get_each_its_own_prediction(tmp_path: Path) -> None:
    model = ClassifierModel(save_model(tmp_path, "averaging bert"), dtype="float32", max_tokens=1000)
    papers = [Document("tumour " * (7 * number % 60), "asthma " * number) for number in range(1, 9)]

    together = classify(model, papers, max_batch_tokens=100)

    alone = [classify(model, [paper], max_batch_tokens=100)[0] for paper in papers]
    for one, other in zip(together, alone, strict=True):
        assert one.confidences == pytest.approx(other.confidences, abs=1e-3)


def test_the_limit_of_the_settings_counts_where_it_is_lower(tmp_path: Path) -> None:
    model = ClassifierModel(save_model(tmp_path, "bert"), dtype="float32", max_tokens=5)

    [text] = model.encode([Document("tumour " * 9, "")])

    assert (len(text.ids), text.truncated) == (5, True)


def test_confidences_are_calibrated_and_labels_reach_their_thresholds(tmp_path: Path) -> None:
    model = ClassifierModel(save_model(tmp_path, "bert"), dtype="float32", max_tokens=20)
    paper = Document("tumour", "asthma")
    [[cancer, other]] = model.predict(model.rows(*model.encode([paper])))

    [prediction] = classify(model, [paper], max_batch_tokens=100)

    wanted = torch.sigmoid(torch.tensor([2 * cancer + 3 * log(2) + 1, other]))
    assert prediction.confidences == pytest.approx(dict(zip(LABELS, wanted.tolist(), strict=True)), abs=1e-4)
    assert prediction.predicted == (["Cancer"] if wanted[0] >= 0.5 else [])
