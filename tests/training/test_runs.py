"""A run leaves a record and an adapter that the model store can merge and serve."""

from pathlib import Path

import pytest

from serve.classifier.model import ClassifierModel, classify
from serve.model_store import ModelStore
from serve.model_store.catalog import Catalog
from training.config import InvalidConfig, TrainingConfig
from training.data.papers import LabelledPaper
from training.data.splits import Parts
from training.runs import ADAPTER, RESULT_FILE, Run, run


@pytest.fixture(scope="module")
def parts(papers: list[LabelledPaper]) -> Parts:
    return {"train": papers[:20], "dev": papers[20:32], "test": papers[32:]}


@pytest.fixture(scope="module")
def shallow(config: TrainingConfig) -> TrainingConfig:
    """Two of the three layers are kept, and one of them is trained."""
    return config.model_copy(update={"layers": 2, "epochs": 4})


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def done(shallow: TrainingConfig, parts: Parts, run_dir: Path) -> Run:
    return run(shallow, parts, run_dir)


def test_the_record_says_what_was_given_and_what_came_of_it(done: Run, parts: Parts, shallow: TrainingConfig) -> None:
    assert done.config == shallow
    assert done.papers == {"train": 20, "dev": 12, "test": 8}
    assert done.test.ids == tuple(paper.id for paper in parts["test"])
    assert done.test.truth == tuple(paper.label == "Cancer" for paper in parts["test"])
    assert done.test.threshold == done.calibration.categories["Cancer"].threshold
    assert {"temperature", "platt", "platt and words", "isotonic", "none"} == set(
        done.calibration_log_losses["Non-Cancer"]
    )
    assert [len(done.scores[part]) for part in ("dev", "test")] == [12, 8]
    assert len(done.history) == 4
    assert done.seconds > 0
    assert done.trained_parameters > 0


def test_a_run_that_is_done_is_not_run_again(done: Run, shallow: TrainingConfig, parts: Parts, run_dir: Path) -> None:
    nothing_to_train_on: Parts = {**parts, "train": []}

    assert run(shallow, nothing_to_train_on, run_dir) == done


def test_a_directory_keeps_one_configuration(done: Run, shallow: TrainingConfig, parts: Parts, run_dir: Path) -> None:
    with pytest.raises(InvalidConfig, match="another configuration"):
        run(shallow.model_copy(update={"seed": 18}), parts, run_dir)


def test_a_record_that_cannot_be_read_is_named(shallow: TrainingConfig, parts: Parts, tmp_path: Path) -> None:
    (tmp_path / RESULT_FILE).write_text('{"of": "another version"}')

    with pytest.raises(InvalidConfig, match=RESULT_FILE):
        run(shallow, parts, tmp_path)


def test_what_is_served_answers_as_what_was_trained(done: Run, parts: Parts, run_dir: Path, tmp_path: Path) -> None:
    models = {
        "base": {"license": "MIT", "source": {"kind": "local", "path": done.config.base}},
        "classifier": {
            "license": "MIT",
            "task": "sequence-classification",
            "base": "base",
            "adapter": str(run_dir / ADAPTER),
        },
    }
    store = ModelStore(tmp_path, Catalog.model_validate({"models": models, "root": tmp_path}))

    served = ClassifierModel(store.prepare("classifier").path, dtype="float32", max_tokens=done.config.max_tokens)

    for paper, confidence in zip(parts["test"], done.test.confidences, strict=True):
        (prediction,) = classify(served, [paper], max_batch_tokens=1000)
        assert prediction.confidences["Cancer"] == pytest.approx(confidence, abs=2e-3)
        assert ("Cancer" in prediction.predicted) == (
            prediction.confidences["Cancer"] >= done.calibration.categories["Cancer"].threshold
        )
