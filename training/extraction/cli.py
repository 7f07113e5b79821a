"""`python -m training extraction …`: train the extractor, measure it, look at what it finds."""

import random
import shutil
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

HELP = """Train the extractor of diseases, measure it, and look at what it finds.

\b
  pubserve train extraction train ../shared/data       the tagger that is shipped; an hour or two on a CPU
  pubserve train extraction evaluate ../shared/data    that tagger against lists of names, on papers held out
  pubserve train extraction show ../shared/data/abstracts    its mentions in twenty papers, as a page

\b
DATA is the folder that the file given with --corpora counts from.
"""

cli = typer.Typer(name="extraction", help=HELP, no_args_is_help=True, rich_markup_mode=None)
console = Console()

CONFIGS = Path(__file__).parents[1] / "configs"

Data = Annotated[Path, typer.Argument(exists=True, file_okay=False, metavar="DATA", help="Folder of the corpora.")]
Corpora = Annotated[Path, typer.Option(exists=True, help="Which papers to train on, and which to measure on.")]
Config = Annotated[Path, typer.Option(exists=True, help="The configuration to train with.")]


@cli.command()
def train(
    data: Data,
    corpora: Corpora = CONFIGS / "corpora" / "ncbi-bc5cdr.yaml",
    config: Config = CONFIGS / "taggers" / "minilm.yaml",
    runs: Annotated[Path, typer.Option(help="Where runs are kept.")] = Path("runs/tagger"),
    adapter: Annotated[Path, typer.Option(help="Where the adapter goes.")] = Path("models/disease-tagger"),
) -> None:
    """Fine-tune the tagger and put the adapter where the catalogue finds it. A run that was stopped goes on."""
    from serve.extractor.normalisation import Normaliser
    from serve.extractor.vocabulary import CATALOG_ENTRY
    from serve.model_store import ModelStore
    from training.config import TaggerConfig
    from training.extraction.runs import read_parts, run
    from training.runs import ADAPTER, RESULT_FILE

    settings = TaggerConfig.load(config)
    normaliser = Normaliser.load(ModelStore().prepare(CATALOG_ENTRY).path)
    done = run(settings, read_parts(corpora, data, seed=settings.seed), runs, normaliser)
    shutil.copytree(runs / ADAPTER, adapter, dirs_exist_ok=True)
    shutil.copyfile(runs / RESULT_FILE, adapter / "training.json")
    for part, scores in done.scores.items():
        console.print(
            f"{part}: F1 {scores['mention']['f1']:.3f} by mention, {scores['document']['f1']:.3f} by document"
        )


@cli.command()
def evaluate(
    data: Data,
    corpora: Corpora = CONFIGS / "corpora" / "ncbi-bc5cdr.yaml",
    seed: Annotated[int, typer.Option(help="Of the split; the shipped tagger was trained with 17.")] = 17,
    service: Annotated[
        list[str] | None, typer.Option(help="Measure a running service too, such as http://127.0.0.1:8000.")
    ] = None,
    papers: Annotated[int | None, typer.Option(help="Measure on the first papers of each corpus only.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("reports/extraction"),
) -> None:
    """Measure the tagger as it is served, beside a list of the training mentions and one of the vocabularies' names."""
    from serve.extractor.mesh import MESH_FILE, read_disease_headings
    from serve.extractor.normalisation import Normaliser
    from serve.extractor.vocabulary import CATALOG_ENTRY, ONTOLOGY_FILE, DiseaseOntology
    from serve.model_store import ModelStore
    from training.circumstances import circumstances
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
    normaliser = Normaliser(ontology, headings)
    listed = [name for disease in ontology for name in (disease.name, *disease.synonyms)]
    listed += [name for heading in headings for name in (heading.name, *heading.synonyms)]
    extractors: list[Extractor] = [
        ShippedTagger(normaliser),
        *map(RunningService, service or ()),
        Lexicon("spellings of the training papers", training_names(learnt), normaliser),
        Lexicon("names of the vocabularies", listed, normaliser),
    ]
    trained_on = frozenset().union(*(spellings(paper.places, paper) for paper in learnt))
    measured = {}
    for name, of in parts.test.items():
        of = of[:papers]
        rows = []
        for extractor in track(extractors, f"reading {name}", console=Console(stderr=True)):
            started_s = time.perf_counter()
            found = extractor.mentions(of)
            extracted = Extracted(extractor.name, found, time.perf_counter() - started_s)
            rows.append(Measured.of(extracted, of, ontology, trained_on))
        measured[name] = (len(of), rows)
    about = circumstances(
        data=", ".join(f"{name} ({n} papers)" for name, (n, _) in measured.items()), split="held out", seed=seed
    )
    report = extraction_report(measured, about)
    console.print(report.summary)
    for path in write(report, out):
        console.print(f"  {path}")


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
