"""A real browser, headless: Debian's Chromium or whichever is installed, driven by Playwright."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from tests.programs import install

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REMEDY = "there is no browser: install Debian's `chromium`, or run `python -m playwright install chromium`"

# The narrowest that is still sold, and what WCAG asks a page to fit into.
PHONE: dict[str, Any] = {"viewport": {"width": 320, "height": 640}, "has_touch": True}


# Playwright's own five seconds are short on a busy machine.
expect.set_options(timeout=30_000)


@contextmanager
def launched() -> Iterator[Browser]:
    """A headless browser. Not for the whole session: while Playwright runs, asyncio cannot in the same thread."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_executable(playwright))
        try:
            yield browser
        finally:
            browser.close()


def _executable(playwright: Playwright) -> str:
    """The browser that is there; otherwise one from Debian's packages where we may, or Playwright's own."""
    for step in (lambda: None, lambda: install("chromium"), _install_from_playwright):
        step()
        if found := _installed(playwright):
            return found
    raise AssertionError(REMEDY)


def _install_from_playwright() -> None:
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


def _installed(playwright: Playwright) -> str | None:
    own = playwright.chromium.executable_path
    return next(filter(None, map(shutil.which, (*NAMES, own))), None)


@contextmanager
def visited(browser: Browser, url: str, *, expected: tuple[str, ...] = (), **context: Any) -> Iterator[Page]:
    """A page of its own. At the end, nothing went wrong in it and nothing was asked of another host.

    Args:
        expected: what a message on the console may contain; the browser writes one for every answer above 400.
    """
    with browser.new_context(accept_downloads=True, **context) as visit:
        page = visit.new_page()
        page.set_default_timeout(20_000)
        wrong: list[str] = []
        page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        host = urlsplit(url).netloc
        page.on("request", lambda request: wrong.append(request.url) if _is_elsewhere(request.url, host) else None)
        page.goto(url)
        yield page
        unexpected = [message for message in wrong if not any(part in message for part in expected)]
        assert not unexpected, "\n".join(unexpected)


def _is_elsewhere(url: str, host: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme not in ("blob", "data") and parts.netloc != host


def assert_accessible(page: Page) -> None:
    """No violation that axe-core knows of, WCAG's contrast among them."""
    report = Axe().run(page)
    assert report.violations_count == 0, report.generate_report()
