"""The tab that shows the service."""

import pytest
from playwright.sync_api import Browser, Page, expect

from serve.deployments import DeploymentStatus
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


def test_the_replicas_are_shown_with_what_is_wrong(browser: Browser, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tagger = DeploymentStatus(
        name="Tagger", status="DEPLOY_FAILED", message="No GPU.", replicas_running=1, replicas_target=3
    )
    monkeypatch.setattr("serve.deployments.Deployments.read", _answer([tagger]))
    with visited(browser, f"{url}#service") as page:
        row = page.get_by_role("table").locator("tbody tr")

        expect(row.get_by_role("rowheader")).to_have_text("Tagger")
        expect(row.get_by_role("cell")).to_have_text(["deploy failedNo GPU.", "1", "3"])


def _answer(deployments: list[DeploymentStatus]) -> object:
    async def read(_: object) -> list[DeploymentStatus]:
        return deployments

    return read
