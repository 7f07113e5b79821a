"""The examples of the few-shot prompt are annotated texts of papers to train on."""

from serve.extractor.prompt import prefix_of
from training.extraction.corpus import AnnotatedPaper
from training.extraction.generator.few_shot import WITH_DISEASES, WITHOUT, examples_of

BARE = [AnnotatedPaper(f"bare-{number}", "", f"Nothing number {number} was found.", ()) for number in range(5)]


def test_some_examples_name_diseases_and_some_name_none(papers: list[AnnotatedPaper]) -> None:
    examples = examples_of([*papers, *BARE], max_unit_chars=400, seed=17)

    assert sum(bool(names) for _, names in examples) == WITH_DISEASES
    assert sum(not names for _, names in examples) == WITHOUT


def test_an_example_names_what_is_annotated_in_its_text(papers: list[AnnotatedPaper]) -> None:
    annotated = {
        getattr(paper, field): [a.text for a in paper.annotations if a.field == field]
        for paper in papers
        for field in ("title", "abstract")
    }

    examples = examples_of(papers, max_unit_chars=400, seed=17)

    assert examples
    assert all(names == annotated[text] for text, names in examples)


def test_the_same_seed_draws_the_same_examples(papers: list[AnnotatedPaper]) -> None:
    drawn = examples_of(papers, max_unit_chars=400, seed=17)

    assert drawn == examples_of(papers, max_unit_chars=400, seed=17)
    assert drawn != examples_of(papers, max_unit_chars=400, seed=18)


def test_the_prompt_shows_them_with_their_answers() -> None:
    assert prefix_of([("Behçet's disease.", ["Behçet's disease"])]).endswith(
        'Text: "Behçet\'s disease."\nDiseases: ["Behçet\'s disease"]\n\n'
    )
