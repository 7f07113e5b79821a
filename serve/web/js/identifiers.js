import { el } from "./dom.js";

/** Links to the entries of a disease; words where no vocabulary knows it. */
export function idLinks({ doid, mesh }) {
  if (!doid && !mesh) return "in no vocabulary";
  const links = [
    doid && link(`https://disease-ontology.org/?id=${encodeURIComponent(doid)}`, doid),
    mesh && link(`https://meshb.nlm.nih.gov/record/ui?ui=${encodeURIComponent(mesh)}`, `MeSH ${mesh}`),
  ].filter(Boolean);
  return links.flatMap((one, place) => (place ? [" · ", one] : [one]));
}

const CITED = [
  [/^(?:https?:\/\/(?:dx\.)?doi\.org\/|doi:\s*)?(10\.\d{4,9}\/\S+)$/i, "https://doi.org/"],
  [/^(?:PMID:?\s*)(\d{1,8})$/i, "https://pubmed.ncbi.nlm.nih.gov/"],
  [/^(PMC\d+)$/i, "https://pmc.ncbi.nlm.nih.gov/articles/"],
  [/^(NCT\d{8})$/i, "https://clinicaltrials.gov/study/"],
];

/** A citation as it stands in the paper, as a link where it is an identifier. */
export function citationLink(citation) {
  for (const [pattern, place] of CITED) {
    const found = pattern.exec(citation.trim());
    if (found) return link(place + encodeURI(found[1]), citation);
  }
  return citation;
}

function link(href, text) {
  return el("a", { href, target: "_blank", rel: "noreferrer" }, text);
}
