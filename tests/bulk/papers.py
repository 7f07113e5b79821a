"""Generated papers, and what a job wrote of them."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pubserve.formats.records import PaperRecord

WORDS = ("asthma", "sepsis", "glioma", "anaemia", "stroke", "melanoma", "gout")


def paper(number: int) -> dict[str, str]:
    """A paper whose first word is a disease."""
    word = WORDS[number % len(WORDS)]
    return {"id": f"p{number}", "title": f"{word} in cohort {number}", "abstract": f"We saw {word}. " * (number % 9)}


def record(number: int) -> PaperRecord:
    given = paper(number)
    return PaperRecord(given["id"], given["title"], given["abstract"])


def write_jsonl(file: Path, numbers: range) -> Path:
    file.write_text("".join(json.dumps(paper(number)) + "\n" for number in numbers))
    return file


def write_pubmed(file: Path, numbers: range) -> Path:
    """PubMed's XML as the baseline has it, in gzip."""
    records = "".join(
        f"<PubmedArticle><MedlineCitation><PMID>{given['id']}</PMID><Article>"
        f"<ArticleTitle>{given['title']}</ArticleTitle>"
        f"<Abstract><AbstractText>{given['abstract']}</AbstractText></Abstract>"
        "</Article></MedlineCitation></PubmedArticle>\n"
        for given in map(paper, numbers)
    )
    file.write_bytes(gzip.compress(f"<?xml version='1.0'?>\n<PubmedArticleSet>{records}</PubmedArticleSet>".encode()))
    return file


def lines_in(folder: Path) -> list[str]:
    """Every line of the parts, sorted."""
    return sorted(line for part in folder.glob("*.jsonl") for line in part.read_text().splitlines())


def dead_letters(out: Path) -> Iterator[dict[str, Any]]:
    for line in lines_in(out / "dead-letters"):
        yield json.loads(line)
