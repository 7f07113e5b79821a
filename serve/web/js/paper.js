import { analysisView, spokenSummary } from "./analysis.js";
import { analyze, ServiceFault } from "./api.js";
import { el } from "./dom.js";
import { EXAMPLES } from "./examples.js";
import { faultNotice, refusalNotice } from "./notice.js";

/** The tab that reads one paper. */
export function startPaper() {
  const form = document.getElementById("paper-form");
  const { title, abstract } = form.elements;
  const outcome = document.getElementById("paper-result");
  const said = document.getElementById("paper-said");
  const hint = document.getElementById("paper-hint");
  let underWay = null;

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    read({ title: title.value, abstract: abstract.value });
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  form.addEventListener("reset", () => {
    underWay?.abort();
    hint.textContent = "";
    abstract.setAttribute("aria-invalid", "false");
    showEmpty();
    title.focus();
  });
  document.getElementById("examples").append(...EXAMPLES.map(exampleButton));
  showEmpty();

  function exampleButton(example) {
    const use = () => {
      title.value = example.title;
      abstract.value = example.abstract;
      form.requestSubmit();
    };
    return el("button", { type: "button", class: "link", onclick: use }, example.name);
  }

  async function read(fields) {
    underWay?.abort();
    const empty = !fields.title.trim() && !fields.abstract.trim();
    hint.textContent = empty ? "There is nothing to read yet: paste a title, an abstract, or both." : "";
    abstract.setAttribute("aria-invalid", String(empty));
    if (empty) {
      abstract.focus();
      return;
    }
    underWay = new AbortController();
    const { signal } = underWay;
    // What is left empty is not sent: the service tells a missing abstract from one.
    const paper = { id: "page", ...Object.fromEntries(Object.entries(fields).filter(([, text]) => text.trim())) };
    showBusy();
    try {
      const { result, timing } = await analyze(paper, signal);
      if (result.error)
        show(faultNotice(new ServiceFault(result.error.message, { status: 422, code: result.error.code })));
      else show(el("h2", { class: "unseen" }, "What was read"), analysisView(paper, result, { timing }));
      say(result.error ? "" : spokenSummary(result));
    } catch (fault) {
      if (signal.aborted) return;
      if (!(fault instanceof ServiceFault)) throw fault;
      say("");
      const retry = () => signal.aborted || read(fields);
      show(
        fault.isRefusal
          ? refusalNotice(fault, { retry, giveUp: showEmpty })
          : faultNotice(fault, fault.isPassing ? retry : null),
      );
    }
  }

  function show(...nodes) {
    outcome.removeAttribute("aria-busy");
    outcome.replaceChildren(...nodes);
    // Where the form fills the screen, the answer would come unseen.
    if (outcome.getBoundingClientRect().top > innerHeight * 0.7) outcome.scrollIntoView({ block: "start" });
  }

  function showBusy() {
    say("Reading.");
    outcome.setAttribute("aria-busy", "true");
    const stop = () => {
      underWay.abort();
      showEmpty();
    };
    outcome.replaceChildren(
      el(
        "div",
        { class: "busy" },
        el("span", { class: "pulse", "aria-hidden": "true" }),
        el("p", {}, "Reading…"),
        el("button", { type: "button", class: "quiet", onclick: stop }, "Stop"),
      ),
    );
  }

  function showEmpty() {
    say("");
    outcome.removeAttribute("aria-busy");
    outcome.replaceChildren(
      el(
        "div",
        { class: "empty" },
        el(
          "p",
          {},
          "What the paper says appears here: whether it is about cancer, which diseases it names and where, what it cites, and what it concludes.",
        ),
        el(
          "p",
          { class: "legend" },
          "Marked in the text: ",
          Object.entries({ cancer: "a cancer", other: "another disease", negated: "one that is denied" }).map(
            ([kind, text]) => el("span", { class: `mention ${kind}` }, text),
          ),
        ),
      ),
    );
  }

  function say(text) {
    said.textContent = text;
  }
}
