import { el } from "./dom.js";
import { count, papers as papersText, percent, words } from "./format.js";

const PAGE_ROWS = 25;

const COLUMNS = [
  { name: "Row", of: ({ paper }) => paper.row, figure: true },
  { name: "Id", of: ({ paper }) => paper.id },
  { name: "Title", of: ({ paper }) => paper.title ?? "" },
  { name: "Labels", of: ({ result }) => (result.predicted_labels ?? []).join(", ") },
  { name: "Confidence", of: ({ result }) => topConfidence(result), figure: true },
  { name: "Diseases", of: ({ result }) => (result.extracted_diseases ?? []).join(", ") },
  {
    name: "Note",
    of: ({ result }) => (result.error ? result.error.message : (result.warnings ?? []).map(words).join(", ")),
  },
];

/** Of the labels given, or of all where none was: how sure the surest is. -1 where nothing was read. */
export function topConfidence({ predicted_labels = [], confidence_scores = {} }) {
  const given = predicted_labels.map((label) => confidence_scores[label]);
  return Math.max(-1, ...(given.length ? given : Object.values(confidence_scores)));
}

/**
 * The results of a file: sorted by any column, searched, a page at a time. `open` shows one in full.
 *
 * Roles are spelled out, since a phone shows rows as cards, and what is no table to look at would be none to hear.
 */
export class ResultsTable {
  #rows = [];
  #sortedBy = COLUMNS[0];
  #ascending = true;
  #page = 0;
  #isStale = false;
  #open;
  #body = el("tbody", { role: "rowgroup" });
  #pager = el("div", { class: "pager" });
  #headers = COLUMNS.map((column) => this.#header(column));
  #search = el("input", { type: "search", id: "search", oninput: () => this.#turnTo(0) });
  #failedOnly = el("input", { type: "checkbox", onchange: () => this.#turnTo(0) });
  element = el(
    "div",
    { class: "results" },
    el(
      "div",
      { class: "filters" },
      el("label", { for: "search" }, "Search the results"),
      this.#search,
      el("label", { class: "check" }, this.#failedOnly, " failed only"),
    ),
    el(
      "div",
      { class: "scroller", tabindex: "0", role: "region", "aria-label": "Table of results" },
      el(
        "table",
        { class: "results-table", role: "table" },
        el("caption", { class: "unseen" }, "Results, sorted by the column that says so"),
        el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, this.#headers)),
        this.#body,
      ),
    ),
    this.#pager,
  );

  constructor(open) {
    this.#open = open;
    this.element.addEventListener("focusout", ({ relatedTarget }) => {
      if (this.#isStale && !this.#holds(relatedTarget)) this.#draw();
    });
  }

  /** Show these rows, `{paper, result}` each; while something in the table has the focus, once it has left it. */
  update(rows) {
    this.#rows = rows;
    this.#isStale = this.#holds(document.activeElement);
    if (!this.#isStale) this.#draw();
  }

  /** Drawing makes rows and pager anew, and would take the focus from whoever is there. */
  #holds(node) {
    return this.#body.contains(node) || this.#pager.contains(node);
  }

  #draw() {
    this.#isStale = false;
    const found = this.#found();
    const pages = Math.max(1, Math.ceil(found.length / PAGE_ROWS));
    this.#page = Math.min(this.#page, pages - 1);
    const first = this.#page * PAGE_ROWS;
    this.#body.replaceChildren(...found.slice(first, first + PAGE_ROWS).map((row) => this.#line(row)));
    for (const [place, column] of COLUMNS.entries()) {
      const order = this.#ascending ? "ascending" : "descending";
      this.#headers[place].setAttribute("aria-sort", column === this.#sortedBy ? order : "none");
    }
    const turn = (name, page) =>
      el(
        "button",
        {
          type: "button",
          class: "quiet",
          disabled: page < 0 || page >= pages,
          onclick: () => this.#turnTo(page, name),
        },
        name,
      );
    this.#pager.replaceChildren(
      el(
        "span",
        {},
        found.length
          ? `${count(first + 1)}–${count(Math.min(first + PAGE_ROWS, found.length))} of ${papersText(found.length)}`
          : "No paper fits.",
      ),
      turn("Previous", this.#page - 1),
      turn("Next", this.#page + 1),
    );
  }

  #header(column) {
    const sort = () => {
      this.#ascending = this.#sortedBy === column ? !this.#ascending : true;
      this.#sortedBy = column;
      this.#turnTo(0);
    };
    return el(
      "th",
      { scope: "col", role: "columnheader", class: column.figure ? "figure" : null },
      el("button", { type: "button", onclick: sort }, column.name),
    );
  }

  #turnTo(page, focus = null) {
    this.#page = page;
    this.#draw();
    // The buttons were made anew: whoever turned the page by keyboard goes on from there.
    if (focus) [...this.#pager.querySelectorAll("button")].find((button) => button.textContent === focus).focus();
  }

  #found() {
    const sought = this.#search.value.trim().toLowerCase();
    const fits = (row) =>
      (!this.#failedOnly.checked || row.result.error) &&
      (!sought || COLUMNS.some((column) => String(column.of(row)).toLowerCase().includes(sought)));
    const { of } = this.#sortedBy;
    const sign = this.#ascending ? 1 : -1;
    return this.#rows.filter(fits).sort((a, b) => sign * compare(of(a), of(b)));
  }

  #line(row) {
    const [number, id, title, labels, , diseases, note] = COLUMNS.map(({ of }) => of(row));
    const confidence = topConfidence(row.result);
    return el(
      "tr",
      { role: "row", class: row.result.error ? "failed" : null },
      cell("row figure", number),
      el(
        "th",
        { scope: "row", role: "rowheader" },
        row.result.error ? id : el("button", { type: "button", class: "link", onclick: () => this.#open(row) }, id),
      ),
      cell("title", title),
      cell("labels", labels),
      cell("figure", confidence < 0 ? "" : percent(confidence)),
      cell("diseases", diseases),
      cell("note", note),
    );
  }
}

function cell(name, content) {
  return el("td", { role: "cell", class: name }, content);
}

const collator = new Intl.Collator("en", { numeric: true });

function compare(a, b) {
  return typeof a === "number" ? a - b : collator.compare(a, b);
}
