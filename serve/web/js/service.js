import { readStatus, ServiceFault } from "./api.js";
import { bar, sparkline } from "./charts.js";
import { el } from "./dom.js";
import { count, duration, milliseconds, rate, words } from "./format.js";

const ASK_EVERY_MS = 2000;
const HISTORY = 60;

/** The tab that shows the service. It asks only while it is looked at. */
export function startService() {
  const panel = document.getElementById("service");
  const board = document.getElementById("service-board");
  const said = document.getElementById("service-said");
  const rates = [];
  let timer = 0;
  let standing = null;

  panel.addEventListener("tabshown", next);
  panel.addEventListener("tabhidden", () => clearTimeout(timer));
  document.addEventListener("visibilitychange", () => panel.hidden || next());

  async function next() {
    clearTimeout(timer);
    if (panel.hidden || document.hidden) return;
    try {
      const status = await readStatus();
      rates.push(status.papers.per_s);
      if (rates.length > HISTORY) rates.shift();
      stand(status.ready ? "The service is ready." : "The service is not ready.");
      board.replaceChildren(...boardView(status, rates));
    } catch (fault) {
      if (!(fault instanceof ServiceFault)) throw fault;
      stand(fault.status === 0 ? "The service does not answer." : "The service does not show its state.");
      board.replaceChildren(
        el(
          "div",
          { class: "notice failed" },
          el("h2", {}, fault.status === 0 ? "The service does not answer" : "The service does not show its state"),
          el("p", {}, fault.message),
          el("p", { class: "fine" }, "Asking again every two seconds."),
        ),
      );
    }
    clearTimeout(timer);
    timer = setTimeout(next, ASK_EVERY_MS);
  }

  /** Announced when it changes, not every two seconds. */
  function stand(now) {
    if (now !== standing) said.textContent = standing = now;
  }
}

function boardView(status, rates) {
  const { papers } = status;
  const finished = papers.answered + papers.failed;
  return [
    el(
      "div",
      { class: "board-head" },
      el(
        "h2",
        {},
        el("span", { class: `lamp ${status.ready ? "on" : "off"}`, "aria-hidden": "true" }),
        status.ready ? "Ready" : "Not ready",
      ),
      el(
        "p",
        { class: "fine" },
        `Version ${status.version} · up for ${duration(status.uptime_s)}`,
        status.reason && ` · ${status.reason}`,
      ),
    ),
    el(
      "div",
      { class: "tiles" },
      tile(
        "Papers a second",
        rate(papers.per_s),
        "over the last minute",
        sparkline(`Papers a second; now ${rate(papers.per_s)}`, rates),
      ),
      tile(
        "In work",
        count(papers.tokens_in_flight),
        `of ${count(papers.tokens_limit)} tokens`,
        bar(papers.tokens_in_flight / Math.max(1, papers.tokens_limit)),
      ),
      tile("Read", count(papers.answered), "since it started"),
      tile(
        "Failed",
        count(papers.failed),
        finished ? `${((papers.failed / finished) * 100).toFixed(1)} % of all` : "of none so far",
      ),
    ),
    deploymentsView(status.deployments),
    el(
      "div",
      { class: "lists" },
      list("Models", { classifier: status.models.classifier, extractor: status.models.extractor }, (name) =>
        name ? el("code", {}, name) : "does not answer",
      ),
      list("Mean time on a paper", status.stage_mean_s, (seconds) => milliseconds(seconds * 1000)),
      list("Requests refused", status.refused, count),
      list("Papers with an error", status.paper_errors, count),
    ),
  ];
}

function tile(name, value, note, picture = null) {
  return el(
    "section",
    { class: "tile" },
    el("h3", {}, name),
    el("p", { class: "value" }, value),
    el("p", { class: "fine" }, note),
    picture,
  );
}

function deploymentsView(deployments) {
  if (!deployments.length)
    return el("p", { class: "none" }, "It runs without Ray Serve: there are no replicas to show.");
  return el(
    "table",
    { class: "deployments" },
    el("caption", {}, "Replicas"),
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        ["Deployment", "State", "Running", "Wanted"].map((name, place) =>
          el("th", { scope: "col", class: place > 1 ? "figure" : null }, name),
        ),
      ),
    ),
    el(
      "tbody",
      {},
      deployments.map(({ name, status, message, replicas_running, replicas_target }) =>
        el(
          "tr",
          {},
          el("th", { scope: "row" }, name),
          el(
            "td",
            {},
            el("span", { class: `lamp ${status === "HEALTHY" ? "on" : "off"}`, "aria-hidden": "true" }),
            words(status.toLowerCase()),
            message && el("p", { class: "fine" }, message),
          ),
          el("td", { class: "figure" }, replicas_running),
          el("td", { class: "figure" }, replicas_target),
        ),
      ),
    ),
  );
}

function list(title, values, show) {
  const entries = Object.entries(values);
  return el(
    "section",
    {},
    el("h3", {}, title),
    entries.length
      ? el(
          "dl",
          {},
          entries.map(([name, value]) => [el("dt", {}, words(name)), el("dd", {}, show(value))]),
        )
      : el("p", { class: "fine" }, "None."),
  );
}
