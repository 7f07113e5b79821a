"""Is the memory of a bulk job flat? As many generated papers as asked for, through models of simulated speed.

    python -m loadtest.bulk_memory --papers 100000 --out reports/bulk-memory

Memory is the proportional set size of this process and of all it started, Ray's included; pages they share are counted
once. The input is PubMed's XML in gzip.
"""

import gzip
import os
import platform
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import psutil
import typer
from pydantic import BaseModel

from bulk.cluster import LOCAL
from bulk.job import Job, Progress, run
from bulk.storage import Location
from loadtest.processes import ProcessWatch
from loadtest.simulated_bulk import LOADER, SPEED_VARIABLE
from serve.settings import Settings

PAPERS_PER_FILE = 10_000
ABSTRACT_WORDS = 220
WORDS = ("asthma", "sepsis", "glioma", "cohort", "of", "patients", "the", "with", "survival", "after", "treatment")
MARKS = (0.1, 0.25, 0.5, 0.75, 1.0)


class Sample(BaseModel):
    """Memory when so many papers were done."""

    at_s: float
    papers: int
    mib: int


class Memory(BaseModel):
    """The record of one job."""

    machine: str
    papers: int
    input_mib: float
    tokens_per_s: float
    papers_per_s: float
    samples: list[Sample]

    def peak_mib(self, share: float) -> int:
        """The most up to this share of the papers."""
        return max(sample.mib for sample in self.samples if sample.papers <= share * self.papers)

    @property
    def growth(self) -> float:
        """The peak of the whole job over that of its first tenth."""
        return self.peak_mib(1.0) / self.peak_mib(MARKS[0])

    @property
    def markdown(self) -> str:
        rows = "".join(f"| {share:.0%} | {self.peak_mib(share):,} |\n" for share in MARKS)
        return (
            f"# Memory of a bulk job\n\n{self.machine}; {self.papers:,} generated papers, {self.input_mib:.0f} MiB of "
            f"PubMed XML in gzip; models of {self.tokens_per_s:,.0f} tokens a second each; "
            f"{self.papers_per_s:.0f} papers a second; {len(self.samples)} samples.\n\n"
            f"| of the papers done | peak, MiB |\n| ---: | ---: |\n{rows}\n"
            f"The peak of the whole job is {self.growth:.2f} of the peak of its first tenth.\n"
        )


def main(
    papers: Annotated[int, typer.Option(min=1000, help="Papers to generate and read.")] = 100_000,
    tokens_per_s: Annotated[float, typer.Option(help="Speed of each model in each worker.")] = 500_000,
    out: Annotated[Path | None, typer.Option(help="Folder for report.md and report.json.")] = None,
) -> None:
    """Run the job, and print how its memory went."""
    os.environ[SPEED_VARIABLE] = str(tokens_per_s)
    with tempfile.TemporaryDirectory() as folder:
        given, written = Path(folder) / "papers", Path(folder) / "out"
        given.mkdir()
        for start in range(0, papers, PAPERS_PER_FILE):
            _write(given / f"{start:09d}.xml.gz", range(start, min(start + PAPERS_PER_FILE, papers)))
        input_bytes = sum(file.stat().st_size for file in given.iterdir())
        samples, rate = _measured(
            Job(Location(str(given)), Location(str(written)), Settings(profile="cpu"), loader=LOADER)
        )
    memory = Memory(
        machine=f"{platform.machine()}, {psutil.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB",
        papers=papers,
        input_mib=input_bytes / 2**20,
        tokens_per_s=tokens_per_s,
        papers_per_s=rate,
        samples=samples,
    )
    typer.echo(memory.markdown)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / "report.md").write_text(memory.markdown, encoding="utf-8")
        (out / "report.json").write_text(memory.model_dump_json(indent=1) + "\n", encoding="utf-8")


def _measured(job: Job) -> tuple[list[Sample], float]:
    """Samples a second apart at most, and papers a second."""
    samples: list[Sample] = []
    began_s = time.monotonic()
    watch = ProcessWatch(os.getpid())

    def on_progress(progress: Progress) -> None:
        at_s = round(time.monotonic() - began_s, 1)
        mib = watch.now_bytes // 2**20
        if not samples or mib != samples[-1].mib:
            samples.append(Sample(at_s=at_s, papers=progress.totals.papers, mib=mib))

    try:
        return samples, run(job, address=LOCAL, on_progress=on_progress).papers_per_s
    finally:
        watch.stop()


def _write(file: Path, numbers: Sequence[int]) -> None:
    draw = random.Random(numbers[0])
    with gzip.open(file, "wt", encoding="utf-8", compresslevel=1) as xml:
        xml.write("<?xml version='1.0'?>\n<PubmedArticleSet>\n")
        for number in numbers:
            abstract = " ".join(draw.choices(WORDS, k=ABSTRACT_WORDS))
            xml.write(
                f"<PubmedArticle><MedlineCitation><PMID>{number}</PMID><Article><ArticleTitle>{draw.choice(WORDS)} in "
                f"cohort {number}.</ArticleTitle><Abstract><AbstractText>{abstract}.</AbstractText></Abstract>"
                "</Article></MedlineCitation></PubmedArticle>\n"
            )
        xml.write("</PubmedArticleSet>\n")


if __name__ == "__main__":
    typer.run(main)
