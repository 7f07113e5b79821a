"""Names of diseases are made of a vocabulary, once for each version of it and of the code that makes them."""

import json
from pathlib import Path
from typing import Any

import pytest

from serve.extractor import disease_names
from serve.extractor.disease_names import DiseaseNames
from serve.model_store import ConversionError

from .conftest import Files, MakeStore, debris, local_model

VOCABULARIES: Files = {
    "doid.json": json.dumps([{"id": "DOID:162", "name": "cancer"}]).encode(),
    "mesh_id_label_mappings.tsv": b"D009369\tNeoplasms\tTumors|Cancers\tC04\t\n",
    "mesh_supp_id_label_mappings.tsv": b"",
    "mondo.json": b"[]",
    "hp.json": b"[]",
}
NAMES = {"license": "MIT", "task": "names", "base": "vocabularies"}


def vocabularies(directory: Path, **changed: bytes) -> dict[str, Any]:
    return {**local_model(directory, {**VOCABULARIES, **changed}), "task": "vocabulary"}


def test_they_are_made_of_their_vocabulary_which_is_prepared_first(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store(vocabularies=vocabularies(tmp_path / "files"), names=NAMES)

    prepared = store.prepare("names", verify=True)

    found = DiseaseNames.load(prepared.path).own.get("cancer")
    assert found is not None
    assert (found.doid, found.mesh, found.is_cancer) == ("DOID:162", "D009369", True)
    assert (store.verify("names"), store.state("vocabularies"), debris(tmp_path)) == ([], "ready", [])


def test_other_code_makes_them_anew_of_the_vocabulary_that_is_there(
    make_store: MakeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_store(vocabularies=vocabularies(tmp_path / "files"), names=NAMES)
    before, vocabulary = store.prepare("names"), store.revision("vocabularies")

    monkeypatch.setattr(disease_names, "made_by", lambda: {"serve.extractor.phrasing": "another"})

    assert store.state("names") == "not prepared"
    assert store.prepare("names").path != before.path
    assert store.prune() == [before.path]
    assert store.revision("vocabularies") == vocabulary


def test_another_vocabulary_makes_other_names(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store(vocabularies=vocabularies(tmp_path / "files"), names=NAMES)
    before = store.revision("names")

    vocabularies(tmp_path / "files", **{"hp.json": b"[ ]"})

    assert store.revision("names") != before


def test_a_vocabulary_that_cannot_be_read_is_named(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store(vocabularies=vocabularies(tmp_path / "files", **{"mondo.json": b"["}), names=NAMES)

    with pytest.raises(ConversionError, match=r"mondo\.json"):
        store.prepare("names")

    assert debris(tmp_path) == []
