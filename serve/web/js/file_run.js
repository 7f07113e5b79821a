import { readInBatches } from "./batches.js";
import { barChart, histogram } from "./charts.js";
import { download, el } from "./dom.js";
import { resultsAsCsv, resultsAsJsonLines } from "./exports.js";
import { count, duration, milliseconds, papers as papersText, rate } from "./format.js";
import { diseasesOf, KIND_NAMES } from "./highlight.js";
import { ResultsTable, topConfidence } from "./results_table.js";

const REDRAW_MS = 400;
const SHARE_OF_DRAWING = 0.1; // of the time, at most: a page of a hundred thousand papers still answers
const TOP_DISEASES = 10;

/** One file on its way through the service: progress, figures, table and downloads, all while it goes on. */
export class FileRun {
  #rows = [];
  #papers;
  #tasks = [];
  #startedAt = 0;
  #endedAt = null;
  #doneBefore = 0;
  #fullUntil = 0;
  #drawing = 0;
  #redrawMs = REDRAW_MS;
  #abort = null;
  #say;
  #table;
  #progress = el("progress", { "aria-label": "Papers read" });
  #figures = el("p", { class: "figures" });
  #charts = el("div", { class: "charts" });
  #action = el("div");
  #downloads;
  element;

  /**
   * @param {string} name of the file
   * @param {object[]} papers as `readPapersFile` gives them
   * @param {object} options `say` announces; `open` shows one row in full
   */
  constructor(name, papers, { say, open }) {
    this.#papers = papers;
    this.#say = say;
    this.#table = new ResultsTable(open);
    this.#progress.max = papers.length;
    const stem = name.replace(/\.[^.]*$/, "");
    const save = (extension, type, write) =>
      el(
        "button",
        { type: "button", onclick: () => download(`${stem}-read.${extension}`, type, write(this.#inOrder())) },
        `Download ${extension.toUpperCase()}`,
      );
    this.#downloads = el(
      "div",
      { class: "actions" },
      save("csv", "text/csv", resultsAsCsv),
      save("jsonl", "application/jsonl", resultsAsJsonLines),
    );
    this.element = el(
      "div",
      {},
      el("div", { class: "run-head" }, el("h3", {}, name), this.#action, this.#downloads),
      this.#progress,
      this.#figures,
      this.#charts,
      this.#table.element,
    );
  }

  /** Resolves when every paper has a result, or the run was cancelled. */
  async start(tasks) {
    this.#tasks = tasks;
    for (const paper of this.#papers) if (paper.problem) this.#add(paper, unusable(paper));
    await this.#read(this.#papers.filter(({ problem }) => !problem));
  }

  async #read(papers) {
    this.#abort = new AbortController();
    [this.#startedAt, this.#endedAt, this.#doneBefore] = [performance.now(), null, this.#rows.length];
    this.#offer(button("Cancel", () => this.cancel()));
    this.#draw();
    await readInBatches(papers, {
      tasks: this.#tasks,
      signal: this.#abort.signal,
      onResult: (place, result) => this.#add(papers[place], result),
      onWait: (seconds) => this.#wait(seconds),
    });
    this.#endedAt = performance.now();
    const left = this.#left();
    this.#offer(left.length > 0 && button(`Read the remaining ${count(left.length)}`, () => this.#readRemaining(left)));
    this.#draw();
    const failed = this.#failed();
    const [what, done] = this.#abort.signal.aborted ? ["Cancelled", `${count(this.#rows.length)} of `] : ["Done", ""];
    this.#say(
      `${what}: ${done}${papersText(this.#papers.length)}, ${failed ? `${count(failed)} failed` : "none failed"}.`,
    );
  }

  async #readRemaining(papers) {
    const remaining = new Set(papers);
    this.#rows = this.#rows.filter(({ paper }) => !remaining.has(paper));
    this.#say(`Reading the remaining ${papersText(papers.length)}.`);
    await this.#read(papers);
  }

  /** Papers that may still be read: those that failed, and those that a cancelled run did not come to. */
  #left() {
    const read = new Set(this.#rows.filter(({ result }) => !result.error).map(({ paper }) => paper));
    return this.#papers.filter((paper) => !paper.problem && !read.has(paper));
  }

  /** Puts a button, or none, where the one before it was; whoever was on that is on this. */
  #offer(action) {
    const hadFocus = this.#action.contains(document.activeElement);
    this.#action.replaceChildren(...[action].filter(Boolean));
    if (hadFocus && action) action.focus();
  }

  cancel() {
    this.#abort.abort();
  }

  #add(paper, result) {
    this.#rows.push({ paper, result });
    this.#fullUntil = 0;
    // Results come faster than a page can be drawn.
    this.#drawing ||= setTimeout(() => this.#draw(), this.#redrawMs);
  }

