"""Weights in, an ordinary transformers directory out. Heavy imports wait until something has to be converted."""

import json
import shutil
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from serve.model_store.adapter import ADAPTER_WEIGHTS, adapter_extras
from serve.model_store.catalog import Task
from serve.model_store.errors import AdapterError, ConversionError, ModelStoreError, storage_problem
from serve.model_store.heads import Head
from serve.model_store.patches import no_progress_bars, quick_gguf
from serve.model_store.trust import DATA_ONLY, SAFETENSORS_ONLY

_PEFT_PREFIX = "base_model.model."
_CLASSIFICATION = ("sequence-classification", "token-classification")


def convert_gguf(source: Path, target: Path) -> None:
    """Dequantise the one GGUF file in `source` to bfloat16 and write model, configuration and tokenizer to `target`.

    Raises `ConversionError`. Takes seconds to minutes, and memory for about twice the bfloat16 weights.
    """
    files = sorted(source.glob("*.gguf"))
    if len(files) != 1:
        raise ConversionError(f"Expected one .gguf file, found {len(files)}.", "Name one file in the catalogue.")
    with _transformers(f"converting {files[0].name}", target) as transformers, quick_gguf():
        import torch

        where: dict[str, Any] = {"gguf_file": files[0].name, **DATA_ONLY}
        tokenizer = transformers.AutoTokenizer.from_pretrained(source, **where)
        model = transformers.AutoModelForCausalLM.from_pretrained(
            source, dtype=torch.bfloat16, quantization_config=transformers.GgufConfig(dequantize=True), **where
        )
        _save(model, tokenizer, target)


def merge_adapter(base: Path, adapter: Path, task: Task, target: Path) -> None:
    """Merge the PEFT adapter in `adapter` into the model in `base` and write the result to `target`.

    The sum is formed in float32 and rounded once, to the base's own dtype. For classification, of texts or of their
    tokens, the labels come from the adapter's `head.json`, which may also leave out upper layers. Small JSON files
    beside the adapter are carried along. Raises `AdapterError` or `ConversionError`.
    """
    with _transformers(f"merging the adapter {adapter}", target) as transformers:
        import peft
        import torch

        config = transformers.AutoConfig.from_pretrained(base, **DATA_ONLY)
        dtype = config.dtype or torch.float32
        tokenizer = transformers.AutoTokenizer.from_pretrained(base, **DATA_ONLY)
        options: dict[str, Any] = {"dtype": torch.float32, **SAFETENSORS_ONLY}
        if task in _CLASSIFICATION:
            from serve.model_store.sequence_classifiers import load_sequence_classifier
            from serve.model_store.token_classifiers import load_token_classifier

            load = load_sequence_classifier if task == "sequence-classification" else load_token_classifier
            model, loading = load(
                base, output_loading_info=True, config=Head.load(adapter).configure(config), **options
            )
            _check_head(adapter, loading["missing_keys"])
            if model.config.pad_token_id is None:
                model.config.pad_token_id = tokenizer.pad_token_id  # the model finds a text's end by its padding
        else:
            model = transformers.AutoModelForCausalLM.from_pretrained(base, **options)
        adapted = peft.PeftModel.from_pretrained(model, adapter)
        _check_fit(adapted, adapter)
        _save(adapted.merge_and_unload().to(dtype), tokenizer, target)
    for path in adapter_extras(adapter):
        if not (target / path.name).exists():
            shutil.copyfile(path, target / path.name)


def check_complete(directory: Path) -> None:
    """Raise `ConversionError` unless `directory` holds a configuration, all its weights and a tokenizer."""
    index = directory / "model.safetensors.index.json"
    shards = (
        set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        if index.is_file()
        else {"model.safetensors"}
    )
    missing = [name for name in ("config.json", *sorted(shards)) if not (directory / name).is_file()]
    if not any((directory / name).is_file() for name in ("tokenizer.json", "tokenizer.model", "vocab.json")):
        missing.append("tokenizer.json")
    if missing:
        raise ConversionError(
            f"The model lacks {', '.join(missing)}.", "Its source must hold a complete transformers directory."
        )


def _check_head(adapter: Path, missing_in_base: Iterable[str]) -> None:
    """What neither the base nor the adapter holds would be served with random values, and nothing else would tell."""
    untrained = {f"{_PEFT_PREFIX}{name}" for name in missing_in_base} - _tensor_names(adapter)
    if untrained:
        modules = sorted({name.removeprefix(_PEFT_PREFIX).rpartition(".")[0] for name in untrained})
        raise AdapterError(
            f"The adapter {adapter} lacks a part of the classification head: {', '.join(modules)}.",
            f"Train it with PEFT's task_type for classification and modules_to_save={json.dumps(modules)}.",
        )


def _check_fit(adapted: Any, adapter: Path) -> None:
    """PEFT only warns about tensors that have no place in the base model, and goes on without them."""
    from peft import get_peft_model_state_dict

    strays = _tensor_names(adapter) ^ set(get_peft_model_state_dict(adapted))
    if strays:
        raise AdapterError(
            f"The adapter {adapter} does not fit its base: {len(strays)} tensors differ, such as {min(strays)}.",
            "It was trained on another base model; correct `base` in the catalogue.",
        )


def _tensor_names(adapter: Path) -> set[str]:
    from safetensors import safe_open

    with safe_open(adapter / ADAPTER_WEIGHTS, framework="pt") as file:
        return set(file.keys())


def _save(model: Any, tokenizer: Any, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
    for path in target.iterdir():
        path.chmod(0o644)  # the writer leaves weights to their owner, but a cache is often filled by another user


@contextmanager
def _transformers(doing: str, target: Path) -> Iterator[Any]:
    """The transformers library, silenced; any failure inside becomes one of our errors."""
    import transformers
    from transformers.utils import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        with no_progress_bars(), warnings.catch_warnings(action="ignore"):
            yield transformers
    except ModelStoreError:
        raise
    except Exception as error:  # its errors share no root
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise storage_problem(error, target) or ConversionError(f"Failed {doing}: {said[0]}") from error
    finally:
        logging.set_verbosity(verbosity)
