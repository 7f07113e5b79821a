"""Fine-tune a generator: from annotated papers and a configuration to a trained model and its record."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from transformers import EarlyStoppingCallback, Trainer, TrainerCallback, set_seed
from transformers.trainer_utils import get_last_checkpoint

from serve.extractor.prompt import Prompt, prefix_of
from training.backbone import base_directory, load_generator, load_tokenizer
from training.batches import NO_LABEL, Batch, only_item
from training.config import GeneratorConfig
from training.extraction.corpus import AnnotatedPaper
from training.extraction.generator.batches import AnswerBatches
from training.extraction.generator.examples import training_examples
from training.finetune import history
from training.schedule import Best, trainer_arguments


@dataclass(frozen=True, slots=True)
class FineTuned:
    """A trained PEFT model (the weights of the best evaluation), its tokenizer and prompt, and one record per
    evaluation. `tokens` are those of one epoch."""

    model: Any
    tokenizer: Any
    config: GeneratorConfig
    prompt: Prompt
    history: list[dict[str, float]]
    tokens: int
    seconds: float


def fine_tune(
    config: GeneratorConfig,
    train: Sequence[AnnotatedPaper],
    dev: Sequence[AnnotatedPaper],
    run_dir: Path,
    *,
    callbacks: Sequence[TrainerCallback] = (),
) -> FineTuned:
    """Train on `train`, keep the weights of the evaluation with the lowest loss on `dev`.

    `run_dir` holds a checkpoint per evaluation: a run that was killed goes on from the last one. TensorBoard files lie
    in it too. Deterministic for a seed, a machine and a number of threads.
    """
    set_seed(config.seed)
    base_dir = base_directory(config.base)
    tokenizer = load_tokenizer(base_dir)
    prompt = Prompt(prefix=prefix_of((), config.instructions), max_unit_chars=config.max_unit_chars)
    batches = _plan(train, tokenizer, prompt, config, share_without=config.share_without)
    model = load_generator(base_dir, config)
    trainer = _AnswerTrainer(
        model=model,
        args=trainer_arguments(config, run_dir, batches=len(batches), best=Best("eval_loss", greater=False)),
        train_dataset=batches,
        dev_batches=_plan(dev, tokenizer, prompt, config, share=2),
        data_collator=only_item,
        compute_loss_func=_loss,
        callbacks=[*callbacks, *([EarlyStoppingCallback(config.patience)] if config.patience else [])],
    )
    checkpoint = get_last_checkpoint(str(run_dir)) if run_dir.is_dir() else None
    result = trainer.train(resume_from_checkpoint=checkpoint)
    seconds = result.metrics["train_runtime"]
    return FineTuned(model, tokenizer, config, prompt, history(trainer.state.log_history), batches.tokens, seconds)


class _AnswerTrainer(Trainer):
    """Only what predicts an answer goes through the output layer, which costs as much as all layers below it where the
    vocabulary is large."""

    def __init__(self, *, dev_batches: AnswerBatches, **arguments: Any) -> None:
        super().__init__(eval_dataset=dev_batches, **arguments)
        self._dev_batches = dev_batches

    def compute_loss(
        self, model: Any, inputs: Batch, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        del model, return_outputs  # the Trainer asks for outputs in its own evaluation only, which is not used
        return _loss(*self._answers(inputs), num_items_in_batch)

    @torch.inference_mode()
    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """`eval_loss` is the mean cross-entropy of a token, in nats; `eval_exact` the share of texts whose answer
        greedy decoding writes to the letter."""
        self.model.eval()
        total, tokens, right, texts = 0.0, 0, 0, 0
        for index in range(len(self._dev_batches)):
            batch = self._prepare_inputs(self._dev_batches[index])
            logits, targets = self._answers(batch)
            total += float(_loss(logits, targets, 1))
            tokens += len(targets)
            lengths = (batch["labels"] != NO_LABEL).sum(dim=1).tolist()
            # A token of an answer is predicted from the right ones before it: if all are right, so is what is decoded.
            right += sum(bool(of.all()) for of in (logits.argmax(dim=-1) == targets).split(lengths))
            texts += len(lengths)
        figures = {"eval_loss": total / max(1, tokens), "eval_exact": right / max(1, texts)}
        self.log(figures)
        # The callbacks answer with the control they were given, changed in place.
        self.callback_handler.on_evaluate(self.args, self.state, self.control, figures)
        return figures

    def _answers(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits, (tokens of all answers, vocabulary), and these tokens, row by row."""
        network = self.model.get_base_model()
        targets = batch["labels"][:, 1:]
        answered = targets != NO_LABEL
        with self.accelerator.autocast():
            states = network.base_model(
                input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], use_cache=False
            ).last_hidden_state
            return network.get_output_embeddings()(states[:, :-1][answered]), targets[answered]


def _loss(logits: torch.Tensor, targets: torch.Tensor, num_items_in_batch: Any = None) -> torch.Tensor:
    # The tokens of all forward passes of one optimiser step: batches differ in size, tokens count the same.
    return cross_entropy(logits.float(), targets, reduction="sum") / (num_items_in_batch or len(targets))


def _plan(
    papers: Sequence[AnnotatedPaper],
    tokenizer: Any,
    prompt: Prompt,
    config: GeneratorConfig,
    *,
    share_without: float = 1.0,
    share: int = 1,
) -> AnswerBatches:
    """Batches of `share` times the configured tokens: without gradients there is room for more."""
    examples = training_examples(papers, max_chars=config.max_unit_chars, share_without=share_without, seed=config.seed)
    return AnswerBatches(
        examples, tokenizer, prompt, max_tokens=config.max_tokens, batch_tokens=share * config.batch_tokens
    )
