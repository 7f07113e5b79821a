"""Papers that do not exist, written for this project to try a classifier where counting words fails.

They are synthetic: composed by us from scratch, so that their labels follow from one rule and nothing in them can have
been seen in training. They are for testing only; never train on them, and never choose a threshold by them.

The rule: a paper is Cancer if its subject is a malignant neoplasm, the finding or treatment of one, its biology, or
people who have or had one. Benign tumours, tumour syndromes described without malignancy, drugs that oncology shares
with other fields, screening of other things, and infections or genes known from oncology but studied elsewhere are
Non-Cancer, however often they use its words. Diseases that experts class differently (mastocytosis, polycythaemia vera,
monoclonal gammopathy, carcinoma in situ) are left out.

The first `FIRST` were known to us when the words that count as evidence were last chosen. The others were written
later, by somebody who had seen neither those words nor the training: they say what to expect.
"""

import json
from dataclasses import dataclass
from importlib.resources import files

from training.data import LabelledPaper

FIRST = 60


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A paper, and what could mislead a reader of words about it."""

    paper: LabelledPaper
    trap: str


def read_near_misses() -> list[NearMiss]:
    """All of them, in the order of the file."""
    lines = files("training").joinpath("near_misses.jsonl").read_text(encoding="utf-8").splitlines()
    return [NearMiss(trap=row.pop("trap"), paper=LabelledPaper(**row)) for row in map(json.loads, lines)]
