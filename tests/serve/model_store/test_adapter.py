"""Adapters: merged once, true to what PEFT computes, and never the wrong one."""

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, TaskType, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

from serve.model_store import AdapterError, CatalogError

from .conftest import MakeStore

LABELS = ["Cancer", "Non-Cancer"]
TEXTS = ["lung cancer patients", "gene expression in cells of the breast", "risk"]

ADAPTED = {"license": "MIT", "base": "base", "adapter": "adapter"}
CLASSIFIER = {**ADAPTED, "task": "sequence-classification"}


LLAMA_LAYERS = ["q_proj", "v_proj", "down_proj"]


def train(
    base: Path, adapter: Path, task: TaskType, layers: Sequence[str] = LLAMA_LAYERS, depth: int | None = None
) -> None:
    """As good as trained: every weight of the adapter, and of the head, is moved away from where it started. `depth` is
    how many of the base's layers are kept; None: all."""
    torch.manual_seed(1)
    model = classifier(base, depth) if task == TaskType.SEQ_CLS else AutoModelForCausalLM.from_pretrained(base)
    adapted = get_peft_model(model, LoraConfig(task_type=task, r=4, target_modules=list(layers)))
    with torch.no_grad():
        for parameter in adapted.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.2)
    adapted.save_pretrained(adapter)
    if task == TaskType.SEQ_CLS:
        (adapter / "head.json").write_text(json.dumps({"labels": LABELS, "layers": depth}))


def classifier(base: Path, depth: int | None = None) -> Any:
    kept = {} if depth is None else {"num_hidden_layers": depth}
    return AutoModelForSequenceClassification.from_pretrained(base, num_labels=len(LABELS), **kept)


@pytest.fixture
def base(tiny_llama: Path) -> dict[str, Any]:
    return {"license": "MIT", "source": {"kind": "local", "path": str(tiny_llama)}}


