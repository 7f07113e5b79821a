"""What a labelled set is made of, whatever file it came from."""

import hashlib
import re
from dataclasses import dataclass

from serve.text.document import classifier_text

LABELS = ("Cancer", "Non-Cancer")


@dataclass(frozen=True, slots=True)
class LabelledPaper:
    """One paper and its label, one of `LABELS`. The id names it in reports; it never reaches a model."""

    id: str
    title: str
    abstract: str
    label: str

    @property
    def text(self) -> str:
        return classifier_text(self.title, self.abstract)

    @property
    def group(self) -> str:
        """Papers with the same letters and digits in the abstract are one paper published twice."""
        letters = re.sub(r"[^a-z0-9]", "", (self.abstract or self.title).lower())
        return hashlib.sha256(letters.encode()).hexdigest()
