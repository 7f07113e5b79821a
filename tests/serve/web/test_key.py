"""A service that asks for keys: the page asks its reader, once a tab."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from serve.keys.key import new_key
from serve.keys.key_file import changing
from serve.keys.scopes import Scope
from serve.service import Service
from serve.settings import KeysSettings, Settings
from tests.browser import assert_accessible, visited
from tests.serve.conftest import InstantModels
from tests.serve.web.actions import marks, read

REFUSED = ("401", "403")


@pytest.fixture
def key(tmp_path: Path) -> str:
    token, kept = new_key("reader", (Scope.READ,), created=datetime.now(UTC))
    with changing(tmp_path / "keys.yaml") as keys:
        keys.append(kept)
    return token


@pytest.fixture
def service(settings: Settings, models: InstantModels, tmp_path: Path, key: str) -> Service:
    keys = KeysSettings(file=str(tmp_path / "keys.yaml"))
    return Service(settings.model_copy(update={"keys": keys}), models)


def give(page: Page, key: str) -> None:
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Use it").click()


def test_the_page_asks_for_a_key_until_it_is_right_and_then_no_more(browser: Browser, url: str, key: str) -> None:
    with visited(browser, url, expected=REFUSED) as page:
        dialog = page.get_by_role("dialog", name="A key, please")
        read(page)
        expect(dialog).to_contain_text("asks for an API key")
        assert_accessible(page)
        give(page, "ps_wrong")
        expect(dialog).to_contain_text("wrong or was withdrawn")
        give(page, key)
        assert marks(page)

        page.reload()
        read(page)
        assert marks(page)
        expect(dialog).to_have_count(0)
        assert page.evaluate("Object.keys(localStorage)").count("pubserve-key") == 0


def test_who_has_no_key_is_told_what_the_service_said(browser: Browser, url: str) -> None:
    with visited(browser, url, expected=REFUSED) as page:
        read(page)
        page.get_by_role("button", name="I have none").click()

        expect(page.get_by_role("alert").filter(has_text="pubserve keys new")).to_be_visible()


def test_the_tab_that_asks_by_itself_asks_once(browser: Browser, url: str) -> None:
    with visited(browser, f"{url}#service", expected=REFUSED) as page:
        expect(page.get_by_label("API key")).to_be_visible()
        page.keyboard.press("Escape")

        expect(page.get_by_role("heading", name="The service does not show its state")).to_be_visible()
        with page.expect_response("**/v1/status"):
            pass
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_key_for_reading_does_not_show_the_service(browser: Browser, url: str, key: str) -> None:
    with visited(browser, f"{url}#service", expected=REFUSED) as page:
        give(page, key)

        expect(page.get_by_text("lacks the scope `admin`")).to_be_visible()
