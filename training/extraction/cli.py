"""`python -m training extraction …`: train the extractor, measure it, look at what it finds."""

import random
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from training.extraction.backbones import compare
from training.extraction.generator.commands import forms, train_generator
from training.extraction.options import CONFIGS, CORPORA, Config, Corpora, Data

if TYPE_CHECKING:
    from serve.extractor.normalisation import Normaliser
    from training.extraction.corpus import AnnotatedPaper
    from training.extraction.generator.engine import Generator

HELP = """Train the extractor of diseases, measure it, and look at what it finds.

\b
  pubserve train extraction train ../shared/data       a tagger; half an hour to two hours on a CPU
  pubserve train extraction compare ../shared/data     how fast other bases learn and read
  pubserve train extraction mark ../shared/data/abstracts runs/marked.jsonl    papers for a smaller tagger to learn from
  pubserve train extraction train-generator ../shared/data    the engine's model, to write names itself
  pubserve train extraction forms ../shared/data       what an answer of the engine costs, form by form
  pubserve train extraction names ../shared/data       what annotators mean by names that no vocabulary has
  pubserve train extraction evaluate ../shared/data    that tagger against lists of names, on papers held out
  pubserve train extraction lookups ../shared/data     how long a name takes to look up
  pubserve train extraction show ../shared/data/abstracts    its mentions in twenty papers, as a page
  pubserve train extraction topics ../shared/data/abstracts    the rules for topics against a reader

\b
DATA is the folder that the file given with --corpora counts from.
"""

cli = typer.Typer(name="extraction", help=HELP, no_args_is_help=True, rich_markup_mode=None)
console = Console()

ADAPTER = Path("models/disease-tagger")
LARGE_TAGGER = "disease-tagger-mpnet"

for each in (compare, train_generator, forms):
    cli.command()(each)


@cli.command()
def train(
    data: Data,
    corpora: Corpora = CORPORA,
    config: Config = CONFIGS / "taggers" / "mpnet-6.yaml",
    marked: Annotated[
        Path | None, typer.Option(exists=True, help="Papers that `mark` marked, to train on beside the annotated.")
    ] = None,
    runs: Annotated[Path, typer.Option(help="Where runs are kept.")] = Path("runs/tagger"),
    adapter: Annotated[Path, typer.Option(help="Where the adapter goes.")] = ADAPTER,
) -> None:
    """Fine-tune the tagger and put the adapter where the catalogue finds it. A run that was stopped goes on.

    \b
    The shipped taggers learnt from a larger one, too: train that, let it mark papers that nobody annotated, and train
    on both. As the three of the catalogue were trained:
      pubserve train extraction train ../shared/data --config training/configs/taggers/mpnet.yaml \\
        --runs runs/tagger-mpnet --adapter models/disease-tagger-mpnet
      pubserve train extraction mark ../shared/data/abstracts runs/marked.jsonl
      pubserve train extraction train ../shared/data --marked runs/marked.jsonl
      pubserve train extraction train ../shared/data --marked runs/marked.jsonl \\
        --config training/configs/taggers/minilm.yaml --runs runs/tagger-minilm --adapter models/disease-tagger-minilm
    """
    from serve.extractor.normalisation import Normaliser
    from serve.extractor.vocabulary import CATALOG_ENTRY
    from serve.model_store import ModelStore
    from training.config import TaggerConfig
    from training.extraction.corpus import read_corpus, with_marked
    from training.extraction.runs import read_parts, run
    from training.runs import ADAPTER as EXPORTED
    from training.runs import RESULT_FILE

    settings = TaggerConfig.load(config)
    normaliser = Normaliser.load(ModelStore().prepare(CATALOG_ENTRY).path)
    parts = read_parts(corpora, data, seed=settings.seed)
    if marked:
        parts = with_marked(parts, read_corpus(marked))
    done = run(settings, parts, runs, normaliser)
    shutil.copytree(runs / EXPORTED, adapter, dirs_exist_ok=True)
    shutil.copyfile(runs / RESULT_FILE, adapter / "training.json")
    names(data, corpora, settings.seed, adapter)
    for part, scores in done.scores.items():
        console.print(
            f"{part}: F1 {scores['mention']['f1']:.3f} by mention, {scores['document']['f1']:.3f} by document"
        )


