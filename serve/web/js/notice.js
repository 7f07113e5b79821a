import { el } from "./dom.js";

/** What went wrong, in the service's own words, with its request id and, where it helps, a way to try again. */
export function faultNotice(fault, retry = null) {
  return el(
    "div",
    { class: "notice failed", role: "alert" },
    el("h3", {}, fault.status === 0 ? "No answer" : "That did not work"),
    el("p", {}, fault.message),
    fault.requestId && el("p", { class: "fine" }, "Request ", el("code", {}, fault.requestId)),
    retry && el("div", { class: "actions" }, el("button", { type: "button", onclick: retry }, "Try again")),
  );
}

/**
 * A refusal: counts down what the service asked for, and then calls `retry` by itself.
 *
 * @returns {HTMLElement} taken off the page, it stops
 */
export function refusalNotice(fault, { retry, giveUp }) {
  const countdown = el("strong", { class: "countdown" });
  const notice = el(
    "div",
    { class: "notice refused", role: "alert" },
    el("h3", {}, fault.status === 429 ? "The service is full" : "The service is not ready"),
    // The ticking is not read aloud; the message says once what is going on.
    el(
      "p",
      {},
      "Trying again ",
      el("span", { "aria-hidden": "true" }, "in ", countdown),
      el("span", { class: "unseen" }, "by itself"),
      ".",
    ),
    el("p", { class: "fine" }, fault.message),
    el(
      "div",
      { class: "actions" },
      el("button", { type: "button", onclick: () => finish(retry) }, "Try now"),
      el("button", { type: "button", class: "quiet", onclick: () => finish(giveUp) }, "Stop waiting"),
    ),
  );
  const endsAt = performance.now() + fault.retryAfterS * 1000;
  const clock = setInterval(tick, 250);
  tick();
  return notice;

  function tick() {
    const leftS = Math.ceil((endsAt - performance.now()) / 1000);
    countdown.textContent = `${Math.max(leftS, 0)} s`;
    if (leftS <= 0) finish(notice.isConnected ? retry : () => {});
  }

  function finish(next) {
    clearInterval(clock);
    next();
  }
}
