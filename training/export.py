"""A trained classifier as an adapter directory, which the model catalogue can name."""

from pathlib import Path

from serve.classifier.calibration import Calibration
from training.backbone import classifier_head
from training.finetune import FineTuned


def export_adapter(tuned: FineTuned, calibration: Calibration, adapter: Path) -> None:
    """Write what serving needs: weights, head, input and calibration."""
    # The catalogue's name of the base, not the directory it happened to lie in.
    tuned.model.peft_config["default"].base_model_name_or_path = tuned.config.base
    tuned.model.save_pretrained(adapter)
    (adapter / "README.md").unlink()  # PEFT's template of a model card
    classifier_head(tuned.config, tuned.model.config.model_type).save(adapter)
    tuned.config.input.save(adapter)
    calibration.save(adapter)
