"""A run of the extractor's training, kept on disk, and the adapter that comes of it."""

from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, PositiveInt, TypeAdapter, ValidationError, model_validator

from pubserve.contract import Mention
from serve.extractor.normalisation import Normaliser
from serve.extractor.support import Support
from training.backbone import tagger_head
from training.config import InvalidConfig, TaggerConfig
from training.extraction.corpus import AnnotatedPaper, Parts, read_corpus, split
from training.extraction.finetune import FineTuned, fine_tune
from training.extraction.scores import Score, document_score, mention_score, places_of
from training.extraction.threshold import choose_support, served
from training.runs import ADAPTER, RESULT_FILE, read_record


class CorpusFiles(BaseModel):
    """Where one corpus lies: papers to train on, and papers to measure on, in a file of their own or the last ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: Path | None = None
    test: Path | None = None
    test_last: PositiveInt | None = None

    @model_validator(mode="after")
    def _test_papers_come_from_one_place(self) -> Self:
        if (self.test is None) == (self.test_last is None):
            raise ValueError("give either `test`, a file, or `test_last`, a number of papers of `train`")
        if self.test_last is not None and self.train is None:
            raise ValueError("`test_last` needs `train`")
        return self


def read_parts(corpora: Path, data: Path, *, seed: int) -> Parts:
    """The papers that `corpora`, a YAML file, names below `data`.

    Raises:
        InvalidConfig: naming the file, the field and what is wrong with it.
    """
    train: dict[str, list[AnnotatedPaper]] = {}
    test: dict[str, list[AnnotatedPaper]] = {}
    for name, files in _corpora(corpora).items():
        for path in (files.train, files.test):
            if path and not (data / path).is_file():
                raise InvalidConfig(f"{corpora}: {name}: there is no file {data / path}")
        train[name] = read_corpus(data / files.train) if files.train else []
        if files.test:
            test[name] = read_corpus(data / files.test)
        else:
            border = len(train[name]) - (files.test_last or 0)
            train[name], test[name] = train[name][:border], train[name][border:]
    return split(train, test, seed=seed)


def _corpora(path: Path) -> dict[str, CorpusFiles]:
    try:
        return TypeAdapter(dict[str, CorpusFiles]).validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidConfig(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InvalidConfig(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


class TaggerRun(BaseModel):
    """The record of one run. `seconds` is the training alone; scores are of what would be served."""

    model_config = ConfigDict(frozen=True)

    config: TaggerConfig
    papers: dict[str, int]
    history: list[dict[str, float]]
    seconds: float
    parameters: int
    trained_parameters: int
    thresholds: dict[str, float]
    """Mean of F1 by mention and by document on the development part, for every threshold of support."""
    scores: dict[str, dict[str, dict[str, float]]]


def run(config: TaggerConfig, parts: Parts, run_dir: Path, normaliser: Normaliser) -> TaggerRun:
    """Train, choose the threshold of support, measure on the test parts; keep the record and the adapter in `run_dir`.

    A run that is done is read.

    Raises:
        InvalidConfig: `run_dir` holds a run of another configuration, or with other marked papers.
    """
    if done := read_record(TaggerRun, config, run_dir):
        if done.papers.get("marked", 0) != len(parts.marked):
            raise InvalidConfig(f"{run_dir} holds a run with {done.papers.get('marked', 0)} marked papers; use another")
        return done
    tuned = fine_tune(config, [*parts.train, *parts.marked], parts.dev, run_dir)
    support, thresholds = choose_support(tuned.tag(parts.dev), parts.dev, normaliser)
    done = TaggerRun(
        config=config,
        papers={"train": len(parts.train), "marked": len(parts.marked), "dev": len(parts.dev)}
        | {name: len(of) for name, of in parts.test.items()},
        history=tuned.history,
        seconds=round(tuned.seconds, 1),
        parameters=sum(weights.numel() for weights in tuned.model.get_base_model().parameters()),
        trained_parameters=sum(weights.numel() for weights in tuned.model.parameters() if weights.requires_grad),
        thresholds=thresholds,
        scores={
            name: _scores(served(tuned.tag(papers), papers, normaliser, support), papers)
            for name, papers in {"dev": parts.dev, **parts.test}.items()
        },
    )
    export_adapter(tuned, support, run_dir / ADAPTER)
    # Last, so that a record means that all the rest is there.
    (run_dir / RESULT_FILE).write_text(done.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return done


def export_adapter(tuned: FineTuned, support: Support, adapter: Path) -> None:
    """Write what serving needs: weights, head and threshold.

    Weights have sixteen bits here, and are merged into a base that has its own: the file is half as large.
    """
    # The catalogue's name of the base, not the directory it happened to lie in.
    tuned.model.peft_config["default"].base_model_name_or_path = tuned.config.base
    halved = {name: weights.half() for name, weights in tuned.model.state_dict().items()}
    tuned.model.save_pretrained(adapter, state_dict=halved)
    (adapter / "README.md").unlink()  # PEFT's template of a model card
    tagger_head(tuned.config).save(adapter)
    support.save(adapter)


def _scores(mentions: list[list[Mention]], papers: list[AnnotatedPaper]) -> dict[str, dict[str, float]]:
    found = [places_of(of) for of in mentions]
    return {"mention": _figures(mention_score(found, papers)), "document": _figures(document_score(found, papers))}


def _figures(score: Score) -> dict[str, float]:
    return {"precision": round(score.precision, 4), "recall": round(score.recall, 4), "f1": round(score.f1, 4)}
