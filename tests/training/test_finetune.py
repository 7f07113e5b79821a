"""Fine-tuning: it learns, stops, goes on after a kill, and answers the same for the same seed."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TrainerCallback

from training.config import InvalidConfig, TrainingConfig
from training.data.papers import LabelledPaper
from training.finetune import FineTuned, fine_tune
from training.frozen_prefix import find_layers

from .conftest import KilledAt, save_base

Papers = list[LabelledPaper]


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def tuned(config: TrainingConfig, papers: Papers, run_dir: Path) -> FineTuned:
    return fine_tune(config, papers[:30], papers[30:], run_dir)


@pytest.mark.parametrize("family", ["gemma", "phi", "bert"])
def test_it_learns_what_the_labels_say_on_any_family_of_bases(
    family: str, config: TrainingConfig, papers: Papers, tmp_path: Path
) -> None:
    base = save_base(tmp_path / family, family)

    tuned = fine_tune(
        config.model_copy(update={"base": str(base), "epochs": 10}), papers[:30], papers[30:], tmp_path / "run"
    )

    logits = tuned.logits(papers[30:])

    cancer = torch.tensor([paper.label == "Cancer" for paper in papers[30:]])
    assert ((logits[:, 0] > 0) == cancer).float().mean() >= 0.9
    assert ((logits[:, 1] > 0) == ~cancer).float().mean() >= 0.9


def test_every_evaluation_is_on_record(tuned: FineTuned) -> None:
    assert [record["epoch"] for record in tuned.history] == [1, 2, 3]
    assert tuned.history[-1].keys() == {"epoch", "train_loss", "dev_loss", "accuracy", "f1"}
    assert tuned.history[-1]["dev_loss"] < tuned.history[0]["dev_loss"]
    assert tuned.history[-1]["train_loss"] < tuned.history[0]["train_loss"]


def test_curves_are_written_for_tensorboard(tuned: FineTuned, run_dir: Path) -> None:
    assert list(run_dir.rglob("events.out.tfevents.*"))


def test_layers_above_the_head_are_dropped(config: TrainingConfig, papers: Papers, tmp_path: Path) -> None:
    shallow = config.model_copy(update={"layers": 2, "epochs": 1})

    model = fine_tune(shallow, papers[:30], papers[30:], tmp_path).model

    assert len(find_layers(model)) == 2


def test_only_upper_layers_and_the_head_are_trained(tuned: FineTuned) -> None:
    trained = [name for name, weights in tuned.model.named_parameters() if weights.requires_grad]

    assert trained
    assert not any(".layers.0." in name or ".layer.0." in name for name in trained)
    assert any("score" in name or "classifier" in name for name in trained)


def test_the_same_seed_gives_the_same_model(
    tuned: FineTuned, config: TrainingConfig, papers: Papers, tmp_path: Path
) -> None:
    again = fine_tune(config, papers[:30], papers[30:], tmp_path)

    torch.testing.assert_close(again.logits(papers), tuned.logits(papers))


def test_a_run_that_was_killed_goes_on_from_its_last_checkpoint(
    tuned: FineTuned, config: TrainingConfig, papers: Papers, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        fine_tune(config, papers[:30], papers[30:], tmp_path, callbacks=[KilledAt(2.3)])
    steps: list[float] = []

    class Watch(TrainerCallback):
        def on_step_end(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
            steps.append(state.epoch)

    resumed = fine_tune(config, papers[:30], papers[30:], tmp_path, callbacks=[Watch()])

    assert steps[0] > 2
    assert resumed.history == tuned.history
    torch.testing.assert_close(resumed.logits(papers), tuned.logits(papers))


def test_it_stops_when_the_development_loss_no_longer_falls(
    config: TrainingConfig, papers: Papers, tmp_path: Path
) -> None:
    hopeless = config.model_copy(update={"learning_rate": 1e-12, "patience": 1, "epochs": 9})

    tuned = fine_tune(hopeless, papers[:30], papers[30:], tmp_path)

    assert len(tuned.history) < 9


def test_accumulated_batches_count_as_one(config: TrainingConfig, papers: Papers, tmp_path: Path) -> None:
    """Three small batches to a step give what one large batch gives, up to rounding."""
    whole = config.model_copy(update={"batch_tokens": 10_000, "epochs": 1, "learning_rate": 1e-3})
    one_by_one = whole.model_copy(update={"batch_tokens": 1, "accumulation_steps": 30})

    at_once = fine_tune(whole, papers[:30], papers[30:], tmp_path / "whole").logits(papers)
    accumulated = fine_tune(one_by_one, papers[:30], papers[30:], tmp_path / "parts").logits(papers)

    torch.testing.assert_close(accumulated, at_once, rtol=1e-3, atol=1e-4)


def test_a_rare_category_is_weighted_up(config: TrainingConfig, papers: Papers, tmp_path: Path) -> None:
    few = [p for p in papers[:30] if p.label == "Non-Cancer"] + [p for p in papers[:30] if p.label == "Cancer"][:2]
    short = config.model_copy(update={"epochs": 1, "learning_rate": 1e-3})

    plain = fine_tune(short, few, papers[30:], tmp_path / "plain")
    weighted = fine_tune(
        short.model_copy(update={"class_weights": "balanced"}), few, papers[30:], tmp_path / "weighted"
    )

    assert weighted.logits(papers)[:, 0].mean() > plain.logits(papers)[:, 0].mean()


def test_smoothed_labels_keep_scores_from_growing(config: TrainingConfig, papers: Papers, tmp_path: Path) -> None:
    longer = config.model_copy(update={"epochs": 8})

    sharp = fine_tune(longer, papers[:30], papers[30:], tmp_path / "sharp").logits(papers[:30])
    smooth = fine_tune(
        longer.model_copy(update={"label_smoothing": 0.2}), papers[:30], papers[30:], tmp_path / "smooth"
    ).logits(papers[:30])

    assert smooth.abs().mean() < sharp.abs().mean()
    assert torch.equal(smooth > 0, sharp > 0)


def test_layers_that_the_base_does_not_have_cannot_be_trained(
    config: TrainingConfig, papers: Papers, tmp_path: Path
) -> None:
    too_high = config.model_copy(update={"lora": config.lora.model_copy(update={"first_layer": 7})})

    with pytest.raises(InvalidConfig, match=r"lora\.first_layer.*layers 0 to 2"):
        fine_tune(too_high, papers[:30], papers[30:], tmp_path)


@pytest.mark.skipif(torch.cuda.is_available(), reason="shows what happens without a GPU")
def test_quantised_training_without_a_gpu_is_refused(config: TrainingConfig, papers: Papers, tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match="quantization: nf4 needs a GPU"):
        fine_tune(config.model_copy(update={"quantization": "nf4"}), papers[:30], papers[30:], tmp_path)