  #wait(seconds) {
    this.#fullUntil = performance.now() + seconds * 1000;
    this.#say(`The service is full; going on in ${Math.ceil(seconds)} seconds.`);
    this.#draw();
  }

  #draw() {
    const begunAt = performance.now();
    clearTimeout(this.#drawing);
    this.#drawing = 0;
    this.#progress.value = this.#rows.length;
    this.#figures.replaceChildren(...this.#figuresNow());
    this.#charts.replaceChildren(...chartsOf(this.#rows));
    this.#table.update(this.#rows);
    this.#redrawMs = Math.max(REDRAW_MS, (performance.now() - begunAt) / SHARE_OF_DRAWING);
    if (this.#fullUntil && !this.#endedAt) this.#drawing = setTimeout(() => this.#draw(), this.#redrawMs);
  }

  #figuresNow() {
    const done = this.#rows.length;
    const failed = this.#failed();
    const seconds = ((this.#endedAt ?? performance.now()) - this.#startedAt) / 1000;
    const perSecond = seconds > 0 ? (done - this.#doneBefore) / seconds : 0;
    const left = this.#papers.length - done;
    const fullS = Math.ceil((this.#fullUntil - performance.now()) / 1000);
    return [
      el("span", {}, el("b", {}, count(done)), ` of ${papersText(this.#papers.length)}`),
      failed > 0 && el("span", { class: "bad" }, el("b", {}, count(failed)), " failed"),
      el("span", {}, el("b", {}, rate(perSecond)), " papers a second"),
      el(
        "span",
        {},
        this.#endedAt
          ? `in ${seconds < 1 ? milliseconds(seconds * 1000) : duration(seconds)}`
          : perSecond > 0
            ? `about ${duration(left / perSecond)} left`
            : "starting",
      ),
      this.#endedAt && left > 0 && el("span", { class: "bad" }, "cancelled"),
      !this.#endedAt && fullS > 0 && el("span", { class: "bad" }, `The service is full; going on in ${fullS} s`),
    ].filter(Boolean);
  }

  #failed() {
    return this.#rows.filter(({ result }) => result.error).length;
  }

  #inOrder() {
    return this.#rows.toSorted((a, b) => a.paper.row - b.paper.row);
  }
}

function button(name, onclick) {
  return el("button", { type: "button", class: "quiet", onclick }, name);
}

function unusable({ id, row, problem }) {
  return {
    abstract_id: id,
    error: { message: `Row ${row}: ${problem}`, type: "client", param: null, code: "unusable_row" },
  };
}

function chartsOf(rows) {
  const read = rows.map(({ result }) => result).filter(({ error }) => !error);
  const labels = read.map(({ predicted_labels }) => ({ name: predicted_labels.join(" and ") || "no label" }));
  const diseases = read.flatMap((result) => diseasesOf(result).map(({ disease, kind }) => ({ name: disease, kind })));
  // A disease that a paper only denies is none that it is about.
  const affirmed = diseases.filter(({ kind }) => kind !== "negated");
  const { cancer, other } = KIND_NAMES;
  return [
    barChart("Labels", tally(labels)),
    barChart("Most frequent diseases, by papers", tally(affirmed).slice(0, TOP_DISEASES), { cancer, other }),
    histogram(
      "Confidence of the label",
      read.map(topConfidence).filter((confidence) => confidence >= 0),
    ),
  ];
}

/** How often each name is there, most often first; of several kinds the first that was seen. */
function tally(items) {
  const counts = new Map();
  for (const { name, kind } of items) {
    const row = counts.get(name) ?? { name, kind, value: 0 };
    row.value += 1;
    counts.set(name, row);
  }
  return [...counts.values()].sort((a, b) => b.value - a.value || a.name.localeCompare(b.name));
}
