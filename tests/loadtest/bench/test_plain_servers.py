"""The plain servers as programs, with tiny random models in place of the real weights."""

from typing import Any

import pytest
import torch
from fastapi.testclient import TestClient
from transformers import BertConfig, BertForSequenceClassification, BertForTokenClassification

from loadtest.bench.measurement import Work
from loadtest.bench.peers import fastapi_pipelines, flask_one_by_one, models
from loadtest.bench.peers.peer import OverHttp, Peer
from pubserve import Paper
from serve.extractor.tagging import TAGS

WORDS = ("<pad>", "<unk>", "<eos>", "asthma", "is", "common", "cancer")
PAPERS = [Paper(id="1", title="Asthma", abstract="asthma is common"), Paper(id="2", title="cancer " * 60)]


def tokenizer() -> Any:
    from tokenizers import Tokenizer, pre_tokenizers
    from tokenizers import models as kinds
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(kinds.WordLevel({word: n for n, word in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", unk_token="<unk>", eos_token="<eos>", model_max_length=32
    )


def bert(kind: Any, *labels: str) -> Any:
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=32, pad_token_id=0, id2label=dict(enumerate(labels)),
    )  # fmt: skip
    torch.manual_seed(0)
    return kind(config).eval()


def llama() -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(WORDS), hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=4096, pad_token_id=0, eos_token_id=2,
    )  # fmt: skip
    torch.manual_seed(0)
    return LlamaForCausalLM(config).eval()


@pytest.fixture(autouse=True)
def tiny_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        models, "classifier", lambda: (bert(BertForSequenceClassification, "Cancer", "Non-Cancer"), tokenizer())
    )
    monkeypatch.setattr(models, "tagger", lambda: (bert(BertForTokenClassification, *TAGS), tokenizer()))
    monkeypatch.setattr(models, "generator", lambda: (llama(), tokenizer()))


def asked(peer: Peer, paper: Paper) -> list[tuple[str, bytes]]:
    assert isinstance(peer.drive, OverHttp)
    return [(call.path, call.body) for call in peer.drive.calls(Work.ANALYZE, [paper])]


JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("paper", PAPERS, ids=["short", "longer than the model reads"])
def test_flask_answers_both_routes_of_the_first_version(paper: Paper) -> None:
    client = flask_one_by_one.create_app().test_client()
    answers = [client.post(path, data=body, headers=JSON) for path, body in asked(flask_one_by_one.FLASK, paper)]
    labels, diseases = (answer.get_json() for answer in answers)
    assert labels["confidence_scores"].keys() == {"Cancer", "Non-Cancer"}
    assert isinstance(diseases["extracted_diseases"], list)


@pytest.mark.parametrize("paper", PAPERS, ids=["short", "longer than the model reads"])
def test_fastapi_answers_with_labels_and_diseases(paper: Paper) -> None:
    [(path, body)] = asked(fastapi_pipelines.FASTAPI_PIPELINES, paper)
    with TestClient(fastapi_pipelines.create_app()) as client:
        answer = fastapi_pipelines.Analyzed.model_validate(client.post(path, content=body, headers=JSON).json())
    assert answer.confidence_scores.keys() == {"Cancer", "Non-Cancer"}


def test_the_pipelines_read_a_batch_as_they_read_one_by_one() -> None:
    pipelines = fastapi_pipelines.load()
    texts = ["asthma is common", "cancer", "is asthma cancer common is"]
    together = pipelines(texts)
    for text, answer in zip(texts, together, strict=True):
        [alone] = pipelines([text])
        assert alone.confidence_scores == pytest.approx(answer.confidence_scores, abs=1e-5)
        assert alone.extracted_diseases == answer.extracted_diseases
