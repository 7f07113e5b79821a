"""What is around the tabs: moving between them, themes, and that all of it is accessible and fits."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from serve.service import Service
from tests.browser import PHONE, assert_accessible, visited
from tests.serve.conftest import InstantModels
from tests.serve.web.actions import ABSTRACT, TITLE, csv_of, marks, read, start, upload


def test_tabs_are_moved_by_arrows_and_the_address_remembers(page: Page) -> None:
    paper, file, service = (page.get_by_role("tab", name=name) for name in ("Paper", "File", "Service"))
    paper.focus()

    page.keyboard.press("ArrowRight")
    expect(file).to_be_focused()
    expect(file).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("tabpanel", name="File")).to_be_visible()
    page.keyboard.press("End")
    expect(service).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(paper).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.reload()

    expect(service).to_have_attribute("aria-selected", "true")


def test_the_theme_is_the_systems_until_one_is_chosen(browser: Browser, url: str) -> None:
    def ground(page: Page) -> str:
        return str(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))

    with visited(browser, url, color_scheme="light") as page:
        light = ground(page)
        page.get_by_label("Dark").check(force=True)
        dark = ground(page)
        assert light != dark
        page.reload()
        assert ground(page) == dark
        expect(page.get_by_label("Dark")).to_be_checked()
    with visited(browser, url, color_scheme="dark") as page:
        assert ground(page) == dark


def check(page: Page) -> None:
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("context", [{"color_scheme": "dark"}, PHONE], ids=["dark", "phone"])
def test_every_state_is_accessible_and_fits(
    browser: Browser, url: str, models: InstantModels, service: Service, context: dict[str, Any]
) -> None:
    models.fail_on = "unlucky"
    with visited(browser, url, expected=("429",), **context) as page:
        check(page)
        read(page, "", "")
        check(page)
        read(page)
        marks(page)
        page.locator(".mention.negated").last.focus()
        expect(page.locator(".card")).to_be_visible()
        check(page)
        read(page, "unlucky")
        expect(page.locator(".notice.failed")).to_be_visible()
        check(page)
        with service.papers.admit(service.papers.limit):
            read(page)
            expect(page.locator(".notice.refused")).to_be_visible()
            check(page)
        upload(page, "a,b\n")
        check(page)
        upload(
            page,
            csv_of(("1", TITLE, ABSTRACT), ("2", "unlucky", ""), ("3" * 100, "Lung cancer" * 30, ""), ("", "", "")),
        )
        check(page)
        start(page)
        expect(page.locator("#file-said")).to_contain_text("Done")
        check(page)
        page.get_by_role("button", name="1", exact=True).click()
        check(page)
        page.keyboard.press("Escape")
        page.get_by_role("tab", name="Service").click()
        expect(page.get_by_role("heading", name="Ready")).to_be_visible()
        check(page)
