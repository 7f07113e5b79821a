"""Guides that lie beside what they are about, such as model cards, as pages of the site."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]

_TITLE = re.compile(r"\A# .*\n")
_GUIDE = re.compile(r"\]\((?:\.\./)+docs/")
_OTHER_CARD = re.compile(r"\]\(\.\./([\w-]+)/README\.md\)")


def card(path: str) -> str:
    """A guide without its title, which the page has; links to guides and to the cards beside it lead to their pages."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return _GUIDE.sub("](/", _OTHER_CARD.sub(r"](\1.md)", _TITLE.sub("", text)))
