"""Fine-tune a tagger: from annotated papers and a configuration to a trained model and the record of its training."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from transformers import EarlyStoppingCallback, Trainer, TrainerCallback, set_seed
from transformers.trainer_utils import get_last_checkpoint

from serve.extractor.tagger import tag_batch, tag_rows
from serve.extractor.tagging import TAGS, RowEncoder, TaggedRow, spans
from training.backbone import base_directory, load_tagger, load_tokenizer
from training.batches import NO_LABEL, only_item
from training.config import TaggerConfig
from training.extraction.corpus import AnnotatedPaper
from training.extraction.rows import TaggedBatches
from training.extraction.scores import Place, mention_score
from training.finetune import history
from training.schedule import Best, trainer_arguments

EVALUATION_BATCH_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class FineTuned:
    """A trained PEFT model (the weights of the best evaluation), its tokenizer, and one record per evaluation."""

    model: Any
    tokenizer: Any
    config: TaggerConfig
    history: list[dict[str, float]]
    seconds: float

    def tag(self, papers: Sequence[AnnotatedPaper]) -> list[list[TaggedRow]]:
        """The rows of each paper, tagged."""
        return tag_papers(self.model, self.tokenizer, papers, max_tokens=self.config.max_tokens)


def fine_tune(
    config: TaggerConfig,
    train: Sequence[AnnotatedPaper],
    dev: Sequence[AnnotatedPaper],
    run_dir: Path,
    *,
    callbacks: Sequence[TrainerCallback] = (),
) -> FineTuned:
    """Train on `train`, keep the weights of the evaluation with the highest strict F1 of mentions on `dev`.

    `run_dir` holds a checkpoint per evaluation: a run that was killed goes on from the last one. TensorBoard files lie
    in it too. Deterministic for a seed, a machine and a number of threads.
    """
    set_seed(config.seed)
    base_dir = base_directory(config.base)
    tokenizer = load_tokenizer(base_dir)
    batches = TaggedBatches(train, tokenizer, max_tokens=config.max_tokens, batch_tokens=config.batch_tokens)
    model = load_tagger(base_dir, config, pad_token_id=tokenizer.pad_token_id)
    trainer = _TaggerTrainer(
        model=model,
        args=trainer_arguments(config, run_dir, batches=len(batches), best=Best("eval_f1", greater=True)),
        train_dataset=batches,
        dev=dev,
        tokenizer=tokenizer,
        config=config,
        data_collator=only_item,
        compute_loss_func=_loss,
        callbacks=[*callbacks, *([EarlyStoppingCallback(config.patience)] if config.patience else [])],
    )
    checkpoint = get_last_checkpoint(str(run_dir)) if run_dir.is_dir() else None
    result = trainer.train(resume_from_checkpoint=checkpoint)
    return FineTuned(model, tokenizer, config, history(trainer.state.log_history), result.metrics["train_runtime"])


class _TaggerTrainer(Trainer):
    """Evaluates by what counts in the end: the mentions that come out."""

    def __init__(
        self, *, dev: Sequence[AnnotatedPaper], tokenizer: Any, config: TaggerConfig, **arguments: Any
    ) -> None:
        batches = TaggedBatches(dev, tokenizer, max_tokens=config.max_tokens, batch_tokens=2 * config.batch_tokens)
        super().__init__(eval_dataset=batches, **arguments)
        self._dev, self._batches, self._tokenizer, self._config = dev, batches, tokenizer, config

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        tagged = tag_papers(self.model, self._tokenizer, self._dev, max_tokens=self._config.max_tokens)
        score = mention_score(marked(tagged), self._dev)
        figures = {
            "eval_loss": self._loss(),
            "eval_precision": score.precision,
            "eval_recall": score.recall,
            "eval_f1": score.f1,
        }
        self.log(figures)
        # The callbacks answer with the control they were given, changed in place.
        self.callback_handler.on_evaluate(self.args, self.state, self.control, figures)
        return figures

    @torch.inference_mode()
    def _loss(self) -> float:
        """Mean cross-entropy of a word's tag, in nats."""
        self.model.eval()
        total, words = 0.0, 0
        for index in range(len(self._batches)):
            batch = {name: values.to(self.model.device) for name, values in self._batches[index].items()}
            labels = batch.pop("labels")
            total += float(_summed_loss(self.model(**batch).logits, labels))
            words += int((labels != NO_LABEL).sum())
        return total / max(1, words)


def marked(tagged: Sequence[Sequence[TaggedRow]]) -> list[list[Place]]:
    """What the tags alone say of each paper, before names are judged and grounded."""
    return [[span for row in of_paper for span in spans(row)] for of_paper in tagged]


def tag_papers(
    model: Any, tokenizer: Any, papers: Sequence[AnnotatedPaper], *, max_tokens: int
) -> list[list[TaggedRow]]:
    """The rows of each paper, tagged."""
    rows = RowEncoder(tokenizer, max_tokens=max_tokens).encode([paper.document for paper in papers])
    model.eval()
    return tag_rows(partial(tag_batch, model, tokenizer), rows, batch_tokens=EVALUATION_BATCH_TOKENS)


def _loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | None = None) -> torch.Tensor:
    # The words of all forward passes of one optimiser step: batches differ in size, words count the same.
    return _summed_loss(outputs.logits, labels) / (
        (labels != NO_LABEL).sum() if num_items_in_batch is None else num_items_in_batch
    )


def _summed_loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return cross_entropy(
        logits.float().reshape(-1, len(TAGS)), labels.reshape(-1), ignore_index=NO_LABEL, reduction="sum"
    )