@pytest.fixture(scope="session")
def trained_classifier(tiny_llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("classifier")
    train(tiny_llama, directory, TaskType.SEQ_CLS)
    (directory / "calibration.json").write_text('{"scale": 1.5}')
    return directory


@pytest.fixture
def adapter(trained_classifier: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    return shutil.copytree(trained_classifier, tmp_path / "adapter")


def logits(model: Any, directory: Path) -> torch.Tensor:
    batch = AutoTokenizer.from_pretrained(directory)(TEXTS, padding=True, return_tensors="pt")
    with torch.no_grad():
        return model.eval()(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits


def test_a_merged_classifier_answers_as_the_unmerged_one(
    make_store: MakeStore, tiny_llama: Path, base: dict[str, Any], adapter: Path
) -> None:
    unmerged = AutoModelForSequenceClassification.from_pretrained(tiny_llama, num_labels=2)
    unmerged = PeftModel.from_pretrained(unmerged, adapter)

    path = make_store(base=base, classifier=CLASSIFIER).prepare("classifier").path
    merged = AutoModelForSequenceClassification.from_pretrained(path)

    torch.testing.assert_close(logits(merged, path), logits(unmerged, tiny_llama), rtol=1e-4, atol=1e-4)
    assert merged.config.id2label == dict(enumerate(LABELS))
    assert merged.config.label2id == {"Cancer": 0, "Non-Cancer": 1}
    assert merged.config.problem_type == "multi_label_classification"
    assert merged.config.architectures == ["LlamaForSequenceClassification"]


@pytest.mark.parametrize(
    ("encoder", "layers"), [("tiny_bert", ["query", "value", "dense"]), ("tiny_distilbert", ["q_lin", "v_lin"])]
)
def test_a_classifier_on_an_encoder_is_merged_too(
    make_store: MakeStore, request: pytest.FixtureRequest, tmp_path: Path, encoder: str, layers: list[str]
) -> None:
    base_dir: Path = request.getfixturevalue(encoder)
    train(base_dir, tmp_path / "adapter", TaskType.SEQ_CLS, layers)
    unmerged = logits(PeftModel.from_pretrained(classifier(base_dir), tmp_path / "adapter"), base_dir)
    base = {"license": "MIT", "task": "feature-extraction", "source": {"kind": "local", "path": str(base_dir)}}

    path = make_store(base=base, classifier=CLASSIFIER).prepare("classifier").path

    merged = AutoModelForSequenceClassification.from_pretrained(path)
    torch.testing.assert_close(logits(merged, path), unmerged, rtol=1e-4, atol=1e-4)


def test_layers_that_were_left_out_in_training_are_left_out_of_the_model(
    make_store: MakeStore, tiny_bert: Path, tmp_path: Path
) -> None:
    train(tiny_bert, tmp_path / "adapter", TaskType.SEQ_CLS, ["query", "value", "dense"], depth=1)
    unmerged = logits(PeftModel.from_pretrained(classifier(tiny_bert, depth=1), tmp_path / "adapter"), tiny_bert)
    base = {"license": "MIT", "task": "feature-extraction", "source": {"kind": "local", "path": str(tiny_bert)}}

    path = make_store(base=base, classifier=CLASSIFIER).prepare("classifier").path

    merged = AutoModelForSequenceClassification.from_pretrained(path)
    torch.testing.assert_close(logits(merged, path), unmerged, rtol=1e-4, atol=1e-4)
    assert not [name for name in load_file(path / "model.safetensors") if "layer.1." in name]


def test_a_merged_language_model_answers_as_the_unmerged_one(
    make_store: MakeStore, tiny_llama: Path, base: dict[str, Any], tmp_path: Path
) -> None:
    train(tiny_llama, tmp_path / "adapter", TaskType.CAUSAL_LM)
    plain = AutoModelForCausalLM.from_pretrained(tiny_llama)
    before = logits(plain, tiny_llama)
    unmerged = logits(PeftModel.from_pretrained(plain, tmp_path / "adapter"), tiny_llama)

    path = make_store(base=base, extractor=ADAPTED).prepare("extractor").path

    merged = logits(AutoModelForCausalLM.from_pretrained(path), path)
    torch.testing.assert_close(merged, unmerged, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(merged, before, atol=1e-2)


def test_small_files_beside_the_adapter_travel_with_the_model(
    make_store: MakeStore, base: dict[str, Any], adapter: Path, tiny_llama: Path
) -> None:
    (adapter / "tokenizer_config.json").write_text('{"tokenizer_class": "left over from training"}')
    (adapter / "README.md").write_text("a model card")

    path = make_store(base=base, classifier=CLASSIFIER).prepare("classifier").path

    assert json.loads((path / "calibration.json").read_text()) == {"scale": 1.5}
    assert json.loads((path / "head.json").read_text())["labels"] == LABELS
    assert "left over" not in (path / "tokenizer_config.json").read_text()
    assert not (path / "README.md").exists()
    assert not (path / "adapter_config.json").exists()


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "adapter_config.json", "calibration.json"])
def test_new_content_in_the_adapter_is_a_new_revision(
    make_store: MakeStore, base: dict[str, Any], adapter: Path, name: str
) -> None:
    store = make_store(base=base, classifier=CLASSIFIER)
    before = store.revision("classifier")

    (adapter / "README.md").write_text("a better model card")
    os.utime(adapter / name)
    assert store.revision("classifier") == before

    (adapter / name).write_bytes((adapter / name).read_bytes() + b" ")
    assert store.revision("classifier") != before


def test_a_new_base_is_a_new_revision(
    make_store: MakeStore, base: dict[str, Any], adapter: Path, tiny_llama: Path, tmp_path: Path
) -> None:
    other = shutil.copytree(tiny_llama, tmp_path / "other")
    (other / "config.json").write_text((other / "config.json").read_text() + " ")
    other_base = {"license": "MIT", "source": {"kind": "local", "path": str(other)}}

    assert make_store(base=base, classifier=CLASSIFIER).revision("classifier") != make_store(
        base=other_base, classifier=CLASSIFIER
    ).revision("classifier")


def test_a_missing_adapter_is_named_and_its_models_are_not_pruned(
    make_store: MakeStore, base: dict[str, Any], adapter: Path
) -> None:
    store = make_store(base=base, classifier=CLASSIFIER)
    prepared = store.prepare("classifier")
    shutil.rmtree(adapter)

    with pytest.raises(AdapterError, match=r"has no adapter_config\.json"):
        store.prepare("classifier")

    assert store.state("classifier") == "no adapter"
    assert store.prune() == []
    assert prepared.path.exists()


def test_an_adapter_can_be_had_as_it_is_for_an_engine_that_keeps_it_apart(
    make_store: MakeStore, base: dict[str, Any], adapter: Path
) -> None:
    store = make_store(base=base, other=base, classifier={**CLASSIFIER, "adapter": str(adapter)})

    assert store.adapter("classifier", base="base") == adapter
    for name, wanted in (("classifier", "other"), ("base", "base")):
        with pytest.raises(CatalogError, match=f"{name} is no adapter of {wanted}"):
            store.adapter(name, base=wanted)
    (adapter / "adapter_model.safetensors").unlink()
    with pytest.raises(AdapterError, match="has no adapter_model"):
        store.adapter("classifier", base="base")


@pytest.mark.parametrize("labels", ["", "[]", '{"labels": []}', '{"labels": [1, 2]}', '{"names": ["a"]}'])
def test_labels_that_cannot_be_read_are_refused(
    make_store: MakeStore, base: dict[str, Any], adapter: Path, labels: str
) -> None:
    (adapter / "head.json").write_text(labels)

    with pytest.raises(AdapterError, match=r"head\.json"):
        make_store(base=base, classifier=CLASSIFIER).prepare("classifier")


def test_an_adapter_of_another_base_is_refused(
    make_store: MakeStore, base: dict[str, Any], adapter: Path, tmp_path: Path
) -> None:
    """PEFT only warns of tensors that have no place, and would go on with the bare base model."""
    weights = load_file(adapter / "adapter_model.safetensors")
    save_file(
        {k.replace("layers.1.", "layers.7."): v for k, v in weights.items()}, adapter / "adapter_model.safetensors"
    )

    with pytest.raises(AdapterError, match=r"does not fit its base: \d+ tensors differ"):
        make_store(base=base, classifier=CLASSIFIER).prepare("classifier")


def test_a_classifier_without_its_trained_head_is_refused(
    make_store: MakeStore, base: dict[str, Any], tiny_llama: Path, tmp_path: Path
) -> None:
    train(tiny_llama, tmp_path / "adapter", TaskType.CAUSAL_LM)
    (tmp_path / "adapter" / "head.json").write_text(json.dumps({"labels": LABELS}))

    with pytest.raises(AdapterError, match="lacks a part of the classification head: score") as caught:
        make_store(base=base, classifier=CLASSIFIER).prepare("classifier")

    assert 'modules_to_save=["score"]' in caught.value.hint


def test_a_classifier_without_one_layer_of_its_head_is_refused(
    make_store: MakeStore, tiny_distilbert: Path, tmp_path: Path
) -> None:
    train(tiny_distilbert, tmp_path / "adapter", TaskType.SEQ_CLS, ["q_lin", "v_lin"])
    file = tmp_path / "adapter" / "adapter_model.safetensors"
    save_file({name: tensor for name, tensor in load_file(file).items() if "pre_classifier" not in name}, file)
    base = {"license": "MIT", "source": {"kind": "local", "path": str(tiny_distilbert)}}

    with pytest.raises(AdapterError, match="lacks a part of the classification head: pre_classifier"):
        make_store(base=base, classifier=CLASSIFIER).prepare("classifier")
