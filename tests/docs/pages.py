"""What people read, taken apart: pages, the blocks of code in them, and the commands in those."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_SHELLS = ("bash", "console", "")
_CONTROL = frozenset("|&;")
_REMARK = re.compile(r"\s{3,}\S.*")
_ASSIGNMENT = re.compile(r"[A-Z_]+=")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of code."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a shell: what is set in its environment alone, and its words."""

    where: str
    environment: dict[str, str]
    words: list[str]

    def __str__(self) -> str:
        return f"{self.where} {shlex.join(self.words)}"


@dataclass(frozen=True)
class Page:
    path: Path

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def blocks(self) -> list[Block]:
        return [
            Block(str(self), (token.map or [0])[0] + 1, token.info.strip(), token.content)
            for token in MarkdownIt().enable("table").parse(self.text)
            if token.type == "fence"
        ]

    @cached_property
    def inline_code(self) -> list[str]:
        tokens = MarkdownIt().enable("table").parse(self.text)
        return [child.content for token in tokens for child in token.children or () if child.type == "code_inline"]

    def commands(self) -> Iterator[Command]:
        """The commands in its blocks of shell."""
        for block in self.blocks:
            if block.language in _SHELLS:
                yield from commands_in(block.text, str(block), remarks=not block.language)


def all_pages() -> list[Page]:
    """The site's, and the guides that lie beside what they are about."""
    written = [path for path in DOCS.rglob("*.md") if "_build" not in path.parts]
    guides = [ROOT / "README.md", ROOT / "client" / "README.md", ROOT / "k8s" / "README.md"]
    return [Page(path) for path in [*guides, *sorted(ROOT.glob("models/*/README.md")), *sorted(written)]]


def commands_in(text: str, where: str, *, remarks: bool = False) -> Iterator[Command]:
    """Each simple command of a script; with `remarks`, what stands behind a gap is about the command, not of it."""
    unfinished = ""
    for line in text.replace("\\\n", " ").splitlines():
        unfinished = f"{unfinished}\n{line}" if unfinished else _REMARK.sub("", line) if remarks else line
        try:
            words = _words(unfinished)
        except ValueError:
            continue  # a quotation goes on in the next line
        unfinished = ""
        yield from _simple_commands(words, where)
    if unfinished:
        raise ValueError(f"{where}: a quotation is not closed")


def _words(script: str) -> list[str]:
    lexer = shlex.shlex(script, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    return list(lexer)


def _simple_commands(words: list[str], where: str) -> Iterator[Command]:
    command: list[str] = []
    for word in [*words, ";"]:
        if set(word) <= _CONTROL:
            if command:
                yield _command(command, where)
            command = []
        else:
            command.append(word)


def _command(words: list[str], where: str) -> Command:
    if ">" in words:
        words = words[: words.index(">")]
    first = next((place for place, word in enumerate(words) if not _ASSIGNMENT.match(word)), len(words))
    environment = dict(word.split("=", 1) for word in words[:first])
    return Command(where, environment, words[first:])
