"""A training configuration is checked before anything is fetched or trained."""

from pathlib import Path

import pytest

from training.config import InvalidConfig, TrainingConfig

CONFIGS = Path("training/configs")


def write(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_configurations_in_the_repository_are_valid(path: Path) -> None:
    assert TrainingConfig.load(path).base


def test_a_field_left_out_has_its_default(tmp_path: Path) -> None:
    assert TrainingConfig.load(write(tmp_path, "base: bert")) == TrainingConfig(base="bert")


def test_an_override_replaces_what_the_file_says_unless_it_is_none(tmp_path: Path) -> None:
    path = write(tmp_path, "base: bert\nepochs: 2\nseed: 3")

    config = TrainingConfig.load(path, epochs=9, seed=None)

    assert (config.epochs, config.seed) == (9, 3)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("epochs: 3", r"config\.yaml: base: Field required"),
        ("base: bert\nepoch: 3", r"config\.yaml: epoch: Extra inputs are not permitted"),
        ("base: bert\nlora: {rank: 0}", r"config\.yaml: lora\.rank: Input should be greater than 0"),
        ("base: bert\nprecision: float8", r"config\.yaml: precision: Input should be 'auto', 'float32' or 'bfloat16'"),
        ("base: bert\nlayers: 4\nlora: {first_layer: 4}", r"lora\.first_layer must be below layers \(4\)"),
        ("base: bert\ninput: {cleaning: [polish]}", r"input\.cleaning: .*no cleaning step is called polish"),
        ("- base", r"config\.yaml: expected `field: value` lines"),
        ("base: [", r"config\.yaml: "),
    ],
)
def test_what_is_wrong_is_named_with_its_file_and_field(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(InvalidConfig, match=complaint):
        TrainingConfig.load(write(tmp_path, text))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match=r"missing\.yaml"):
        TrainingConfig.load(tmp_path / "missing.yaml")
