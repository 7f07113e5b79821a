/** Made-up papers to try the page with. */
export const EXAMPLES = [
  {
    name: "a cohort of melanoma patients",
    title: "Thyroid function during immunotherapy of advanced melanoma: a cohort study.",
    abstract:
      "BACKGROUND: Hypothyroidism is a frequent adverse event of immune checkpoint inhibitors (Larsen et al., 2019). " +
      "METHODS: We followed 212 adults with stage IV melanoma who began anti-PD-1 therapy (NCT01234567) and measured " +
      "thyroid hormones every six weeks. RESULTS: Hypothyroidism developed in 31 patients (15%) and thyroiditis " +
      "preceded it in 19. None had a history of Graves disease, and there was no evidence of adrenal insufficiency. " +
      "CONCLUSIONS: Thyroid dysfunction marks a better outcome in patients treated for melanoma.",
  },
  {
    name: "a trial in asthma",
    title: "Inhaled 𝛽-agonists on demand in children with mild asthma: a randomised controlled trial.",
    abstract:
      "In 120 children with mild asthma we compared an inhaled 𝛽-agonist on demand with twice-daily inhaled steroids. " +
      "Exacerbations of asthma were fewer with steroids (8 against 21). Oral candidiasis occurred in three children, " +
      "and pneumonia in none. We conclude that regular steroids protect children with mild asthma, without an excess " +
      "of infections (doi:10.1000/example.120).",
  },
  {
    name: "a case report",
    title: "Adenocarcinoma of the lung found at work-up of a deep vein thrombosis: a case report.",
    abstract:
      "A 58-year-old man who had never smoked presented with deep vein thrombosis of the left leg. Computed tomography " +
      "ruled out pulmonary embolism and showed a mass in the right upper lobe. Biopsy confirmed adenocarcinoma of the " +
      "lung; tuberculosis was excluded. Two years after lobectomy there is no sign of recurrent lung cancer. " +
      "Unprovoked thrombosis should prompt a search for occult cancer.",
  },
];
