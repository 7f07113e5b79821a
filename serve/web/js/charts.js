import { el, svg } from "./dom.js";
import { count } from "./format.js";

/** A bar of a share in [0, 1], for the eye only: the figure stands beside it. */
export function bar(share, kind = "") {
  return svg(
    "svg",
    { class: `bar ${kind}`, "aria-hidden": "true", preserveAspectRatio: "none" },
    svg("rect", { class: "track", width: "100%", height: "100%", rx: 3 }),
    share > 0 &&
      svg("rect", { class: "fill", width: `${(Math.min(share, 1) * 100).toFixed(2)}%`, height: "100%", rx: 3 }),
  );
}

/** Counts side by side, as they are given: `rows` of `{name, value, kind}`; `kinds` are the colours to explain, by kind. */
export function barChart(title, rows, kinds = {}) {
  const most = Math.max(1, ...rows.map(({ value }) => value));
  return figure(
    title,
    rows.length
      ? el(
          "ul",
          { class: "bar-chart" },
          rows.map(({ name, value, kind }) =>
            el("li", {}, el("span", {}, name), bar(value / most, kind), el("b", {}, count(value))),
          ),
        )
      : el("p", { class: "fine" }, "Nothing yet."),
    rows.length > 0 &&
      el(
        "p",
        { class: "keys-of-chart" },
        Object.entries(kinds).map(([kind, name]) => el("span", { class: `kind ${kind}` }, name)),
      ),
  );
}

const BINS = 10;

/** How many of the values in [0, 1] lie in each tenth. */
export function histogram(title, values) {
  const bins = Array(BINS).fill(0);
  for (const value of values) bins[Math.min(BINS - 1, Math.floor(value * BINS))] += 1;
  const most = Math.max(1, ...bins);
  const columns = bins.map((bin, place) => {
    const height = bin ? Math.max(1.5, (bin / most) * 100) : 0;
    return svg(
      "rect",
      { class: "fill", x: `${place * 10 + 0.6}%`, width: "8.8%", y: `${100 - height}%`, height: `${height}%` },
      svg("title", {}, `${place * 10} to ${place * 10 + 10} %: ${count(bin)}`),
    );
  });
  const spoken = bins
    .map((bin, place) => (bin ? `${place * 10} to ${place * 10 + 10} %: ${bin}` : null))
    .filter(Boolean)
    .join("; ");
  return figure(
    title,
    svg("svg", { class: "columns", role: "img", "aria-label": `${title}. ${spoken || "Nothing yet"}.` }, columns),
    el(
      "div",
      { class: "axis", "aria-hidden": "true" },
      el("span", {}, "0 %"),
      el("span", {}, "50 %"),
      el("span", {}, "100 %"),
    ),
  );
}

/** A line through values over time, from 0 to the largest. */
export function sparkline(label, values) {
  const most = Math.max(...values, 1e-9);
  const step = 100 / Math.max(1, values.length - 1);
  const points = values.map((value, place) => `${(place * step).toFixed(2)},${(38 - (value / most) * 34).toFixed(2)}`);
  return svg(
    "svg",
    { class: "sparkline", viewBox: "0 0 100 40", preserveAspectRatio: "none", role: "img", "aria-label": label },
    values.length > 1 && svg("polygon", { points: `0,40 ${points.join(" ")} 100,40` }),
    values.length > 1 && svg("polyline", { points: points.join(" ") }),
  );
}

function figure(title, ...children) {
  return el("figure", { class: "chart" }, el("figcaption", {}, title), children);
}
