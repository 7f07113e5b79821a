"""From raw scores to confidences that mean what they say: one scale and shift per category."""

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict

CALIBRATION_FILE = "calibration.json"


class CategoryCalibration(BaseModel):
    """`confidence = sigmoid(scale * logit + shift)`; the category is predicted at `threshold` and above."""

    model_config = ConfigDict(frozen=True)

    scale: float
    shift: float
    threshold: float


class Calibration(BaseModel):
    """Fitted on development data and shipped beside the weights it belongs to."""

    model_config = ConfigDict(frozen=True)

    categories: dict[str, CategoryCalibration]

    @classmethod
    def load(cls, model_dir: Path) -> "Calibration":
        return cls.model_validate_json((model_dir / CALIBRATION_FILE).read_text(encoding="utf-8"))

    def save(self, model_dir: Path) -> None:
        text = json.dumps(self.model_dump(), indent=2) + "\n"
        (model_dir / CALIBRATION_FILE).write_text(text, encoding="utf-8")