@cli.command()
def mark(
    papers: Annotated[Path, typer.Argument(exists=True, metavar="PAPERS", help="Papers in any format.")],
    to: Annotated[Path, typer.Argument(dir_okay=False, metavar="OUT", help="The JSON lines to write.")],
    model: Annotated[str, typer.Option(help="A tagger of the model catalogue.")] = LARGE_TAGGER,
) -> None:
    """Mark the diseases of papers with a tagger, for a smaller one to learn from: `train --marked OUT`.

    Papers that are annotated in training/annotations, and what resembles them, are left out: they are measured on.
    """
    from pubserve.formats import WRITERS, Format
    from serve.extractor.normalisation import Normaliser
    from serve.extractor.vocabulary import CATALOG_ENTRY
    from serve.model_store import ModelStore
    from training.data import read_papers
    from training.extraction.annotations import read_marked
    from training.extraction.extractors import ShippedTagger
    from training.extraction.marking import marked_papers

    found = list(read_papers(papers))
    tagger = ShippedTagger(Normaliser.load(ModelStore().prepare(CATALOG_ENTRY).path), model=model)
    marked = list(marked_papers(found, tagger, measured_on={paper.pmid for paper in read_marked()}))
    to.parent.mkdir(parents=True, exist_ok=True)
    WRITERS[Format.JSONL](marked, to)
    console.print(
        f"{sum(len(paper.mentions) for paper in marked)} mentions in {len(marked)} of {len(found)} papers, "
        f"by {tagger.name}; written to {to}"
    )


@cli.command()
def names(
    data: Data,
    corpora: Corpora = CORPORA,
    seed: Annotated[int, typer.Option(help="Of the split and of the papers left out; training used 17.")] = 17,
    adapter: Annotated[Path, typer.Option(help="The adapter whose support.json they go into.")] = ADAPTER,
) -> None:
    """Learn from the training papers what annotators mean by names that no vocabulary has. `train` does it, too."""
    from serve.extractor.mesh import MESH_FILE, read_disease_headings
    from serve.extractor.normalisation import Normaliser
    from serve.extractor.support import Support
    from serve.extractor.vocabulary import CATALOG_ENTRY
    from serve.model_store import ModelStore
    from training.extraction.learnt_names import FOLDS, judge
    from training.extraction.runs import read_parts

    vocabularies = ModelStore().prepare(CATALOG_ENTRY).path
    parts = read_parts(corpora, data, seed=seed)
    headings = read_disease_headings(vocabularies / MESH_FILE)
    judged = judge([*parts.train, *parts.dev], Normaliser.load(vocabularies), headings, seed=seed)
    Support.load(adapter).model_copy(update={"headings": dict(judged.names)}).save(adapter)
    console.print(
        f"{len(judged.names)} names. Learnt from the others of {FOLDS} parts and used in the last, in turns, "
        f"{judged.right} of {judged.mentions} mentions had the right id."
    )


