"""What publishers and registries add to an abstract: it says who owns it, not what it found."""

import re

from serve.text.cleaning.deletion import deletions
from serve.text.offsets import Edit

# Tails stand at the end; looking no further back bounds the work on any text.
_TAIL_CHARS = 400

_YEAR = r"(?:19|20)\d\d"
_SENTENCE_START = r"(?:^|(?<=[.!?)\]\n])|(?<=[.!?)\]]\s))"

_MAYBE_COPYRIGHT = re.compile(r"©|\([cC]\)|opyright|ights reserved|ublished by|ccess article")
_COPYRIGHT = re.compile(
    rf"""(?:
      (?:Crown\s)?(?:Copyright\s?)?(?:©|\([cC]\))\s?(?:Copyright\s?)?
            (?:{_YEAR}(?:[,.;-]|\s(?:[A-Z][A-Za-z]{{2}}|by\s)|$)|The\sAuthor|Crown)
    | {_SENTENCE_START}(?:
        (?:Crown\s)?Copyright:?\s(?:{_YEAR}|by\s[A-Z]|held\sby|is\sheld|remains\swith|The\sAuthor)
      | ©\s?[A-Z]
      | All\srights\sreserved
      | (?:This\sarticle\sis\s)?[Pp]rotected\sby\scopyright
      | This\sis\san\s[Oo]pen[\s-][Aa]ccess\sarticle
      | (?:{_YEAR}\s)?The\sAuthors?(?:\(s\))?[.,]?\s(?:{_YEAR}[.,]?\s)?
            (?:[A-Z][\w\s,&-]{{0,80}}\s)?[Pp]ublished\sby\s[A-Z]
      | Published\sby\s(?:Elsevier|Wiley|John\sWiley|Springer|Oxford|BMJ|Taylor|Wolters|Lippincott|SAGE|Karger|Thieme
                         |Cambridge|MDPI|Frontiers|Blackwell|the\sBMJ|Nature)
    ))""",
    re.VERBOSE,
)

_JOURNAL = r"(?:[A-Z][A-Za-z&-]{0,30}[.,:]{0,2}\s(?:of\s|the\s|and\s|in\s|&\s){0,2}){1,9}"
_PAGES = r"[A-Za-z]?\d{1,6}(?:\s?[-\u2013]\s?[A-Za-z]?\d{1,6})?"
_VOLUME = r"\d{1,4}\s?(?:\([\w\s.-]{1,12}\))?"
_OWN_CITATION = re.compile(
    rf"""{_SENTENCE_START}[(\[]?{_JOURNAL}(?:
        \(?{_YEAR}\)?(?:\s[A-Z][a-z]{{2,8}}(?:\s\d{{1,2}})?)?\s?[;,:.]?\s?{_VOLUME}\s?[:,;\s]\s?{_PAGES}
      | {_VOLUME}\s?[:,;]\s?{_PAGES}\s?[,;]?\s\(?{_YEAR}\)?
    )[.)\]\s]*$""",
    re.VERBOSE,
)

_SEE_TEXT = re.compile(
    r"\[(?:Formula|Media|Figure|Table|Text|Graph|Image|Structure|Scheme|Reaction|Video|Box)s?:? see text\]"
)
_SEE_RELATED = re.compile(
    rf"{_SENTENCE_START}(?:See (?:also )?(?:the )?(?:related|accompanying) [^.]{{1,80}}(?:et al\.[^.]{{0,40}})?"
    r"|This article is highlighted in the [^.]{1,60}),? p{1,2}\. [\w-]+\.?"
)
_TRUNCATION_NOTE = re.compile(r"[(\[]\s?ABSTRACT TRUNCATED(?: AT \d+ WORDS)?\s?[)\]]\.?")

