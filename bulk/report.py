"""What a job came to, for people and for machines."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from bulk.totals import Totals
from pubserve.contract import ModelNames

TOP_DISEASES = 10


class Report(BaseModel):
    """Counts are of the whole job; seconds and rate are of the run that finished it."""

    model_config = ConfigDict(frozen=True)

    input: str
    output: str
    models: ModelNames
    files: int
    papers: int = Field(description="With an analysis.")
    failed: dict[str, int] = Field(description="Dead letters, by reason.")
    deleted_by_pubmed: int
    resumed: int = Field(description="Of `papers`, those of earlier runs.")
    labels: dict[str, int]
    top_diseases: dict[str, int] = Field(description="Papers that name the disease; the commonest first.")
    warnings: dict[str, int]
    elapsed_s: float = Field(description="From the start of the first unit to the end of the last.")
    papers_per_s: float

    @classmethod
    def of(
        cls, totals: Totals, *, input: str, output: str, models: ModelNames, files: int, resumed: int, elapsed_s: float
    ) -> Self:
        return cls(
            input=input,
            output=output,
            models=models,
            files=files,
            papers=totals.papers,
            failed=_sorted(totals.failed),
            deleted_by_pubmed=totals.deleted,
            resumed=resumed,
            labels=_sorted(totals.labels),
            top_diseases=dict(sorted(totals.diseases.items(), key=lambda item: (-item[1], item[0]))[:TOP_DISEASES]),
            warnings=_sorted(totals.warnings),
            elapsed_s=round(elapsed_s, 3),
            papers_per_s=round((totals.papers - resumed) / elapsed_s, 3) if elapsed_s else 0.0,
        )

    @property
    def dead_letters(self) -> int:
        return sum(self.failed.values())

    def __str__(self) -> str:
        lines = [f"{self.papers:,} papers" + (f", {self.resumed:,} of them by earlier runs" if self.resumed else "")]
        if self.elapsed_s:
            lines[0] += f"; {self.elapsed_s:,.0f} s, {self.papers_per_s:,.1f} papers a second"
        lines += [
            f"{name}: {_listed(counts)}"
            for name, counts in (
                ("labels", self.labels),
                ("top diseases", self.top_diseases),
                ("warnings", self.warnings),
                ("failed", self.failed),
            )
            if counts
        ]
        if self.deleted_by_pubmed:
            lines.append(f"deleted by PubMed: {self.deleted_by_pubmed:,}")
        where = f"papers in {self.output}/papers"
        lines.append(f"{where}, reasons of the failed in {self.output}/dead-letters" if self.failed else where)
        return "\n".join(lines)


def _sorted(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())
