"""A run of the generator's training, kept on disk, and the adapter that comes of it."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from training.config import GeneratorConfig
from training.extraction.corpus import Parts
from training.extraction.generator.finetune import FineTuned, fine_tune
from training.runs import ADAPTER, RESULT_FILE, read_record


class GeneratorRun(BaseModel):
    """The record of one run. `tokens` are those of an epoch, `seconds` the training with its evaluations."""

    model_config = ConfigDict(frozen=True)

    config: GeneratorConfig
    papers: dict[str, int]
    tokens: int
    history: list[dict[str, float]]
    seconds: float
    parameters: int
    trained_parameters: int


def run(config: GeneratorConfig, parts: Parts, run_dir: Path) -> GeneratorRun:
    """Train, and keep the record and the adapter in `run_dir`. A run that is done is read.

    Raises:
        InvalidConfig: `run_dir` holds a run of another configuration.
    """
    if done := read_record(GeneratorRun, config, run_dir):
        return done
    tuned = fine_tune(config, parts.train, parts.dev, run_dir)
    done = GeneratorRun(
        config=config,
        papers={"train": len(parts.train), "dev": len(parts.dev)},
        tokens=tuned.tokens,
        history=tuned.history,
        seconds=round(tuned.seconds, 1),
        parameters=sum(weights.numel() for weights in tuned.model.get_base_model().parameters()),
        trained_parameters=sum(weights.numel() for weights in tuned.model.parameters() if weights.requires_grad),
    )
    export_adapter(tuned, run_dir / ADAPTER)
    # Last, so that a record means that all the rest is there.
    (run_dir / RESULT_FILE).write_text(done.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return done


def export_adapter(tuned: FineTuned, adapter: Path) -> None:
    """Write what serving needs: weights, and the prompt they were trained on."""
    # In the type of the base: what it is merged into has no finer numbers, and the file is half as large.
    tuned.model.to(tuned.model.get_base_model().dtype)
    # The catalogue's name of the base, not the directory it happened to lie in.
    tuned.model.peft_config["default"].base_model_name_or_path = tuned.config.base
    tuned.model.save_pretrained(adapter)
    (adapter / "README.md").unlink()  # PEFT's template of a model card
    tuned.prompt.save(adapter)
