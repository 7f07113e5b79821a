"""The tab that reads one paper."""

from playwright.sync_api import Browser, Page, expect

from serve.service import Service
from tests.browser import PHONE, visited
from tests.serve.conftest import InstantModels
from tests.serve.sockets import serving
from tests.serve.web.actions import TITLE, marks, read


def test_a_paper_is_read_and_its_diseases_are_marked(page: Page) -> None:
    read(page)

    assert marks(page) == [("asthma", "other"), ("Asthma", "other"), ("lung cancer", "negated")]
    labels = page.get_by_role("region", name="Labels")
    expect(labels).to_contain_text("Cancer (given)")
    expect(labels).to_contain_text("90 %")
    expect(page.get_by_role("row", name="Lung Cancer")).to_contain_text("DOID:1324")
    expect(page.locator("#paper-said")).to_have_text("Read: Cancer; diseases: Asthma, Lung Cancer.")
    expect(page.locator(".provenance")).to_contain_text("classify 2.0 ms")


def test_ctrl_enter_reads_it(page: Page) -> None:
    page.get_by_label("Title").fill(TITLE)
    page.get_by_label("Title").press("Control+Enter")

    assert marks(page) == [("asthma", "other")]
    expect(page.locator(".analysis")).to_contain_text("There is no abstract")


def test_characters_beyond_the_first_plane_move_no_mark(page: Page) -> None:
    read(page, "𝛽-blockers 🫁🫁 in asthma", "👩🏽‍⚕️ 𝛽 asthma, or lung cancer 🎗\ufe0f; asthma")

    assert [text for text, _ in marks(page)] == ["asthma", "asthma", "lung cancer", "asthma"]


def test_text_that_looks_like_markup_stays_text(page: Page) -> None:
    read(page, "<img src=x onerror=alert(1)> asthma", "</p><script>alert(1)</script> & asthma")

    assert len(marks(page)) == 2
    expect(page.locator("article")).to_contain_text("<img src=x onerror=alert(1)> asthma")
    assert page.locator("article img, article script").count() == 0


def test_an_example_is_one_click(page: Page, models: InstantModels) -> None:
    models.names_known = ["asthma", "pneumonia"]

    page.get_by_role("button", name="a trial in asthma").click()

    assert {text.lower() for text, _ in marks(page)} == {"asthma", "pneumonia"}
    expect(page.get_by_text("randomised controlled trial", exact=False).first).to_be_visible()


def test_the_ids_of_a_mention_are_there_on_hover_and_by_keyboard(page: Page) -> None:
    read(page)
    marks(page)
    mark = page.locator("article .mention.negated")

    mark.hover()
    card = page.locator(".card")
    expect(card).to_be_visible()
    assert card.get_by_role("link").get_attribute("href") == "https://disease-ontology.org/?id=DOID%3A1324"
    page.mouse.move(0, 0)
    expect(card).to_have_count(0)

    mark.focus()
    expect(card).to_contain_text("Lung Cancer")
    expect(mark).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Tab")
    expect(card.get_by_role("link")).to_be_focused()
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    expect(mark).to_be_focused()


def test_the_diseases_fit_the_narrowest_phone(browser: Browser, url: str, models: InstantModels) -> None:
    models.names_known = ("hypothyroidism", "lung cancer")
    with visited(browser, url, **PHONE) as page:
        read(page, "Hypothyroidism in patients with lung cancer")

        expect(page.get_by_role("row", name="Lung Cancer")).to_contain_text("DOID:1324")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_nothing_to_read_is_said_before_anything_is_sent(page: Page, models: InstantModels) -> None:
    read(page, " ", "")

    expect(page.get_by_role("alert")).to_contain_text("There is nothing to read yet")
    expect(page.get_by_label("Abstract")).to_be_focused()
    assert models.calls == []


def test_what_is_slow_can_be_stopped(page: Page, models: InstantModels) -> None:
    models.stall_on = "slow"
    read(page, "slow")
    expect(page.locator("#paper-result")).to_have_attribute("aria-busy", "true")

    page.get_by_role("button", name="Stop").click()

    expect(page.get_by_text("appears here")).to_be_visible()
    read(page)
    assert marks(page)


def test_a_paper_that_fails_says_why(page: Page, models: InstantModels) -> None:
    models.fail_on = "asthma"

    read(page)

    expect(page.get_by_role("alert").filter(visible=True)).to_contain_text("The extractor could not read this paper.")


def test_a_refusal_counts_down_and_is_tried_again_by_itself(browser: Browser, url: str, service: Service) -> None:
    with visited(browser, url, expected=("429",)) as page:
        with service.papers.admit(service.papers.limit):
            read(page)
            notice = page.locator(".notice.refused")
            expect(notice).to_contain_text("The service is full")
            expect(notice.locator(".countdown")).to_have_text("1 s")

        assert marks(page)


def test_one_need_not_wait(browser: Browser, url: str, service: Service) -> None:
    with visited(browser, url, expected=("429",)) as page, service.papers.admit(service.papers.limit):
        read(page)
        page.get_by_role("button", name="Stop waiting").click()
        expect(page.get_by_text("appears here")).to_be_visible()


def test_a_fault_of_the_service_names_the_request(browser: Browser, url: str, service: Service) -> None:
    service.jobs = lambda papers: 1 / 0  # type: ignore[assignment,method-assign,return-value]
    with visited(browser, url, expected=("500",)) as page:
        read(page)

        notice = page.locator(".notice.failed")
        expect(notice).to_contain_text("The service failed on this request")
        assert len(notice.locator("code").inner_text()) == 32
        expect(notice.get_by_role("button", name="Try again")).to_be_visible()


def test_a_service_that_is_gone_can_be_tried_again(browser: Browser, service: Service) -> None:
    with serving(service) as url, visited(browser, url, expected=("ERR_",)) as page:
        page.route("**/v1/analyze", lambda route: route.abort())
        read(page)
        expect(page.locator(".notice.failed")).to_contain_text("The service cannot be reached")

        page.unroute("**/v1/analyze")
        page.get_by_role("button", name="Try again").click()

        assert marks(page)