@cli.command()
def evaluate(
    data: Data,
    corpora: Corpora = CORPORA,
    seed: Annotated[int, typer.Option(help="Of the split; the shipped tagger was trained with 17.")] = 17,
    service: Annotated[
        list[str] | None, typer.Option(help="Measure a running service too, such as http://127.0.0.1:8000.")
    ] = None,
    on: Annotated[
        list[str] | None, typer.Option(help="Measure on this corpus only; may be given more than once.")
    ] = None,
    papers: Annotated[
        int | None, typer.Option(help="Measure on so many papers of each corpus, drawn at random.")
    ] = None,
    tagger: Annotated[
        list[str] | None,
        typer.Option(help="Measure another tagger of the catalogue, too; may be given more than once."),
    ] = None,
    generator: Annotated[
        list[str] | None,
        typer.Option(help="Measure a model of the catalogue that writes names, such as disease-generator, too."),
    ] = None,
    few_shot: Annotated[
        bool, typer.Option("--few-shot", help="Measure the engine's own model with examples, too; seconds a paper.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("reports/extraction"),
) -> None:
    """Measure the tagger as it is served, beside a list of the training mentions and one of the vocabularies' names."""
    from serve.extractor.mesh import MESH_FILE, read_disease_headings
    from serve.extractor.normalisation import Normaliser
    from serve.extractor.vocabulary import CATALOG_ENTRY, ONTOLOGY_FILE, DiseaseOntology
    from serve.model_store import ModelStore
    from training.circumstances import circumstances
    from training.extraction.annotations import read_annotated
    from training.extraction.extractors import Extractor, Lexicon, RunningService, ShippedTagger, training_names
    from training.extraction.reports import Extracted, Measured, extraction_report
    from training.extraction.runs import read_parts
    from training.extraction.scores import spellings
    from training.report import write

    parts = read_parts(corpora, data, seed=seed)
    learnt = [*parts.train, *parts.dev]
    vocabularies = ModelStore().prepare(CATALOG_ENTRY).path
    ontology = DiseaseOntology.load(vocabularies / ONTOLOGY_FILE)
    headings = read_disease_headings(vocabularies / MESH_FILE)
    normaliser = Normaliser.load(vocabularies)
    listed = [name for disease in ontology for name in (disease.name, *disease.synonyms)]
    listed += [name for heading in headings for name in (heading.name, *heading.synonyms)]
    extractors: list[Extractor] = [
        *(ShippedTagger(normaliser, model=model) for model in ("disease-tagger", *(tagger or ()))),
        *map(RunningService, service or ()),
        Lexicon("spellings of the training papers", training_names(learnt), normaliser),
        Lexicon("names of the vocabularies", listed, normaliser),
    ]
    generators = _generators(generator or (), learnt if few_shot else None, normaliser, seed=seed)
    extractors += generators
    trained_on = frozenset().union(*(spellings(paper.places, paper) for paper in learnt))
    held_out = dict(parts.test)
    if (data / "abstracts").is_dir():
        held_out["abstracts"] = read_annotated(data / "abstracts")
    if on:
        if unknown := set(on) - held_out.keys():
            raise typer.BadParameter(f"there is no corpus {min(unknown)!r}; there are {', '.join(held_out)}")
        held_out = {name: held_out[name] for name in held_out if name in on}
    measured = {}
    for name, of in held_out.items():
        of = of if papers is None else random.Random(seed).sample(of, min(papers, len(of)))
        rows = []
        for extractor in track(extractors, f"reading {name}", console=Console(stderr=True)):
            started_s = time.perf_counter()
            found = extractor.mentions(of)
            extracted = Extracted(extractor.name, found, time.perf_counter() - started_s)
            row = Measured.of(extracted, of, ontology, trained_on)
            rows.append(row)
            # At once: the generator takes minutes, and a run that is cut off leaves what it had.
            console.print(f"{name}, {row.name}: {row.document.f1:.3f} by document, {row.mention.f1:.3f} by mention")
        measured[name] = (len(of), rows)
    about = circumstances(
        data=", ".join(f"{name} ({n} papers)" for name, (n, _) in measured.items()), split="held out", seed=seed
    )
    report = extraction_report(measured, about)
    console.print(report.summary)
    for of_engine in generators:
        console.print(f"{of_engine.name}: {dict(of_engine.counted)}")
        of_engine.close()
    for path in write(report, out):
        console.print(f"  {path}")


def _generators(
    models: Sequence[str], shown: "Sequence[AnnotatedPaper] | None", normaliser: "Normaliser", *, seed: int
) -> "list[Generator]":
    """Models of the catalogue as they were trained, and the engine's own with examples from the papers to be shown."""
    if not models and shown is None:
        return []
    from serve.extractor.prompt import Prompt, prefix_of
    from serve.settings import Settings
    from training.extraction.generator.engine import Generator
    from training.extraction.generator.few_shot import examples_of

    engine = Settings().extractor
    generators = [Generator(engine.model_copy(update={"model": model}), normaliser) for model in models]
    if shown is not None:
        prefix = prefix_of(examples_of(shown, max_unit_chars=engine.max_unit_chars, seed=seed))
        generators.append(Generator(engine, normaliser, prompt=Prompt(prefix=prefix), asked="few-shot"))
    return generators


@cli.command()
def lookups(
    data: Data,
    corpora: Corpora = CORPORA,
    seed: Annotated[int, typer.Option(help="Of the split; the shipped tagger was trained with 17.")] = 17,
) -> None:
    """Time the first lookup of every name that annotators marked in the training papers."""
    import numpy as np

    from serve.extractor.normalisation import Normaliser
    from serve.extractor.vocabulary import CATALOG_ENTRY
    from serve.model_store import ModelStore
    from training.extraction.extractors import training_names
    from training.extraction.runs import read_parts

    started_s = time.process_time()
    normaliser = Normaliser.load(ModelStore().prepare(CATALOG_ENTRY).path)
    loaded_s = time.process_time() - started_s
    parts = read_parts(corpora, data, seed=seed)
    taken_ns = []
    for name in dict.fromkeys(training_names([*parts.train, *parts.dev])):
        started_ns = time.thread_time_ns()
        normaliser.normalise(name)
        taken_ns.append(time.thread_time_ns() - started_ns)
    mean, median, slow = np.mean(taken_ns), *np.percentile(taken_ns, (50, 99))
    console.print(
        f"{len(taken_ns)} names: {mean / 1e3:.0f} µs of processor time on average, {median / 1e3:.0f} in the median, "
        f"{slow / 1e3:.0f} for all but one in a hundred. The vocabularies took {loaded_s:.1f} s to load."
    )


@cli.command()
def show(
    papers: Annotated[Path, typer.Argument(exists=True, metavar="PAPERS", help="Papers in any format.")],
    count: Annotated[int, typer.Option(min=1, help="Papers to show, drawn at random.")] = 20,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 17,
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("reports/mentions.html"),
) -> None:
    """Write a page of papers with the mentions that the tagger finds in them: cancers, others, denied ones."""
    from serve.extractor.normalisation import Normaliser
    from serve.extractor.vocabulary import CATALOG_ENTRY
    from serve.model_store import ModelStore
    from training.data import read_papers
    from training.extraction.corpus import annotated
    from training.extraction.extractors import ShippedTagger
    from training.extraction.page import mentions_page

    found = [annotated(paper) for paper in read_papers(papers)]
    drawn = random.Random(seed).sample(found, min(count, len(found)))
    tagger = ShippedTagger(Normaliser.load(ModelStore().prepare(CATALOG_ENTRY).path))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(mentions_page(drawn, tagger.mentions(drawn), model=tagger.name), encoding="utf-8")
    console.print(f"  {out}")


@cli.command()
def topics(
    papers: Annotated[Path, typer.Argument(exists=True, metavar="PAPERS", help="The abstracts that were labelled.")],
    part: Annotated[
        Literal["rules", "report"], typer.Option(help="Papers not seen when the rules were written, or those seen.")
    ] = "report",
) -> None:
    """Measure the rules for topics on the papers annotated in training/annotations."""
    from training.extraction.topics import read_labelled_topics, topic_scores

    labelled = read_labelled_topics(part)
    table = Table("kind", "precision", "recall", "F1 (95 % interval)", "right / found / labelled")
    for kind, score in topic_scores(labelled, papers).items():
        counts = " / ".join(str(sum(column)) for column in zip(*score.counts, strict=True))
        table.add_row(kind, f"{score.precision:.2f}", f"{score.recall:.2f}", str(score.f1_estimate), counts)
    console.print(table)
    console.print(f"{len(labelled)} papers, part {part!r}")
