import { analysisView } from "./analysis.js";
import { toCsv } from "./csv.js";
import { el } from "./dom.js";
import { EXAMPLES } from "./examples.js";
import { FileRun } from "./file_run.js";
import { papers as papersText } from "./format.js";
import { readPapersFile, UnusableFile } from "./papers_file.js";

const PROBLEMS_SHOWN = 5;

/** The tab that reads a file of papers. */
export function startFile() {
  const panel = document.getElementById("file");
  const form = document.getElementById("file-form");
  const input = document.getElementById("file-input");
  const drop = document.getElementById("drop");
  const chosen = document.getElementById("file-chosen");
  const runSection = document.getElementById("file-run");
  const dialog = document.getElementById("paper-dialog");
  const said = document.getElementById("file-said");
  const say = (text) => (said.textContent = text);
  let run = null;
  let ready = null;

  input.addEventListener("change", () => {
    if (input.files[0]) choose(input.files[0]);
    input.value = ""; // so that the same file, mended, can be chosen again
  });
  document.getElementById("sample").addEventListener("click", () => choose(sampleFile()));
  // The whole tab takes a file: one that is dropped beside the box would open in the browser instead.
  for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
    panel.addEventListener(type, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", type === "dragenter" || type === "dragover");
      if (type === "drop" && event.dataTransfer.files[0]) choose(event.dataTransfer.files[0]);
    });
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (ready) start(ready);
  });
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());

  async function choose(file) {
    try {
      const papers = await readPapersFile(file);
      ready = { name: file.name, papers };
      chosen.replaceChildren(chosenView(file.name, papers));
      chosen.querySelector("button").focus();
    } catch (error) {
      if (!(error instanceof UnusableFile)) throw error;
      ready = null;
      chosen.replaceChildren(
        el(
          "div",
          { class: "notice failed", role: "alert" },
          el("h3", {}, "This file cannot be used"),
          el("p", {}, error.message),
        ),
      );
    }
  }

  async function start({ name, papers }) {
    run?.cancel();
    const tasks = ["labels", "diseases", ...new FormData(form).getAll("task")];
    run = new FileRun(name, papers, { say, open: openRow });
    runSection.hidden = false;
    runSection.replaceChildren(run.element);
    ready = null;
    chosen.replaceChildren();
    say(`Reading ${papersText(papers.length)}.`);
    runSection.scrollIntoView({ block: "start" });
    await run.start(tasks);
  }

  function openRow({ paper, result }) {
    dialog.replaceChildren(
      el(
        "form",
        { method: "dialog" },
        el("span", { class: "fine" }, `Row ${paper.row}, ${paper.id}`),
        el("button", { class: "quiet" }, "Close"),
      ),
      analysisView(paper, result, { headingId: "paper-dialog-title" }),
    );
    dialog.showModal();
  }
}

function chosenView(name, papers) {
  const problems = papers.filter(({ problem }) => problem);
  const usable = papers.length - problems.length;
  return el(
    "div",
    { class: "chosen" },
    el("p", { role: "status" }, el("b", {}, name), ` holds ${papersText(papers.length)}.`),
    problems.length > 0 &&
      el(
        "div",
        { class: "notice warned" },
        el(
          "p",
          {},
          `${problems.length === 1 ? "One row" : `${problems.length} rows`} cannot be read; the others are not affected.`,
        ),
        el(
          "ul",
          {},
          problems.slice(0, PROBLEMS_SHOWN).map(({ row, problem }) => el("li", {}, `Row ${row}: ${problem}`)),
        ),
        problems.length > PROBLEMS_SHOWN &&
          el("p", { class: "fine" }, `… and ${problems.length - PROBLEMS_SHOWN} more; the download names them all.`),
      ),
    el("button", { type: "submit", class: "primary" }, `Read ${papersText(usable)}`),
  );
}

function sampleFile() {
  const rows = EXAMPLES.map(({ title, abstract }, place) => [`sample-${place + 1}`, title, abstract]);
  return new File([toCsv([["id", "title", "abstract"], ...rows])], "sample.csv", { type: "text/csv" });
}