_NOTICE = re.compile(
    r"""[\[(]?\s?(?:
        (?:no|without)\sabstracts?(?:\s(?:is|was))?(?:\s(?:available|provided|present))?[.\s]*[\])]?$
      | abstract\s(?:is\s)?(?:not\savailable|missing|unavailable)[.\s]*[\])]?$
      | (?:not\savailable|n\.?/a\.?|none)[.\s]*[\])]?$
      | this\s(?:corrects|retracts|amends|updates|is\s(?:a|an)\s(?:correction|corrigendum|erratum|retraction))\b
      | (?:the|this)\s(?:above\s)?(?:article|paper|publication|manuscript)[^.]{0,80}?\s
            (?:has\sbeen|was|is(?:\sbeing)?|have\sbeen)\s(?:retracted|withdrawn|corrected\sin)\b
      | (?:the\s)?(?:publishers?|editors?|authors?)\s(?:of\sthe\s[^.]{1,40}\s)?
            (?:regrets?|wish(?:es)?\sto\s(?:retract|correct))\b
      | (?:retraction|correction|erratum|corrigendum|retracted\sarticle|withdrawn)
            (?::|\.|\s(?:of|to|for|in)(?::|\s(?:["']|(?:the|this|our|an)\s(?:article|paper|publication)\b|doi|PMID)))
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_NOTICE_CHARS = 1500

_NOTE = r"\s*\(authors?'?s? transl\)"
_TRANSLATED = re.compile(
    rf"\s*(?P<open>\[)(?P<title>.*?)(?P<note>{_NOTE}\.?)?(?P<close>\])(?P<after>{_NOTE})?\.?\s*",
    re.DOTALL | re.IGNORECASE,
)


def drop_copyright(text: str) -> list[Edit]:
    """Copyright and publisher sentences at the end, with whatever follows the first of them."""
    if not _MAYBE_COPYRIGHT.search(text, max(0, len(text) - _TAIL_CHARS)):
        return []
    if tail := _COPYRIGHT.search(text, max(0, len(text) - _TAIL_CHARS)):
        return deletions(text, [(tail.start(), len(text))])
    return []


def drop_own_citation(text: str) -> list[Edit]:
    """The paper's own place in its journal, where the abstract ends with it."""
    return deletions(text, own_citation(text))


def own_citation(text: str) -> list[tuple[int, int]]:
    """Where an abstract ends with the paper's own place in its journal; one place or none."""
    has_number = any(char.isdigit() for char in text[-12:])
    tail = _OWN_CITATION.search(text, max(0, len(text) - _TAIL_CHARS // 2)) if has_number else None
    return [tail.span()] if tail else []


def drop_editorial_notes(text: str) -> list[Edit]:
    """Places where PubMed left out a figure or formula, and pointers to other articles of the issue."""
    spans = [match.span() for match in _SEE_TEXT.finditer(text)] if "see text]" in text else []
    if ", p" in text[-20:] and (related := _SEE_RELATED.search(text, max(0, len(text) - _TAIL_CHARS))):
        spans.append(related.span())
    return deletions(text, spans)


def drop_truncation_note(text: str) -> list[Edit]:
    """MEDLINE's word that it cut the abstract short."""
    if "ABSTRACT TRUNCATED" not in text:
        return []
    return deletions(text, [match.span() for match in _TRUNCATION_NOTE.finditer(text)])


def drop_notice(text: str) -> list[Edit]:
    """An abstract that is none: a retraction, a correction, or the word that there is no abstract."""
    stripped = text.strip()
    if stripped and len(stripped) <= _NOTICE_CHARS and _NOTICE.match(stripped):
        return [Edit(0, len(text))]
    return []


def open_translated_title(text: str) -> list[Edit]:
    """PubMed's brackets around a translated title go, and so does the note on who translated it.

    Which class translated papers fall into is an accident of how training data was collected.
    """
    match = _TRANSLATED.fullmatch(text)
    if match is None or not match["title"].strip() or not _balanced(match["title"]):
        return []
    return [Edit(*match.span(part)) for part in ("open", "note", "close", "after") if match[part]]


def _balanced(text: str) -> bool:
    """Whether every square bracket in `text` is closed in it, and none before it is opened."""
    depth = 0
    for char in text:
        depth += (char == "[") - (char == "]")
        if depth < 0:
            return False
    return depth == 0
