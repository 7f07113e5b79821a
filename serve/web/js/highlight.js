/**
 * A text cut at the borders of its mentions.
 *
 * Offsets count code points, strings here count UTF-16 units: the text is cut as an array of code points. Mentions may
 * overlap, so each piece names all that cover it, the shortest first: that is the one the piece looks like.
 *
 * @returns {{text: string, mentions: object[]}[]} pieces that join to the text
 */
export function segments(text, mentions) {
  const points = Array.from(text);
  const inside = mentions.filter(({ start, end }) => 0 <= start && start < end && end <= points.length);
  const borders = new Set([0, points.length, ...inside.flatMap(({ start, end }) => [start, end])]);
  const cuts = [...borders].sort((a, b) => a - b);
  return cuts.slice(0, -1).map((from, place) => ({
    text: points.slice(from, cuts[place + 1]).join(""),
    mentions: inside
      .filter(({ start, end }) => start <= from && from < end)
      .sort((a, b) => a.end - a.start - (b.end - b.start)),
  }));
}

/** How a mention is shown: `cancer`, `other`, or `negated`, whatever it denies. */
export function kindOf({ is_cancer, negated }) {
  if (negated) return "negated";
  return is_cancer ? "cancer" : "other";
}

export const KIND_NAMES = { cancer: "cancer", other: "other disease", negated: "negated" };

/** Diseases of an analysis, with their mentions, in the order in which the paper names them. */
export function diseasesOf({ mentions }) {
  const byName = Map.groupBy(mentions, ({ disease }) => disease);
  return [...byName].map(([disease, its]) => ({
    disease,
    mentions: its,
    ids: its[0].ids,
    // Denied only where the paper never affirms it.
    kind: kindOf(its.find(({ negated }) => !negated) ?? its[0]),
    confidence: Math.max(...its.map(({ confidence }) => confidence)),
  }));
}
