import { toCsv } from "./csv.js";

/** All results as the service gave them, one a line, the failed ones with their errors. */
export function resultsAsJsonLines(rows) {
  return rows.map(({ result }) => JSON.stringify(result) + "\n").join("");
}

/** One row per paper. Several labels, diseases or ids stand in one cell, with `; ` between them. */
export function resultsAsCsv(rows) {
  const categories = [...new Set(rows.flatMap(({ result }) => Object.keys(result.confidence_scores ?? {})))].sort();
  const header = [
    "id",
    "title",
    "labels",
    ...categories.map((name) => `confidence ${name}`),
    "diseases",
    "doid",
    "mesh",
    "topics",
    "citations",
    "summary",
    "warnings",
    "error",
    "message",
  ];
  return toCsv([header, ...rows.map(({ paper, result }) => cells(paper, result, categories))]);
}

function cells(paper, result, categories) {
  const list = (values) => (values ?? []).join("; ");
  const ids = (vocabulary) =>
    list([...new Set((result.mentions ?? []).map((mention) => mention.ids[vocabulary]).filter(Boolean))]);
  return [
    paper.id,
    paper.title,
    list(result.predicted_labels),
    ...categories.map((name) => result.confidence_scores?.[name]),
    list(result.extracted_diseases),
    ids("doid"),
    ids("mesh"),
    list(result.topics),
    list(result.citations),
    result.summary,
    list(result.warnings),
    result.error?.code,
    result.error?.message,
  ];
}
