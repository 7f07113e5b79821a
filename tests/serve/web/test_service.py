"""The tab that shows the service."""

from playwright.sync_api import Browser, Page, expect

from serve.service import Service
from tests.browser import visited
from tests.serve.web.actions import marks, read


def test_the_service_shows_what_it_does(page: Page, service: Service) -> None:
    read(page)
    marks(page)
    page.get_by_role("tab", name="Service").click()

    board = page.get_by_role("tabpanel", name="Service")
    expect(board.get_by_role("heading", name="Ready")).to_be_visible()
    expect(board).to_contain_text("classifier@1")
    read_so_far = board.locator(".tile").filter(has_text="since it started").locator(".value")
    expect(read_so_far).to_have_text("1")
    service.drain()
    expect(board.get_by_role("heading", name="Not ready")).to_be_visible()
    expect(board).to_contain_text("shutting down")


def test_a_service_that_does_not_answer_is_said_not_to(browser: Browser, url: str) -> None:
    with visited(browser, f"{url}#service", expected=("ERR_",)) as page:
        expect(page.get_by_role("heading", name="Ready")).to_be_visible()
        page.route("**/v1/status", lambda route: route.abort())

        expect(page.get_by_role("heading", name="The service does not answer")).to_be_visible()
