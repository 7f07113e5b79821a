/**
 * CSV as RFC 4180 has it: quoted fields hold delimiters, line breaks and doubled quotes; lines end in CRLF, LF or CR.
 *
 * @param {string} text
 * @param {string} delimiter one character
 * @returns {string[][]} rows, those without any character left out; a quote that stays open takes all that follows
 */
export function parseCsv(text, delimiter = ",") {
  const field = new RegExp(
    `"((?:[^"]+|"")*)(?:"|$)([^${escaped(delimiter)}\\r\\n]*)|[^${escaped(delimiter)}\\r\\n]*`,
    "y",
  );
  const rows = [];
  let row = [];
  let at = 0;
  while (at < text.length) {
    field.lastIndex = at;
    const [whole, quoted, tail] = field.exec(text);
    row.push(quoted === undefined ? whole : quoted.replaceAll('""', '"') + tail);
    at += whole.length;
    if (text[at] === delimiter) {
      at += 1;
      if (at < text.length) continue;
      row.push(""); // the text ends in a delimiter
    }
    if (row.length > 1 || whole) rows.push(row);
    row = [];
    at += text.startsWith("\r\n", at) ? 2 : 1;
  }
  return rows;
}

/** The delimiter a header line uses: whichever of comma, tab and semicolon stands in it most often. */
export function delimiterOf(text) {
  const header = text.slice(0, 10_000).split(/[\r\n]/, 1)[0];
  const uses = (delimiter) => header.split(delimiter).length;
  return [",", "\t", ";"].reduce((best, delimiter) => (uses(delimiter) > uses(best) ? delimiter : best));
}

/** Rows as CSV. */
export function toCsv(rows) {
  return rows.map((row) => row.map(cell).join(",") + "\r\n").join("");
}

function cell(value) {
  const text = inert(String(value ?? ""));
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A spreadsheet runs what looks like a formula: a paper's title must not be one. Numbers stay as they are. */
function inert(text) {
  return /^[=+\-@\t\r]/.test(text) && !/^[+-]?[\d.]+$/.test(text) ? `'${text}` : text;
}

function escaped(delimiter) {
  return delimiter === "\t" ? "\\t" : delimiter;
}
