"""The tab that reads a file of papers."""

import csv
import io
import json
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from serve.service import Service
from tests.browser import PHONE, visited
from tests.serve.conftest import InstantModels
from tests.serve.web.actions import csv_of, figures, rows, start, upload


def test_a_file_is_read_shown_and_downloaded_with_what_failed(page: Page, models: InstantModels) -> None:
    models.fail_on = "unlucky"
    papers = [(str(n), f"Paper {n}, on asthma", 'Seen, "here"\nin 𝛽 lines.') for n in range(150)]

    upload(
        page, csv_of(*papers, ("7", "The id is there twice", "Lung cancer"), ("bad", "", " "), ("sad", "unlucky", ""))
    )
    expect(page.locator("#file-chosen")).to_contain_text("holds 153 papers")
    expect(page.locator("#file-chosen")).to_contain_text("Row 153: There is neither a title nor an abstract.")
    start(page)

    expect(page.locator("#file-said")).to_have_text("Done: 153 papers, 2 failed.")
    expect(figures(page)).to_contain_text("153 of 153 papers")
    expect(page.get_by_role("progressbar")).to_have_js_property("value", 153)
    diseases = page.get_by_role("figure").filter(has_text="Most frequent diseases")
    expect(diseases.get_by_role("listitem")).to_have_text(["Asthma150", "Lung Cancer1"])
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download JSONL").click()
    results = [json.loads(line) for line in Path(saved.value.path()).read_text("utf-8").splitlines()]
    assert [result["abstract_id"] for result in results] == [*map(str, range(150)), "7", "bad", "sad"]
    assert results[150]["extracted_diseases"] == ["Lung Cancer"]
    assert [result["error"]["code"] for result in results if "error" in result] == ["unusable_row", "extraction_failed"]
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download CSV").click()
    assert saved.value.suggested_filename == "papers-read.csv"
    lines = list(csv.DictReader(io.StringIO(Path(saved.value.path()).read_text("utf-8"), newline="")))
    assert len(lines) == 153
    assert (lines[0]["title"], lines[0]["diseases"], lines[0]["confidence Non-Cancer"]) == (
        papers[0][1],
        "Asthma",
        "0.9",
    )
    assert lines[150]["doid"] == "DOID:1324"
    assert lines[151]["message"] == "Row 153: There is neither a title nor an abstract."


def test_results_are_sorted_searched_and_opened(page: Page, models: InstantModels) -> None:
    models.fail_on = "unlucky"
    upload(
        page,
        csv_of(("a", "Asthma", ""), ("c", "Lung cancer", ""), ("b", "unlucky", ""), ("d10", "x", ""), ("d9", "y", "")),
    )
    start(page)
    expect(page.locator("#file-said")).to_contain_text("Done")

    header = page.get_by_role("columnheader", name="Id", exact=True)
    header.get_by_role("button").click()
    assert [row[1] for row in rows(page)] == ["a", "b", "c", "d9", "d10"]
    expect(header).to_have_attribute("aria-sort", "ascending")
    header.get_by_role("button").click()
    assert [row[1] for row in rows(page)] == ["d10", "d9", "c", "b", "a"]

    page.get_by_label("Search the results").fill("lung")
    assert [row[1] for row in rows(page)] == ["c"]
    page.get_by_label("Search the results").fill("")
    page.get_by_label("failed only").check()
    assert [row[6] for row in rows(page)] == ["The extractor could not read this paper."]
    page.get_by_label("failed only").uncheck()

    page.get_by_role("button", name="c", exact=True).click()
    dialog = page.get_by_role("dialog", name="Lung cancer")
    expect(dialog.locator(".mention.cancer").first).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_a_phone_shows_labels_and_diseases_without_scrolling_and_sorts(browser: Browser, url: str) -> None:
    with visited(browser, url, **PHONE) as page:
        upload(page, csv_of(("1", "Lung cancer in smokers", ""), ("2", "Asthma", "")))
        start(page)

        table = page.get_by_role("table", name="Results")
        for name in ("Cancer", "Lung Cancer", "Non-Cancer", "Asthma"):
            cell = table.get_by_role("cell", name=name, exact=True).last
            box = cell.bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= PHONE["viewport"]["width"]
        page.get_by_role("button", name="Title").click()
        expect(table.get_by_role("rowheader").first).to_have_text("2")


