"""Training a generator: it learns, goes on after a kill, and what is exported is what was trained."""

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from serve.extractor.prompt import PREFIX, Prompt, build_prompt, prefix_of, write_names
from serve.model_store import Catalog, ModelStore
from tests.training.conftest import KilledAt
from training.backbone import load_tokenizer
from training.config import GeneratorConfig, InvalidConfig
from training.extraction.corpus import AnnotatedPaper, Parts
from training.extraction.generator.examples import units_of
from training.extraction.generator.finetune import FineTuned, fine_tune
from training.extraction.generator.runs import run
from training.runs import ADAPTER, RESULT_FILE

from .conftest import INSTRUCTIONS, save_base

Papers = list[AnnotatedPaper]
CONFIGS = Path("training/configs/generators")


@pytest.fixture(scope="module")
def tuned(config: GeneratorConfig, papers: Papers, tmp_path_factory: pytest.TempPathFactory) -> FineTuned:
    return fine_tune(config, papers[:30], papers[30:], tmp_path_factory.mktemp("run"))


def test_it_learns_what_is_annotated(tuned: FineTuned) -> None:
    assert tuned.history[-1]["exact"] >= 0.9
    assert tuned.history[-1]["dev_loss"] < tuned.history[0]["dev_loss"]


def test_every_evaluation_is_on_record(tuned: FineTuned) -> None:
    assert [record["epoch"] for record in tuned.history] == list(range(1, 11))
    assert tuned.history[-1].keys() == {"epoch", "train_loss", "dev_loss", "exact"}


def test_a_run_that_was_killed_goes_on_from_its_last_checkpoint(
    tuned: FineTuned, config: GeneratorConfig, papers: Papers, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        fine_tune(config, papers[:30], papers[30:], tmp_path, callbacks=[KilledAt(2.3)])

    assert fine_tune(config, papers[:30], papers[30:], tmp_path).history == tuned.history


@pytest.mark.parametrize("family", ["llama", "gemma"])
def test_what_is_exported_and_merged_writes_what_the_record_says(
    family: str, config: GeneratorConfig, papers: Papers, tmp_path: Path
) -> None:
    config = config.model_copy(update={"base": str(save_base(tmp_path / "base", family))})
    dev = papers[30:]

    done = run(config, Parts(train=papers[:30], dev=dev, test={}), tmp_path / "run")

    models = {
        "base": {"license": "MIT", "source": {"kind": "local", "path": config.base}},
        "generator": {"license": "MIT", "base": "base", "adapter": str(tmp_path / "run" / ADAPTER)},
    }
    merged = ModelStore(tmp_path / "cache", Catalog.model_validate({"models": models})).prepare("generator").path
    prompt = Prompt.load(merged)
    units = [unit for paper in dev for unit in units_of(paper, max_chars=config.max_unit_chars)]
    answers = written(merged, [build_prompt(text, prompt.prefix) for text, _ in units])
    right = [answer == write_names(names) for answer, (_, names) in zip(answers, units, strict=True)]
    assert prompt == Prompt(prefix=prefix_of((), INSTRUCTIONS), max_unit_chars=config.max_unit_chars)
    best = min(done.history, key=lambda record: record["dev_loss"])
    assert sum(right) / len(right) == best["exact"] > 0.25


def test_layers_below_the_first_adapted_one_stay_as_they_are(
    config: GeneratorConfig, papers: Papers, tmp_path: Path
) -> None:
    upper = config.model_copy(update={"lora": config.lora.model_copy(update={"first_layer": 1}), "epochs": 2})

    tuned = fine_tune(upper, papers[:10], papers[10:12], tmp_path)

    trained = [name for name, weights in tuned.model.named_parameters() if weights.requires_grad]
    assert trained
    assert all("layers.1." in name for name in trained)


def test_a_run_that_is_done_is_read_and_one_of_another_configuration_refused(
    config: GeneratorConfig, papers: Papers, tmp_path: Path
) -> None:
    quick = config.model_copy(update={"epochs": 1})
    done = run(quick, Parts(train=papers[:10], dev=papers[10:12], test={}), tmp_path)

    assert run(quick, Parts(train=[], dev=[], test={}), tmp_path) == done
    with pytest.raises(InvalidConfig, match="holds a run of another configuration"):
        run(quick.model_copy(update={"instructions": "Other"}), Parts(train=[], dev=[], test={}), tmp_path)
    assert json.loads((tmp_path / RESULT_FILE).read_text())["papers"] == {"train": 10, "dev": 2}


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_configurations_in_the_repository_are_valid(path: Path) -> None:
    assert GeneratorConfig.load(path).base


def test_a_generator_keeps_all_its_layers() -> None:
    with pytest.raises(ValueError, match="layers must be null"):
        GeneratorConfig(base="any", layers=3)


def test_its_prompt_is_shorter_than_that_of_a_model_that_was_not_trained() -> None:
    assert len(prefix_of((), GeneratorConfig(base="any").instructions)) < len(PREFIX) / 10


@torch.inference_mode()
def written(model_dir: Path, prompts: list[str]) -> list[str]:
    """What a model answers, decoded greedily."""
    tokenizer = load_tokenizer(model_dir)
    model = AutoModelForCausalLM.from_pretrained(model_dir).float()
    answers = []
    for prompt in prompts:
        ids = tokenizer(prompt, return_tensors="pt")
        given = model.generate(**ids, max_new_tokens=20, do_sample=False)[0, ids["input_ids"].shape[1] :]
        # This tokenizer puts a space between its tokens.
        answers.append(tokenizer.decode(given, skip_special_tokens=True).replace('[" ', '["').replace(' "]', '"]'))
    return answers
