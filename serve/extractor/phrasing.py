"""Other ways to say a folded name, and what is left of a name when how it is said does not count."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from serve.text.folding import fold, fold_word

_NUMERALS = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5"}
_OF = re.compile(r"^(?P<what>.+?) (?:of|in) (?:the )?(?P<where>.+)$")
_DISEASE, _SYNDROME = fold("disease"), fold("syndrome")
_DISORDER = re.compile(rf"\b{fold('disorder')}$")
CARCINOMA = re.compile(r"\bcarcinoma$")
_TUMOUR = re.compile(r"\b(?:tumor|neoplasm|neoplasia|malignancy)$")
JOINS = frozenset(("and", "or"))
"""`breast and ovarian cancer` is two diseases."""


fold_once = lru_cache(maxsize=1 << 18)(fold)
"""`fold` for the names of vocabularies, which come several times while these are read; clear its cache after that."""


def _folded(words: str) -> frozenset[str]:
    return frozenset(map(fold_word, words.split()))


SAYS_NOTHING_ALONE = _folded("""
    disease syndrome disorder deficiency condition abnormality damage defect deficit delay dysfunction function injury
    loss symptom toxic
""")
"""Folded words that are a disease only together with another."""

_SMALL = frozenset(("of", "the", "in", "with", "to", "by", "for", "a", "an", "due", "from", "on", "at"))
_HARM = _folded("""
    damage injury dysfunction toxicity impairment abnormality lesion involvement complication symptom disturbance
    alteration problem illness condition toxic defect malfunction
""")
"""What is wrong with an organ, where no more is said than that something is: a disease of it."""
_SAME = """
    kidney renal, liver hepatic, heart cardiac, lung pulmonary, brain cerebral, eye ocular, stomach gastric,
    breast mammary, skin cutaneous, nerve neural, muscle muscular, bone osseous, colon colonic, uterus uterine,
    ovary ovarian, prostate prostatic, pancreas pancreatic, esophagus esophageal, bladder vesical,
    blood hematologic hematological, vessel vascular, artery arterial, vein venous, bowel intestinal intestine,
    retina retinal, cornea corneal, testis testicular, chromosome chromosomal,
    cancer tumor neoplasm malignancy neoplasia, disease disorder, deficiency deficient, deficit defect,
    abnormality anomaly, hereditary familial inherited heritable, child childhood pediatric
"""
_SAID_AS = {
    fold_word(other): fold_word(first) for first, *others in map(str.split, _SAME.split(",")) for other in others
}
_ENDING_LIST = "tic sis sia ic ical ian iv ive ion ia ism ity ou ous al ed y i um a itic s o"
_ENDINGS = tuple(sorted(_ENDING_LIST.split(), key=lambda ending: (-len(ending), ending)))
"""Of folded words, which have lost some already. `itis` is none: an epididymis is no epididymitis."""
_SHORTEST_STEM = 4


def numbered(key: str) -> str:
    """A folded name with small Roman numerals as digits."""
    return " ".join(_NUMERALS.get(word, word) for word in key.split())


def rephrased(key: str) -> Iterator[str]:
    """Other ways to say a folded name, likelier ones first."""
    of_type = numbered(key)
    turned = [f"{match['where']} {match['what']}"] if (match := _OF.match(of_type)) else []
    seen = {key}
    for phrasing in (of_type, *turned):
        said = [phrasing, _TUMOUR.sub("cancer", phrasing), _DISORDER.sub(_DISEASE, phrasing)]
        if JOINS.isdisjoint(phrasing.split()):
            said += [f"{phrasing} {_DISEASE}", f"{phrasing} {_SYNDROME}"]
        yield from (other for other in dict.fromkeys(said) if other not in seen)
        seen.update(said)


def essence(key: str) -> str:
    """The stems of a folded name's words, each once and sorted. Empty where nothing is left that says anything.

    `hypotensive` and `hypotension`, `renal amyloidosis` and `amyloidosis of the kidney` have the same.
    """
    return _essence(numbered(key).split())


def essence_of_harm(key: str) -> str:
    """The essence of a folded name as a disease of what it harms: for `renal toxicity` that of `kidney disease`."""
    words = numbered(key).split()
    if words and words[-1] in _HARM:
        words[-1] = _DISEASE
    return _essence(words)


def _essence(words: Iterable[str]) -> str:
    stems = {_stem(word) for word in words if word not in _SMALL}
    return " ".join(sorted(stems)) if stems - _EMPTY_STEMS else ""


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    """A folded word without what makes it a noun or an adjective; that of an organ, under the organ's plain name."""
    word = _SAID_AS.get(word, word)
    if len(word) <= _SHORTEST_STEM:
        return word
    ending = next((e for e in _ENDINGS if word.endswith(e) and len(word) - len(e) >= _SHORTEST_STEM), "")
    return word.removesuffix(ending)


_EMPTY_STEMS = frozenset(map(_stem, SAYS_NOTHING_ALONE))
