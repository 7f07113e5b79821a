import { bar } from "./charts.js";
import { el } from "./dom.js";
import { milliseconds, percent } from "./format.js";
import { diseasesOf, KIND_NAMES, kindOf, segments } from "./highlight.js";
import { citationLink, idLinks } from "./identifiers.js";
import { MentionCard } from "./mention_card.js";

const WARNINGS = {
  abstract_missing: "There is no abstract: the title alone was read.",
  title_truncated: "The title is longer than the service reads; its end was left out.",
  abstract_truncated: "The abstract is longer than the models read; its end was left out.",
  title_characters_replaced: "Some characters of the title cannot be read; they were taken for blanks.",
  abstract_characters_replaced: "Some characters of the abstract cannot be read; they were taken for blanks.",
  duplicate_id: "Another paper of this request has the same id.",
  labels_disagree_with_diseases:
    "A cancer is named, yet the paper is not taken for one about cancer. It may name it in passing.",
};

/** One paper as it was read: text, labels, diseases and the rest; `timing` in milliseconds by stage, if it is known. */
export function analysisView(paper, result, { timing = null, headingId = null } = {}) {
  const text = textView(paper, result.mentions);
  return el(
    "div",
    { class: "analysis" },
    result.warnings.map((warning) =>
      el("p", { class: "notice warned" }, WARNINGS[warning] ?? warning.replaceAll("_", " ")),
    ),
    labelsView(result),
    el("article", { class: "paper" }, text.title(headingId), text.abstract),
    diseasesView(result, text),
    factsView(result),
    provenanceView(result, timing),
    el(
      "details",
      { class: "raw" },
      el("summary", {}, "The answer as JSON"),
      el("pre", { tabindex: "0" }, JSON.stringify(result, null, 2)),
    ),
  );
}

/** In one sentence, for those who hear the page. */
export function spokenSummary(result) {
  const labels = result.predicted_labels.join(" and ") || "no label";
  const diseases = result.extracted_diseases;
  return `Read: ${labels}; ${diseases.length ? `diseases: ${diseases.join(", ")}` : "no diseases named"}.`;
}

function labelsView({ predicted_labels, confidence_scores }) {
  const labels = Object.entries(confidence_scores).sort(([, a], [, b]) => b - a);
  if (!labels.length) return null;
  return el(
    "section",
    { class: "labels", "aria-label": "Labels" },
    el(
      "ul",
      {},
      labels.map(([label, confidence]) => {
        const given = predicted_labels.includes(label);
        return el(
          "li",
          { class: given ? "given" : "" },
          el("span", { class: "label-name" }, label, given && el("span", { class: "unseen" }, " (given)")),
          bar(confidence),
          el("b", {}, percent(confidence)),
        );
      }),
    ),
  );
}

function textView(paper, mentions) {
  const card = new MentionCard();
  const marksOf = new Map();

  function pieces(field) {
    return segments(
      paper[field] ?? "",
      mentions.filter((mention) => mention.field === field),
    ).map((segment) => {
      if (!segment.mentions.length) return segment.text;
      const kind = kindOf(segment.mentions[0]);
      // Not a <button>, which would not break across lines as text does.
      const mark = el(
        "span",
        { role: "button", tabindex: "0", class: `mention ${kind}` },
        segment.text,
        el("span", { class: "unseen" }, ` (${KIND_NAMES[kind]})`),
      );
      card.attach(mark, segment.mentions);
      for (const { disease } of segment.mentions) marksOf.set(disease, [...(marksOf.get(disease) ?? []), mark]);
      return mark;
    });
  }

  return {
    title: (id) =>
      el("h3", { id, tabindex: "-1" }, paper.title?.trim() ? pieces("title") : el("em", {}, "Without a title")),
    abstract: paper.abstract?.trim() ? el("p", {}, pieces("abstract")) : null,
    /** Bring out all places of one disease, or put them back. */
    point: (disease, lit) => marksOf.get(disease)?.forEach((mark) => mark.classList.toggle("lit", lit)),
  };
}

function diseasesView(result, text) {
  const diseases = diseasesOf(result);
  if (!diseases.length) return result.models.extractor && el("p", { class: "none" }, "No disease is named.");
  return el(
    "section",
    { class: "diseases" },
    el(
      "table",
      {},
      el("caption", {}, "Diseases"),
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          ["Disease", "Ids", "Places", "Confidence"].map((name, place) =>
            el("th", { scope: "col", class: place > 1 ? "figure" : null }, name),
          ),
        ),
      ),
      el(
        "tbody",
        {},
        diseases.map(({ disease, mentions, ids, kind, confidence }) =>
          el(
            "tr",
            { onpointerenter: () => text.point(disease, true), onpointerleave: () => text.point(disease, false) },
            el("th", { scope: "row" }, disease, el("span", { class: `kind ${kind}` }, KIND_NAMES[kind])),
            el("td", {}, idLinks(ids)),
            el("td", { class: "figure" }, mentions.length),
            el("td", { class: "figure" }, percent(confidence)),
          ),
        ),
      ),
    ),
  );
}

function factsView({ summary, topics, citations }) {
  const facts = [
    ["In short", summary && el("q", {}, summary)],
    [
      "Topics",
      topics.length &&
        el(
          "ul",
          { class: "chips" },
          topics.map((topic) => el("li", {}, topic)),
        ),
    ],
    [
      "Cites",
      citations.length &&
        el(
          "ul",
          { class: "inline" },
          citations.map((citation) => el("li", {}, citationLink(citation))),
        ),
    ],
  ].filter(([, value]) => value);
  return facts.length
    ? el(
        "dl",
        { class: "facts" },
        facts.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]),
      )
    : null;
}

function provenanceView({ models, timings_ms }, timing) {
  const stages = Object.entries({
    wait: timings_ms.queue,
    classify: timings_ms.classify,
    extract: timings_ms.extract,
    total: timing?.total,
  });
  const known = stages.filter(([, ms]) => ms !== null && ms !== undefined);
  return el(
    "dl",
    { class: "provenance" },
    el("dt", {}, "Time"),
    el(
      "dd",
      {},
      known.map(([stage, ms]) => el("span", {}, `${stage} `, el("b", {}, milliseconds(ms)))),
    ),
    el("dt", {}, "Models"),
    el(
      "dd",
      {},
      [models.classifier, models.extractor].filter(Boolean).map((name) => el("code", {}, name)),
    ),
  );
}
