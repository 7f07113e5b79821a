"""What a set of papers is made of."""

import pytest

from training.data import LABELS, LabelledPaper, Mention, PaperRecord, parse_label


@pytest.mark.parametrize("raw", ["Non-Cancer", "non cancer", " NON_CANCER ", "noncancer"])
def test_a_label_is_known_however_it_is_written(raw: str) -> None:
    assert parse_label(raw) == "Non-Cancer"


@pytest.mark.parametrize("raw", ["", "0", "cancer?", "no cancer", "cancerous"])
def test_what_only_looks_like_a_label_is_none(raw: str) -> None:
    assert parse_label(raw) is None


def test_labels_mean_themselves() -> None:
    assert [parse_label(label) for label in LABELS] == list(LABELS)


def test_plain_text_has_lines_while_mentions_count_from_one_passage() -> None:
    paper = PaperRecord("1", "[On asthma].", "Asthma.", mentions=(Mention(13, 19, "Asthma", "Disease"),))

    assert paper.text == "[On asthma].\nAsthma."
    assert paper.passage[13:19] == "Asthma"


def test_a_labelled_paper_is_a_paper() -> None:
    paper = LabelledPaper("1", "T.", "A.", "Cancer")

    assert isinstance(paper, PaperRecord)
    assert (paper.label, paper.text, paper.mentions) == ("Cancer", "T.\nA.", ())
