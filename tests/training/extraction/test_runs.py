"""The file that names the corpora: read, cut, or refused with the reason."""

from pathlib import Path

import pytest

from training.config import InvalidConfig, TaggerConfig
from training.extraction.runs import read_parts

CONFIGS = Path("training/configs")
PAPER = """{id}|t|Paper {id} on asthma
{id}|a|Words {id} of {id} its {id} own {id}.
{id}	{start}	{end}	asthma	Disease	D1
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    blocks = []
    for number in range(10, 30):
        start = len(f"Paper {number} on ")
        blocks.append(PAPER.format(id=number, start=start, end=start + len("asthma")))
    (tmp_path / "a.txt").write_text("\n".join(blocks[:12]))
    (tmp_path / "b.txt").write_text("\n".join(blocks[12:]))
    return tmp_path


def corpora(data: Path, text: str) -> Path:
    path = data / "corpora.yaml"
    path.write_text(text)
    return path


def test_papers_to_measure_on_come_from_a_file_or_from_the_end_of_one(data: Path) -> None:
    parts = read_parts(corpora(data, "a: {train: a.txt, test_last: 3}\nb: {test: b.txt}"), data, seed=17)

    assert [paper.id for paper in parts.test["a"]] == ["19", "20", "21"]
    assert len(parts.test["b"]) == 8
    assert len(parts.train) + len(parts.dev) == 9
    assert parts.test["a"][0].annotations[0].text == "asthma"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: {train: a.txt}", "a: Value error, give either `test`, a file, or `test_last`"),
        ("a: {test_last: 3}", "`test_last` needs `train`"),
        ("a: {train: gone.txt, test_last: 3}", "a: there is no file .*gone.txt"),
        ("a: {tests: a.txt}", "a.tests: Extra inputs are not permitted"),
        ("a: [", "(?s)corpora.yaml: .*expected"),
    ],
)
def test_what_cannot_be_used_is_named(data: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidConfig, match=message):
        read_parts(corpora(data, text), data, seed=17)


@pytest.mark.parametrize("path", sorted((CONFIGS / "taggers").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_configurations_in_the_repository_are_valid(path: Path) -> None:
    assert TaggerConfig.load(path).base
