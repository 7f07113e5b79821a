"""Tags that PubMed, JATS and MathML leave in titles and abstracts. Everything else between `<` and `>` is text."""

import re

from serve.text.offsets import Edit

_INLINE = "i b u s em strong italic bold underline sub sup sc small big span font tt a p br div section list ul ol li"
_MATHML = (
    "math semantics annotation mrow mi mn mo mtext mspace ms mfrac msqrt mroot mstyle merror mpadded mphantom mfenced "
    "menclose msub msup msubsup munder mover munderover mmultiscripts mprescripts none mtable mtr mtd mlabeledtr"
)
_NAMES = "|".join((_INLINE + " " + _MATHML).split())
_ATTRIBUTES = r"""(?:\s++[\w:-]++\s*+=\s*+(?:"[^"<>]*+"|'[^'<>]*+'))*+\s*+"""
_TAG = re.compile(rf"<(?P<close>/?)(?:jats:|mml:)?(?P<name>{_NAMES}){_ATTRIBUTES}(?P<empty>/?)>", re.IGNORECASE)
# A formula's annotation says the formula once more, in TeX.
_ANNOTATION = re.compile(r"<(?:mml:)?annotation\b[^<>]*>[^<>]*</(?:mml:)?annotation>", re.IGNORECASE)
_SUPERSCRIPT = re.compile(
    r"<(?:jats:)?sup>\s*(?P<inside>[-+\u2212\u2013\d,\s]{1,40})\s*</(?:jats:)?sup>", re.IGNORECASE
)

_RAISED = str.maketrans("0123456789+-\u2212\u2013", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻", " \t\n")
_BREAKS = frozenset({"p", "br", "div", "section", "list", "ul", "ol", "li"})


def strip_tags(text: str) -> list[Edit]:
    """Known tags go; what they enclose stays, and raised numbers stay raised (`10<sup>6</sup>` is no 106).

    An opening tag counts as one only if it is closed somewhere: in `a<b>c` the signs compare.
    """
    if "<" not in text:
        return []
    if whole := [
        *(Edit(match.start(), match.end()) for match in _ANNOTATION.finditer(text)),
        *(
            Edit(match.start(), match.end(), match["inside"].translate(_RAISED))
            for match in _SUPERSCRIPT.finditer(text)
            if match["inside"].strip(", ")
        ),
    ]:
        return sorted(whole, key=lambda edit: edit.start)
    tags = list(_TAG.finditer(text))
    closed = {tag["name"].lower() for tag in tags if tag["close"]}
    return [
        Edit(tag.start(), tag.end(), "\n" if tag["name"].lower() in _BREAKS else "")
        for tag in tags
        if tag["close"] or tag["empty"] or tag["name"].lower() in closed or tag["name"].lower() == "br"
    ]
