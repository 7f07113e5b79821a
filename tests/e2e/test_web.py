"""The page in a real browser, on the real service."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import PHONE, assert_accessible, launched, visited
from tests.e2e.conftest import ASTHMA, CANCER, RunningService


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, service: RunningService) -> Iterator[Page]:
    with visited(browser, f"{service.url}/") as page:
        page.set_default_timeout(60_000)
        yield page


def test_a_paper_is_read(page: Page) -> None:
    page.get_by_label("Title").fill(f"𝛽: {CANCER.title}")
    page.get_by_label("Abstract").fill(CANCER.abstract or "")
    page.get_by_role("button", name="Read it").click()

    marks = page.locator("article .mention.cancer")
    expect(marks.first).to_be_visible()
    texts = [mark.evaluate("mark => mark.firstChild.data") for mark in marks.all()]
    assert texts == ["lung cancer", "lung cancer", "lung cancer", "breast cancer"]
    expect(page.get_by_role("region", name="Labels")).to_contain_text("Cancer (given)")
    expect(page.get_by_role("row", name="Breast Cancer")).to_contain_text("DOID:1612")
    expect(page.locator(".provenance")).to_contain_text("disease-tagger@")


def test_a_file_is_read_and_saved(page: Page) -> None:
    papers = [(f"{paper.id}-{n}", paper.title, paper.abstract) for n in range(10) for paper in (CANCER, ASTHMA)]
    content = io.StringIO()
    csv.writer(content).writerows([("id", "title", "abstract"), *papers])

    page.get_by_role("tab", name="File").click()
    file = {"name": "papers.csv", "mimeType": "text/csv", "buffer": content.getvalue().encode()}
    page.get_by_label("Choose a file").set_input_files(file)  # type: ignore[arg-type]
    page.get_by_role("button", name="Read 20 papers").click()

    expect(page.locator("#file-said")).to_have_text("Done: 20 papers, none failed.", timeout=60_000)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download CSV").click()
    with Path(saved.value.path()).open(encoding="utf-8", newline="") as file_read:
        lines = list(csv.DictReader(file_read))
    assert [line["id"] for line in lines] == [paper[0] for paper in papers]
    assert [line["labels"] for line in lines] == ["Cancer", "Non-Cancer"] * 10
    assert lines[1]["diseases"] == "Asthma"


def test_an_error_is_shown(browser: Browser, service: RunningService) -> None:
    with visited(browser, f"{service.url}/", expected=("413",)) as page:
        page.get_by_label("Title").fill("On asthma")
        page.get_by_label("Abstract").fill("Asthma. " * 1_100_000)
        page.get_by_role("button", name="Read it").click()

        notice = page.locator(".notice.failed")
        expect(notice).to_contain_text("split what is in it over several requests", timeout=60_000)
        expect(notice.locator("code")).to_be_visible()


def test_the_replicas_are_shown(page: Page) -> None:
    page.get_by_role("tab", name="Service").click()

    for name in ("Ingress", "Classifier", "Tagger", "Engine"):
        row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))
        expect(row).to_contain_text("healthy")
        expect(row.get_by_role("cell").nth(1)).to_have_text("1")
        expect(row.get_by_role("cell").nth(2)).to_have_text("1")


@pytest.mark.parametrize("context", [{"color_scheme": "dark"}, PHONE], ids=["dark", "phone"])
def test_what_the_models_say_is_accessible(browser: Browser, service: RunningService, context: dict[str, Any]) -> None:
    with visited(browser, f"{service.url}/", **context) as page:
        page.get_by_role("button", name="a cohort of melanoma patients").click()
        expect(page.locator("article .mention.cancer").first).to_be_visible(timeout=60_000)

        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_documentation_works_without_other_hosts(browser: Browser, service: RunningService) -> None:
    with visited(browser, f"{service.url}/docs") as page:
        expect(page.get_by_text("/v1/analyze/stream")).to_be_visible()
        expect(page.get_by_text("/v1/status")).to_be_visible()