def test_long_results_come_a_page_at_a_time(page: Page) -> None:
    upload(page, csv_of(*((str(n), "Asthma", "") for n in range(60))))
    start(page)
    expect(page.locator("#file-said")).to_contain_text("Done")

    assert len(rows(page)) == 25
    page.get_by_role("button", name="Next").press("Enter")
    page.get_by_role("button", name="Next").press("Enter")
    assert [row[0] for row in rows(page)] == [str(n) for n in range(52, 62)]
    expect(page.get_by_role("button", name="Next")).to_be_disabled()


def test_results_that_come_in_take_no_focus_away(page: Page, models: InstantModels) -> None:
    models.stall_on, models.stall_s = "slow", 1.5
    upload(page, csv_of(*((f"p{n}", "Asthma", "") for n in range(64)), *((f"s{n}", "slow", "") for n in range(4))))
    start(page)
    expect(figures(page)).to_contain_text("64 of 68 papers")

    page.get_by_role("button", name="p3", exact=True).focus()

    expect(page.locator("#file-said")).to_contain_text("Done")
    expect(page.get_by_role("button", name="p3", exact=True)).to_be_focused()
    expect(page.locator(".pager")).to_contain_text("of 64 papers")
    page.get_by_label("Search the results").focus()
    expect(page.locator(".pager")).to_contain_text("of 68 papers")


@pytest.mark.parametrize(
    ("name", "content", "clue"),
    [
        (
            "papers.csv",
            "pmid,Title\n1,On asthma\n",
            "lacks the columns id and abstract; its first line is: pmid, Title.",
        ),
        ("papers.csv", "", "is empty"),
        ("papers.csv", "id,title,abstract\n", "holds no papers"),
        ("papers.csv", "id,title,abstract\n1,caf\xe9,x".encode("latin-1"), "not text in UTF-8"),
        ("papers.json", '[{"id": 1, "title": "On asthma"}]', "one JSON list"),
    ],
)
def test_a_file_that_cannot_be_used_says_what_to_do(page: Page, name: str, content: str | bytes, clue: str) -> None:
    upload(page, content, name)

    expect(page.locator("#file-chosen").get_by_role("alert")).to_contain_text(clue)


def test_jsonl_is_read_line_by_line(page: Page) -> None:
    lines = ['{"id": 5, "title": "On asthma", "journal": "Thorax"}', "", "oops", '{"id": "6", "title": 7}']
    upload(page, "\n".join(lines), "papers.jsonl")
    expect(page.locator("#file-chosen")).to_contain_text("Row 3: This line is not JSON.")
    expect(page.locator("#file-chosen")).to_contain_text("Row 4: The title is not text.")
    start(page)

    expect(page.locator("#file-said")).to_have_text("Done: 3 papers, 2 failed.")
    assert [row[:2] for row in rows(page)] == [["1", "5"], ["3", "row 3"], ["4", "6"]]


@pytest.mark.parametrize("delimiter", ["\t", ";"])
def test_other_delimiters_a_byte_order_mark_and_capitals_do(page: Page, delimiter: str) -> None:
    header, paper = ("Abstract", " ID ", "Title"), ("It is a, b; c\tasthma", "1", "T")
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter).writerows([header, paper])
    upload(page, "\ufeff" + written.getvalue(), "papers.tsv")
    start(page)

    expect(page.locator("#file-said")).to_have_text("Done: 1 paper, none failed.")
    assert rows(page)[0][5] == "Asthma"


