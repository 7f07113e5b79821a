"""The site builds without a warning, and needs nothing but itself."""

import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT
from tools.docs.commands import PROGRAMS
from tools.docs.http_api import openapi
from tools.docs.settings import all_settings, anchor

LOADING = {"script": "src", "img": "src", "iframe": "src", "link": "href"}


class Loaded(HTMLParser):
    """What a page loads, and the ids that links may lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if address := given.get(LOADING.get(tag, "")):
            self.addresses.append(address)
        if name := given.get("id"):
            self.ids.add(name)


def read(page: Path) -> Loaded:
    parser = Loaded()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make docs` does: a dead link, a missing anchor, a page outside the table of contents are errors."""
    out = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--fresh-env", "--quiet"]
    done = subprocess.run(
        [*build, "-d", str(out / "doctrees"), str(DOCS), str(out / "html")],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out / "html"


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))

    assert pages
    for page in pages:
        assert not [address for address in read(page).addresses if "//" in address], page


def test_every_setting_can_be_linked_to(site: Path) -> None:
    assert {anchor(setting.name) for setting in all_settings()} <= read(site / "reference/settings.html").ids


def test_every_route_and_every_program_has_a_section(site: Path) -> None:
    routes = (site / "reference/http-api.html").read_text(encoding="utf-8")
    commands = (site / "reference/commands.html").read_text(encoding="utf-8")

    assert not [path for path in openapi()["paths"] if path not in routes]
    assert not [program.name for program in PROGRAMS.values() if f"Usage: {program.name}" not in commands]


def test_the_openapi_document_lies_beside_the_page(site: Path) -> None:
    assert json.loads((site / "openapi.json").read_text(encoding="utf-8")) == openapi()


def test_what_stands_before_the_first_heading_of_a_card_comes_first(site: Path) -> None:
    page = (site / "reference/models/disease-tagger.html").read_text(encoding="utf-8")

    assert 0 < page.find("training.json") < page.find("<h2>How it was made")


def test_the_search_index_is_there(site: Path) -> None:
    assert (site / "searchindex.js").stat().st_size > 0
