"""Training a tagger: it learns, goes on after a kill, and what is exported is what was trained."""

from pathlib import Path

import pytest
import torch

from serve.extractor.normalisation import Normaliser
from serve.extractor.tagger import TaggerModel, tag_rows
from serve.extractor.tagging import TAGS
from serve.extractor.vocabulary import Disease, DiseaseOntology
from serve.model_store import Catalog, ModelStore
from tests.training.conftest import KilledAt
from training.config import InvalidConfig, TaggerConfig
from training.extraction.corpus import AnnotatedPaper, Parts
from training.extraction.finetune import FineTuned, fine_tune, marked
from training.extraction.runs import TaggerRun, run
from training.extraction.scores import mention_score, places_of
from training.extraction.threshold import served
from training.runs import ADAPTER, RESULT_FILE

from .conftest import save_base

Papers = list[AnnotatedPaper]
NORMALISER = Normaliser.of(DiseaseOntology([Disease("DOID:1", "asthma")]), [])


@pytest.fixture(scope="module")
def tuned(config: TaggerConfig, papers: Papers, tmp_path_factory: pytest.TempPathFactory) -> FineTuned:
    return fine_tune(config, papers[:30], papers[30:], tmp_path_factory.mktemp("run"))


def places(tuned: FineTuned, papers: Papers) -> list[list[tuple[str, int, int]]]:
    return [list(of) for of in marked(tuned.tag(papers))]


def test_it_learns_what_is_annotated(tuned: FineTuned, papers: Papers) -> None:
    assert mention_score(marked(tuned.tag(papers[30:])), papers[30:]).f1 >= 0.95


def test_every_evaluation_is_on_record(tuned: FineTuned) -> None:
    assert [record["epoch"] for record in tuned.history] == list(range(1, 11))
    assert tuned.history[-1].keys() == {"epoch", "train_loss", "dev_loss", "precision", "recall", "f1"}
    assert tuned.history[-1]["dev_loss"] < tuned.history[0]["dev_loss"]


def test_a_run_that_was_killed_goes_on_from_its_last_checkpoint(
    tuned: FineTuned, config: TaggerConfig, papers: Papers, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        fine_tune(config, papers[:30], papers[30:], tmp_path, callbacks=[KilledAt(2.3)])

    resumed = fine_tune(config, papers[:30], papers[30:], tmp_path)

    assert resumed.history == tuned.history
    assert places(resumed, papers) == places(tuned, papers)


def test_dropout_of_the_base_is_what_the_configuration_says(tuned: FineTuned) -> None:
    kept = [part.p for part in tuned.model.modules() if isinstance(part, torch.nn.Dropout)]

    assert kept
    assert set(kept) == {0.0}


@pytest.mark.parametrize("family", ["bert", "gemma", "phi"])
def test_what_is_exported_and_merged_tags_as_the_trained_model_does(
    family: str, config: TaggerConfig, papers: Papers, tmp_path: Path
) -> None:
    config = config.model_copy(update={"base": str(save_base(tmp_path / "base", family)), "epochs": 6})
    parts = Parts(train=papers[:25], marked=papers[25:30], dev=papers[30:35], test={"tiny": papers[35:]})

    done = run(config, parts, tmp_path / "run", NORMALISER)

    base = {"license": "MIT", "task": "feature-extraction", "source": {"kind": "local", "path": config.base}}
    tagger = {"license": "MIT", "task": "token-classification", "base": "base",
              "adapter": str(tmp_path / "run" / ADAPTER)}  # fmt: skip
    store = ModelStore(tmp_path / "cache", Catalog.model_validate({"models": {"base": base, "tagger": tagger}}))
    model = TaggerModel(store.prepare("tagger").path, dtype="float32", max_tokens=64)
    tagged = tag_rows(model.predict, model.encode([paper.document for paper in papers[35:]]), batch_tokens=1000)
    found = [places_of(of) for of in served(tagged, papers[35:], NORMALISER, model.support)]
    assert round(mention_score(found, papers[35:]).f1, 4) == done.scores["tiny"]["mention"]["f1"]
    assert tuple(model.network.config.id2label[tag] for tag in range(3)) == TAGS
    assert done.scores["tiny"]["mention"]["f1"] > 0.7
    assert done.papers == {"train": 25, "marked": 5, "dev": 5, "tiny": 5}


def test_a_run_that_is_done_is_read_and_one_of_another_configuration_refused(
    config: TaggerConfig, papers: Papers, tmp_path: Path
) -> None:
    parts = Parts(train=papers[:10], dev=papers[10:12], test={})
    quick = config.model_copy(update={"epochs": 1})
    done = run(quick, parts, tmp_path, NORMALISER)

    again: TaggerRun = run(quick, Parts(train=[], dev=[], test={}), tmp_path, NORMALISER)

    assert again == done
    with pytest.raises(InvalidConfig, match="holds a run with 0 marked papers"):
        run(quick, Parts(train=[], dev=[], test={}, marked=papers[12:14]), tmp_path, NORMALISER)
    with pytest.raises(InvalidConfig, match="holds a run of another configuration"):
        run(quick.model_copy(update={"seed": 1}), parts, tmp_path, NORMALISER)
    (tmp_path / RESULT_FILE).write_text("{}")
    with pytest.raises(InvalidConfig, match="is not a record of this version"):
        run(quick, parts, tmp_path, NORMALISER)