def test_a_full_service_is_waited_for(browser: Browser, url: str, service: Service) -> None:
    with visited(browser, url, expected=("429",)) as page:
        with service.papers.admit(service.papers.limit):
            upload(page, csv_of(*((str(n), "Asthma", "") for n in range(100))))
            start(page)
            expect(figures(page)).to_contain_text("The service is full; going on in 1 s")
            wait_for_refusals(service, at_least=3)

        expect(page.locator("#file-said")).to_have_text("Done: 100 papers, none failed.")


def test_what_breaks_off_is_asked_for_again(page: Page) -> None:
    broken: list[str] = []

    def break_once(route: Any) -> None:
        papers = json.loads(route.request.post_data)["papers"]
        if not broken:
            broken.append(papers[0]["id"])
            first = {"abstract_id": papers[0]["id"], "error": {"message": "kept", "type": "", "code": "kept"}}
            route.fulfill(body=json.dumps(first) + "\n", content_type="application/x-ndjson")
        else:
            assert broken[0] not in [paper["id"] for paper in papers]
            route.continue_()

    page.route("**/v1/analyze/stream", break_once)
    upload(page, csv_of(*((str(n), "Asthma", "") for n in range(5))))
    start(page)

    expect(page.locator("#file-said")).to_have_text("Done: 5 papers, 1 failed.")
    assert [row[6] for row in rows(page)] == ["kept", *["abstract missing"] * 4]


def test_what_failed_and_what_was_not_reached_can_be_read_again(page: Page, models: InstantModels) -> None:
    models.fail_on, models.stall_on = "unlucky", "slow"
    papers = [
        *((f"p{n}", "Asthma", "") for n in range(63)),
        ("u", "unlucky", ""),
        *((f"s{n}", "slow", "") for n in range(99)),
    ]
    upload(page, csv_of(*papers))
    start(page)
    expect(figures(page)).to_contain_text("64 of 163 papers")
    page.get_by_role("button", name="Cancel").press("Enter")
    expect(page.get_by_role("button", name="Read the remaining 100")).to_be_focused()
    models.fail_on = models.stall_on = None

    page.get_by_role("button", name="Read the remaining 100").press("Enter")

    expect(page.locator("#file-said")).to_have_text("Done: 163 papers, none failed.")
    expect(page.get_by_role("button", name="remaining")).to_have_count(0)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download JSONL").click()
    results = [json.loads(line) for line in Path(saved.value.path()).read_text("utf-8").splitlines()]
    assert [result["abstract_id"] for result in results] == [paper[0] for paper in papers]


def test_batches_are_small_two_at_a_time_and_of_low_priority(page: Page) -> None:
    sent: list[tuple[int, str | None]] = []

    def note(request: Request) -> None:
        if request.url.endswith("/stream"):
            sent.append((len(json.loads(request.post_data or "")["papers"]), request.headers.get("x-priority")))

    page.on("request", note)
    upload(page, csv_of(*((str(n), "Asthma", "") for n in range(150))))
    start(page)
    expect(page.locator("#file-said")).to_contain_text("Done")

    assert sorted(sent) == [(22, "bulk"), (64, "bulk"), (64, "bulk")]


def test_a_run_can_be_cancelled_and_keeps_what_it_has(page: Page, models: InstantModels, service: Service) -> None:
    models.stall_on = "slow"
    upload(page, csv_of(*((str(n), "Asthma", "") for n in range(64)), *((f"s{n}", "slow", "") for n in range(200))))
    start(page)
    expect(figures(page)).to_contain_text("64 of 264 papers")

    page.get_by_role("button", name="Cancel").click()

    expect(page.locator("#file-said")).to_have_text("Cancelled: 64 of 264 papers, none failed.")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download JSONL").click()
    assert len(Path(saved.value.path()).read_text("utf-8").splitlines()) == 64


def wait_for_refusals(service: Service, at_least: int = 1) -> None:
    ends_s = time.monotonic() + 20
    while service.metrics.refused.labels("too_busy")._value.get() < at_least:
        assert time.monotonic() < ends_s, "nothing was refused"
        time.sleep(0.02)
