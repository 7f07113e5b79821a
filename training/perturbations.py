"""The same papers, written otherwise: what should not change an answer, or should change it little.

Each perturbation is a pure function from paper to paper; id and label stay.
"""

import random
import re
from collections.abc import Callable
from dataclasses import replace

from serve.text.sentences import sentences
from training.data import LabelledPaper

Perturbation = Callable[[LabelledPaper], LabelledPaper]

MASK = "condition"
# Whole words around these: "adenocarcinoma", "tumorigenesis", "anticancer". Wider than the keyword rule's list.
_CANCER_WORD = re.compile(
    r"\w*(?:cancer|carcino|tumou?r|neoplas|leuka?emi|lymphoma|sarcoma|melanoma|myeloma|glioma|blastoma|mesothelioma"
    r"|hepatoma|seminoma|astrocytoma|metasta|oncolog|oncogen|malignan|hodgkin)\w*",
    re.IGNORECASE,
)

# British, American; each the beginning of a word. Stems that also begin other words ("color" of "colorectal") are not
# among them.
SPELLINGS = (
    ("tumour", "tumor"), ("antitumour", "antitumor"), ("leukaemi", "leukemi"), ("anaemi", "anemi"),
    ("ischaemi", "ischemi"), ("septicaemi", "septicemi"), ("bacteraemi", "bacteremi"), ("uraemi", "uremi"),
    ("hyperglycaemi", "hyperglycemi"), ("hypoglycaemi", "hypoglycemi"), ("haemat", "hemat"), ("haemo", "hemo"),
    ("haemangio", "hemangio"), ("gastro-oesophag", "gastroesophag"), ("oesophag", "esophag"),
    ("oestrogen", "estrogen"), ("oestradiol", "estradiol"), ("oedema", "edema"), ("lymphoedema", "lymphedema"),
    ("diarrhoea", "diarrhea"), ("coeliac", "celiac"), ("caecum", "cecum"), ("caecal", "cecal"), ("faecal", "fecal"),
    ("faeces", "feces"), ("paediatr", "pediatr"), ("orthopaed", "orthoped"), ("gynaec", "gynec"),
    ("anaesth", "anesth"), ("behaviour", "behavior"), ("favour", "favor"), ("fibre", "fiber"),
    ("randomis", "randomiz"), ("characterise", "characterize"), ("characterisa", "characteriza"),
    ("hospitalise", "hospitalize"), ("hospitalisa", "hospitaliza"), ("localisa", "localiza"),
    ("localise", "localize"), ("utilis", "utiliz"), ("standardis", "standardiz"), ("minimis", "minimiz"),
    ("visualis", "visualiz"),
)  # fmt: skip
_OTHER = {form: other for pair in SPELLINGS for form, other in (pair, pair[::-1])}
_SPELLING = re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, _OTHER), key=len, reverse=True))})", re.IGNORECASE)

# What optical character recognition takes for one another.
_LOOKALIKES = {"rn": "m", "m": "rn", "cl": "d", "l": "1", "i": "l", "o": "0", "e": "c", "h": "b", "u": "n", "t": "f"}


def cancer_words_masked(paper: LabelledPaper) -> LabelledPaper:
    """Every word that names cancer, or is built on such a word, becomes `MASK`."""
    return _in_both_fields(paper, mask_cancer_words)


def title_only(paper: LabelledPaper) -> LabelledPaper:
    return replace(paper, abstract="")


def abstract_only(paper: LabelledPaper) -> LabelledPaper:
    return replace(paper, title="")


def first_half(paper: LabelledPaper) -> LabelledPaper:
    """The longest run of whole sentences in the first half of the abstract; its first sentence at least."""
    ends = [end for _, end in sentences(paper.abstract)]
    fitting = [end for end in ends if end <= len(paper.abstract) / 2] or ends[:1]
    return replace(paper, abstract=paper.abstract[: fitting[-1]] if fitting else "")


def other_spelling(paper: LabelledPaper) -> LabelledPaper:
    """British spelling made American and American made British."""
    return _in_both_fields(paper, swap_spelling)


def upper_case(paper: LabelledPaper) -> LabelledPaper:
    return _in_both_fields(paper, str.upper)


def misread(paper: LabelledPaper, *, seed: int = 17, share: float = 0.1) -> LabelledPaper:
    """A poor scan: in this share of the words, one letter is taken for one that looks like it. Seed and id decide."""
    chance = random.Random(f"{seed} {paper.id}")

    def scan(word: re.Match[str]) -> str:
        text = word[0]
        found = [(text.find(letters), letters) for letters in _LOOKALIKES if letters in text]
        if not found or chance.random() >= share:
            return text
        start, letters = chance.choice(found)
        return text[:start] + _LOOKALIKES[letters] + text[start + len(letters) :]

    return _in_both_fields(paper, lambda text: re.sub(r"\w+", scan, text))


PERTURBATIONS: dict[str, Perturbation] = {
    "cancer words masked": cancer_words_masked,
    "title only": title_only,
    "abstract only": abstract_only,
    "first half of the abstract": first_half,
    "other spelling": other_spelling,
    "upper case": upper_case,
    "misread letters": misread,
}


def mask_cancer_words(text: str) -> str:
    """The text with `MASK` in place of words for cancer; capitals stay capitals."""
    return _CANCER_WORD.sub(lambda word: _in_case_of(word[0], MASK), text)


def swap_spelling(text: str) -> str:
    """The text with every stem of `SPELLINGS` replaced by its other spelling; applied twice, the text comes back."""
    return _SPELLING.sub(lambda stem: _in_case_of(stem[0], _OTHER[stem[0].lower()]), text)


def _in_both_fields(paper: LabelledPaper, change: Callable[[str], str]) -> LabelledPaper:
    return replace(paper, title=change(paper.title), abstract=change(paper.abstract))


def _in_case_of(original: str, replacement: str) -> str:
    if len(original) > 1 and original.isupper():
        return replacement.upper()
    return replacement.capitalize() if original[0].isupper() else replacement
