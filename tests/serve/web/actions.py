"""What a user does on the page, and what the page then shows."""

import csv
import io

from playwright.sync_api import Locator, Page, expect

TITLE = "On asthma"
ABSTRACT = "Asthma is no lung cancer."


def read(page: Page, title: str = TITLE, abstract: str = ABSTRACT) -> None:
    page.get_by_label("Title").fill(title)
    page.get_by_label("Abstract").fill(abstract)
    page.get_by_role("button", name="Read it").click()


def marks(page: Page) -> list[tuple[str, str]]:
    """What is marked in the text, and as what."""
    expect(page.locator("article")).to_be_visible()
    texts = [mark.evaluate("mark => mark.firstChild.data") for mark in page.locator("article .mention").all()]
    kinds = [mark.get_attribute("class") or "" for mark in page.locator("article .mention").all()]
    return list(zip(texts, (kind.split()[-1] for kind in kinds), strict=True))


def upload(page: Page, content: str | bytes, name: str = "papers.csv") -> None:
    page.get_by_role("tab", name="File").click()
    buffer = content.encode() if isinstance(content, str) else content
    page.get_by_label("Choose a file").set_input_files({"name": name, "mimeType": "text/plain", "buffer": buffer})


def csv_of(*rows: tuple[str, str, str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows([("id", "title", "abstract"), *rows])
    return written.getvalue()


def start(page: Page) -> None:
    page.get_by_role("button", name="Read ", exact=False).and_(page.locator("#file-chosen button")).click()


def rows(page: Page) -> list[list[str]]:
    table = page.get_by_role("table").and_(page.locator(".results-table"))
    return [line.locator("th, td").all_inner_texts() for line in table.locator("tbody tr").all()]


def figures(page: Page) -> Locator:
    return page.locator("#file-run .figures")
