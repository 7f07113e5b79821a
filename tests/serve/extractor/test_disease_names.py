"""What names stand for is kept in a file, and read back as it was made."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from serve.extractor.disease_names import NAMES_FILE, DiseaseNames, made_by
from serve.extractor.mesh import Heading
from serve.extractor.vocabulary import CANCER, Disease, DiseaseOntology, VocabularyError

ONTOLOGY = DiseaseOntology(
    [
        Disease("DOID:4", "disease"),
        Disease(CANCER, "cancer", ("malignant growth",), parents=("DOID:4",)),
        Disease("DOID:9952", "acute lymphocytic leukemia", ("ALL",), ("MESH:D054198",), parents=(CANCER,)),
    ]
)
HEADINGS = [
    Heading("D009369", "Neoplasms", ("Cancer",), ("C04",)),
    Heading("D007674", "Kidney Diseases", (), ("C12.1",)),
    Heading("C1", "Rare Lump", (), ("C04",), kept_under=("D009369",)),
]
REFERRING = [Disease("1", "blood cancer of children", xrefs=("DOID:9952",))]
NAMES = DiseaseNames.of(ONTOLOGY, HEADINGS, REFERRING)


def test_what_was_saved_is_loaded_as_it_was(tmp_path: Path) -> None:
    NAMES.save(tmp_path / "names")

    assert DiseaseNames.load(tmp_path / "names") == NAMES


def test_names_of_one_concept_share_it_when_loaded(tmp_path: Path) -> None:
    NAMES.save(tmp_path)

    own = DiseaseNames.load(tmp_path).own

    assert own.get("cancer") is own.get("malignant growth")


def test_the_same_vocabularies_make_the_same_bytes(tmp_path: Path) -> None:
    NAMES.save(tmp_path / "once")
    DiseaseNames.of(ONTOLOGY, HEADINGS, REFERRING).save(tmp_path / "again")

    assert (tmp_path / "once" / NAMES_FILE).read_bytes() == (tmp_path / "again" / NAMES_FILE).read_bytes()


@pytest.mark.parametrize("spoil", ["missing", "no JSON", "a name of nothing"])
def test_a_file_that_cannot_be_read_says_what_to_do(tmp_path: Path, spoil: str) -> None:
    NAMES.save(tmp_path)
    file = tmp_path / NAMES_FILE
    if spoil == "missing":
        file.unlink()
    elif spoil == "no JSON":
        file.write_bytes(file.read_bytes()[:-9])
    else:
        content = json.loads(file.read_bytes())
        content["own"]["asthma"] = len(content["concepts"])
        file.write_text(json.dumps(content))

    with pytest.raises(VocabularyError, match="pubserve-models prepare --rebuild disease-names") as caught:
        DiseaseNames.load(tmp_path)

    assert str(file) in str(caught.value)


def test_all_the_code_that_makes_them_counts() -> None:
    """A module that is left out could change and leave an old file in use."""
    imported = "import sys, serve.extractor.disease_names; print(*(m for m in sys.modules if m.startswith('serve.')))"
    modules = subprocess.run([sys.executable, "-c", imported], capture_output=True, text=True, check=True).stdout

    assert made_by().keys() == set(modules.split()) - {"serve.extractor", "serve.text"}
