"""The gpu profile on a CPU: Phi-4's architecture, tiny and random, with LoRA adapters kept apart from their base.

Everything is the profile's own but for the names of the models and what asks for a GPU.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import openai
import psutil
import pytest
import torch
import yaml
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    Phi3Config,
    Phi3ForCausalLM,
)

from loadtest.processes import free_port
from loadtest.scale.components import part_of
from pubserve import Analysis, Client
from serve.model_store import ModelStore
from tests.e2e.conftest import ASTHMA, CANCER, RunningService, started, unread

BASE, CLASSIFIER = "tiny-phi", "tiny-classifier"
ADAPTERS = ("tiny-diseases", "tiny-other")
PROJECTIONS = ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"]
PROMPT = "Patients with asthma were"
LABELS = ("Cancer", "Non-Cancer")


def save_base(directory: Path) -> None:
    """Phi-4's layers, two of them and narrow, with the words of a model that is in the catalogue."""
    tokenizer = AutoTokenizer.from_pretrained(ModelStore().prepare("smollm2-135m-instruct").path)
    tokenizer.save_pretrained(directory)
    torch.manual_seed(0)
    config = Phi3Config(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    Phi3ForCausalLM(config).save_pretrained(directory)


def save_adapter(base: Any, directory: Path, *, task: str, seed: int) -> None:
    """As good as trained: every weight is moved away from where it started."""
    torch.manual_seed(seed)
    adapted = get_peft_model(base, LoraConfig(task_type=task, r=8, target_modules=PROJECTIONS))
    with torch.no_grad():
        for weights in adapted.parameters():
            if weights.requires_grad:
                weights.add_(torch.randn_like(weights) * 0.2)
    adapted.save_pretrained(directory)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the base, three adapters and a catalogue of them."""
    folder = tmp_path_factory.mktemp("models")
    save_base(folder / BASE)
    for seed, name in enumerate(ADAPTERS, start=1):
        save_adapter(AutoModelForCausalLM.from_pretrained(folder / BASE), folder / name, task="CAUSAL_LM", seed=seed)
    classifier = AutoModelForSequenceClassification.from_pretrained(folder / BASE, num_labels=len(LABELS))
    save_adapter(classifier, folder / CLASSIFIER, task="SEQ_CLS", seed=0)
    category = {"scale": 1.0, "shift": 0.0, "threshold": 0.5}
    beside = {"head": {"labels": LABELS}, "input": {}, "calibration": {"categories": dict.fromkeys(LABELS, category)}}
    for name, content in beside.items():
        (folder / CLASSIFIER / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    entries: dict[str, Any] = {BASE: {"license": "none", "source": {"kind": "local", "path": str(folder / BASE)}}}
    for name in (*ADAPTERS, CLASSIFIER):
        entries[name] = {"license": "none", "base": BASE, "adapter": str(folder / name)}
    entries[CLASSIFIER]["task"] = "sequence-classification"
    (folder / "catalog.yaml").write_text(yaml.safe_dump({"models": entries}), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def gpu_service(models: Path) -> Iterator[RunningService]:
    port = free_port()
    command = [sys.executable, "-m", "serve.launch", "--port", str(port)]
    environment = {
        "PUBSERVE_PROFILE": "gpu",
        "PUBSERVE_CATALOG": str(models / "catalog.yaml"),
        "PUBSERVE_HTTP__HOST": "127.0.0.1",
        "PUBSERVE_CLASSIFIER__MODEL": CLASSIFIER,
        "PUBSERVE_EXTRACTOR__MODEL": BASE,
        "PUBSERVE_EXTRACTOR__ADAPTERS": json.dumps(ADAPTERS),
        "PUBSERVE_EXTRACTOR__READS_WITH": ADAPTERS[0],
        # What a machine without a GPU, and with little memory, needs otherwise.
        "PUBSERVE_CLASSIFIER__DTYPE": "float32",
        "PUBSERVE_CLASSIFIER__SCALING__GPUS": "0",
        "PUBSERVE_EXTRACTOR__DTYPE": "float32",
        "PUBSERVE_EXTRACTOR__ACCELERATOR": "",
        "PUBSERVE_EXTRACTOR__ENGINE": json.dumps({"max_model_len": 2048, "max_num_seqs": 8, "enforce_eager": True}),
        "PUBSERVE_EXTRACTOR__ENV": json.dumps({"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_NUM_OF_RESERVED_CPU": "0"}),
        # Random weights fill every list to its bounds.
        "PUBSERVE_EXTRACTOR__MAX_ITEMS": "2",
        "PUBSERVE_EXTRACTOR__MAX_ITEM_CHARS": "8",
        "PUBSERVE_RAY__OBJECT_STORE_MB": "200",
    }
    with started(command, f"http://127.0.0.1:{port}", **environment) as running:
        yield running


@pytest.fixture
def openai_client(gpu_service: RunningService) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{gpu_service.url}/v1", api_key="none", max_retries=0, timeout=120) as client:
        yield client


def test_the_adapters_are_models_beside_their_base(openai_client: openai.OpenAI) -> None:
    assert [model.id for model in openai_client.models.list()] == [BASE, *ADAPTERS, "pubserve"]


@pytest.mark.parametrize("model", [BASE, *ADAPTERS])
def test_each_writes_what_peft_writes_with_the_same_weights(
    openai_client: openai.OpenAI, models: Path, model: str
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(models / BASE)
    network: Any = AutoModelForCausalLM.from_pretrained(models / BASE)
    if model != BASE:
        network = PeftModel.from_pretrained(network, models / model)
    prompt = tokenizer(PROMPT, return_tensors="pt")
    written = network.eval().generate(**prompt, max_new_tokens=6, do_sample=False)[0, prompt.input_ids.shape[1] :]

    answer = openai_client.completions.create(model=model, prompt=PROMPT, max_tokens=6, temperature=0)

    assert answer.choices[0].text == tokenizer.decode(written)


def test_papers_are_read_with_the_adapter_that_the_settings_name(gpu_service: RunningService) -> None:
    with Client(gpu_service.url) as client:
        answer = client.analyze([CANCER, ASTHMA])

    for paper, result in zip((CANCER, ASTHMA), answer.results, strict=True):
        assert isinstance(result, Analysis)
        assert (result.models.classifier or "").startswith(f"{CLASSIFIER}@")
        assert (result.models.extractor or "").startswith(f"{ADAPTERS[0]}@")
        assert set(result.confidence_scores) == set(LABELS)
        for mention in result.mentions:
            assert getattr(paper, mention.field)[mention.start : mention.end] == mention.text


def test_a_model_that_is_not_served_is_not_found(gpu_service: RunningService) -> None:
    body = {"model": CLASSIFIER, "prompt": PROMPT}

    answer = httpx.post(f"{gpu_service.url}/v1/completions", json=body)

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "model_not_found"


def engine_core(service: RunningService) -> int:
    """vLLM's own process below the replica of the engine."""
    [core] = [
        process.pid
        for process in psutil.Process(service.process.pid).children(recursive=True)
        if part_of(" ".join(process.cmdline())) == "Engine core"
    ]
    return core


def test_when_vllm_dies_callers_are_told_to_come_back_and_papers_are_read_by_the_next_engine(
    gpu_service: RunningService,
) -> None:
    url, prompt = f"{gpu_service.url}/v1/completions", {"model": BASE, "prompt": PROMPT, "max_tokens": 4}
    # What was not compiled yet is now: a process killed over that leaves a broken file in the compiler's cache.
    assert httpx.post(url, json=prompt, timeout=120).status_code == 200
    with Client(gpu_service.url) as client, ThreadPoolExecutor(1) as thread:
        reading = thread.submit(client.analyze, unread(40))
        while gpu_service.metric('pubserve_in_flight{unit="tokens"}') == 0:
            assert not reading.done()

        os.kill(engine_core(gpu_service), signal.SIGKILL)
        refused = httpx.post(url, json=prompt, timeout=60)
        answer = reading.result(timeout=900)
        deadline_s = time.monotonic() + 300
        while (answered := httpx.post(url, json=prompt, timeout=60)).status_code == 503:
            assert time.monotonic() < deadline_s, "the next engine answers no chats"
            time.sleep(1)

    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "unavailable")
    assert int(refused.headers["retry-after"]) > 0
    assert all(result.ok for result in answer.results)
    assert answered.status_code == 200
