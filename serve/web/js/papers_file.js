import { delimiterOf, parseCsv } from "./csv.js";

export const MAX_FILE_BYTES = 200 * 2 ** 20;

const COLUMNS = ["id", "title", "abstract"];

/** A file that cannot be used at all; the message says why and what to do. */
export class UnusableFile extends Error {}

/**
 * The papers of a CSV or JSONL file.
 *
 * @param {File} file
 * @returns {Promise<{row: number, id: string, title?: string, abstract?: string, problem?: string}[]>} one per row, in
 *   order; a row that is no paper says why in `problem`, and its neighbours are not affected
 * @throws {UnusableFile}
 */
export async function readPapersFile(file) {
  if (file.size > MAX_FILE_BYTES) {
    throw new UnusableFile(
      `${file.name} is larger than ${MAX_FILE_BYTES / 2 ** 20} MB. Use the command line or the Python client for files of this size.`,
    );
  }
  const text = decoded(await file.arrayBuffer(), file.name);
  const papers = /^\s*[{[]/.test(text) ? fromJsonLines(text, file.name) : fromCsv(text, file.name);
  if (!papers.length) throw new UnusableFile(`${file.name} holds no papers: there is nothing below its header.`);
  return papers;
}

function decoded(bytes, name) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UnusableFile(`${name} is not text in UTF-8. In a spreadsheet, save it as "CSV UTF-8".`);
  }
}

function fromCsv(text, name) {
  const [header = [], ...rows] = parseCsv(text, delimiterOf(text));
  const names = header.map((column) => column.trim().toLowerCase());
  const missing = COLUMNS.filter((column) => !names.includes(column));
  if (!names.length) throw new UnusableFile(`${name} is empty.`);
  if (missing.length) {
    const found = header
      .map((column) => column.trim())
      .join(", ")
      .slice(0, 200);
    const columns = missing.length === 1 ? "column" : "columns";
    throw new UnusableFile(
      `${name} lacks the ${columns} ${missing.join(" and ")}; its first line is: ${found}. Name the columns id, title and abstract there.`,
    );
  }
  // Rows are counted as a spreadsheet does: the header is the first.
  return rows.map((cells, place) => {
    const fields = Object.fromEntries(COLUMNS.map((column) => [column, cells[names.indexOf(column)]]));
    return paper(place + 2, fields);
  });
}

function fromJsonLines(text, name) {
  const lines = text
    .split(/\r?\n/)
    .map((line, place) => [place + 1, line])
    .filter(([, line]) => line.trim());
  if (lines[0][1].trimStart().startsWith("[")) {
    throw new UnusableFile(
      `${name} is one JSON list. Put each paper on a line of its own: {"id": …, "title": …, "abstract": …}.`,
    );
  }
  return lines.map(([row, line]) => {
    try {
      return paper(row, JSON.parse(line));
    } catch {
      return { row, id: `row ${row}`, problem: "This line is not JSON." };
    }
  });
}

function paper(row, { id, title, abstract }) {
  const named = { row, id: String(id ?? "").trim() || `row ${row}` };
  for (const [field, value] of Object.entries({ title, abstract })) {
    if (value !== undefined && value !== null && typeof value !== "string")
      return { ...named, problem: `The ${field} is not text.` };
    if (value?.trim()) named[field] = value;
  }
  return named.title || named.abstract ? named : { ...named, problem: "There is neither a title nor an abstract." };
}
