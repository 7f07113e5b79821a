"""The sections that every report has."""

from collections.abc import Sequence

from training.baselines import keyword_rule
from training.data import LabelledPaper
from training.evaluation import Predictions, Running
from training.report import ErrorAnalyses, Figure, KeyFigures, Prose, Table
from training.report.sections import choice_section, comparison_section, errors_section, quality_section

PAPERS = [
    LabelledPaper("a", "A carcinoma and a tumour", "", "Cancer"),
    LabelledPaper("b", "Chronic lymphocytic disease", "", "Cancer"),
    LabelledPaper("c", "Asthma", "", "Non-Cancer"),
    LabelledPaper("d", "Tumor necrosis factor and tumor growth factor", "", "Non-Cancer"),
]
TRUTH = tuple(paper.label == "Cancer" for paper in PAPERS)
IDS = tuple(paper.id for paper in PAPERS)
RULE = Predictions(model="rule", ids=IDS, truth=TRUTH, confidences=(1, 0, 0, 1))
MODEL = Predictions(model="model", ids=IDS, truth=TRUTH, confidences=(0.9, 0.8, 0.1, 0.6))
SOURCE = "4 papers."


def test_quality_is_tabled_and_drawn_and_only_confidences_are_tested_for_calibration() -> None:
    section = quality_section([RULE, MODEL], source=SOURCE)

    decisions, probabilities, *drawn = section.blocks
    assert isinstance(decisions, Table)
    assert isinstance(probabilities, Table)
    assert [row[0] for row in decisions.rows] == [row[0] for row in probabilities.rows] == ["rule", "model"]
    assert len(decisions.columns) == len(decisions.rows[0])
    assert len(probabilities.columns) == len(probabilities.rows[0])
    captions = [block.caption for block in drawn if isinstance(block, Figure)]
    assert len(captions) == len(drawn) == 4
    assert sum("Reliability of model" in caption for caption in captions) == 1
    assert not any("Reliability of rule" in caption for caption in captions)


def test_a_comparison_says_in_words_whether_chance_would_explain_it() -> None:
    prose, key_figures, matrices = comparison_section(RULE, MODEL, source=SOURCE).blocks

    assert isinstance(prose, Prose)
    assert "model is right on 1 of 4 papers that rule gets wrong" in prose.text
    assert "chance alone would explain that" in prose.text
    assert isinstance(key_figures, KeyFigures)
    assert [figure.value for figure in key_figures.figures if "false" in figure.label] == ["-1", "+0"]
    assert isinstance(matrices, Figure)


def test_the_choice_stands_above_the_figures_it_is_drawn_from() -> None:
    running = {"rule": Running(0, 1000, 0.1), "model": Running(270_000_000, 3, 0.1)}

    prose, table = choice_section([RULE, MODEL], running, source=SOURCE).blocks

    assert isinstance(prose, Prose)
    assert prose.text.startswith("rule costs")
    assert isinstance(table, Table)
    assert [row[-1] for row in table.rows] == ["yes", "yes"]
    assert all(len(row) == len(table.columns) for row in table.rows)


def test_the_worst_errors_come_first_with_what_drove_them() -> None:
    asked: list[int] = []

    def confidence(texts: Sequence[str]) -> list[float]:
        asked.append(len(texts))
        return [float(keyword_rule(text)) for text in texts]

    unsure = RULE.model_copy(update={"confidences": (1.0, 0.3, 0.0, 1.0)})
    (analyses,) = errors_section(unsure, {paper.id: paper for paper in PAPERS}, confidence).blocks

    assert isinstance(analyses, ErrorAnalyses)
    assert [error.paper_id for error in analyses.errors] == ["d", "b"]
    assert analyses.errors[0].explanation.effects[0].word == "tumor"
    assert len(asked) == 2 * len(analyses.errors)
