"""Entities, odd characters and spaces: one plain way to write what can be written in many."""

import html
import re
import unicodedata
from functools import lru_cache
from html.entities import html5

from serve.text.offsets import Edit

# Encoded once more, an entity's ampersand is an entity itself: all layers come off at once.
_ENTITY = re.compile(
    r"&(?:(?:amp|#0*38|#[xX]0*26);)*(?P<code>#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
)

_ODD = re.compile(r"[^\n\x20-\x7e]")
_ACCENTED = re.compile(r"[^\W\d_][\u0300-\u036f]{1,4}")
# As some journals write decimals. A dot before a power of ten is a multiplication.
_DECIMAL_DOT = re.compile(r"(?<=\d)[·∙‧](?=\d)(?!10(?:[⁻⁰¹²³⁴-⁹^(]|<sup>))")
_SPACES = re.compile(r"[ \n]{2,}")

_PLAIN = {
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
    **dict.fromkeys("\r\x85\u2028\u2029", "\n"),
    **dict.fromkeys("\t\x0b\x0c", " "),
    "\u2014": "\u2014",  # a dash that parts two clauses is no hyphen
    "\u2015": "\u2014",
    "\u2212": "-",
    "\u223c": "~",
    "\u2217": "*",
    "\u02c2": "<",
    "\u02c3": ">",
}
_SPACING = "Zs"
_INVISIBLE = ("Cc", "Cf")
_DASH = "Pd"
_SAME_LETTER = ("<font>", "<wide>", "<narrow>", "<compat>")


def decode_entities(text: str) -> list[Edit]:
    """HTML's named and numbered entities, encoded once or many times, become their characters."""
    if "&" not in text:
        return []
    return [
        Edit(match.start(), match.end(), html.unescape(f"&{match['code']};"))
        for match in _ENTITY.finditer(text)
        if match["code"].startswith("#") or f"{match['code']};" in html5
    ]


def plain_characters(text: str) -> list[Edit]:
    """Spaces, hyphens, quotes, ligatures and letters that Unicode has in many forms become the everyday one.

    Invisible characters go. Greek letters, mathematical signs, superscripts and subscripts stay: they carry meaning.
    """
    if not _ODD.search(text):
        return []
    edits = [
        Edit(match.start(), match.end(), plain)
        for match in _ODD.finditer(text)
        if (plain := _plain(match.group())) != match.group()
    ]
    edits += [
        Edit(match.start(), match.end(), composed)
        for match in _ACCENTED.finditer(text)
        if len(composed := unicodedata.normalize("NFC", match.group())) == 1
    ]
    edits += [Edit(match.start(), match.end(), ".") for match in _DECIMAL_DOT.finditer(text)]
    return _in_order(edits)


def even_spaces(text: str) -> list[Edit]:
    """One space, or one line break, wherever there are several; none at either end."""
    start = len(text) - len(text.lstrip(" \n"))
    end = max(start, len(text.rstrip(" \n")))
    edits = [Edit(0, start), Edit(end, len(text))]
    if any(pair in text for pair in ("  ", " \n", "\n ", "\n\n")):
        edits[1:1] = (
            Edit(match.start(), match.end(), "\n" if "\n" in match.group() else " ")
            for match in _SPACES.finditer(text, start, end)
        )
    return [edit for edit in edits if edit.start < edit.end]


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    if character in _PLAIN:
        return _PLAIN[character]
    category = unicodedata.category(character)
    if category == _SPACING:
        return " "
    if category in _INVISIBLE:
        return ""
    if category == _DASH:
        return "-"
    form, _, _ = unicodedata.decomposition(character).partition(" ")
    plain = unicodedata.normalize("NFKC" if form in _SAME_LETTER else "NFC", character)
    # An accent that stands alone decomposes into a space and a combining mark, which is no plainer.
    return character if plain.startswith(" ") else plain


def _in_order(edits: list[Edit]) -> list[Edit]:
    """Sorted, and without those that overlap an earlier one: they are found again once that is done."""
    kept: list[Edit] = []
    for edit in sorted(edits, key=lambda edit: edit.start):
        if not kept or kept[-1].end <= edit.start:
            kept.append(edit)
    return kept
