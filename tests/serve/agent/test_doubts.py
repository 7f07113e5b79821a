"""Which first answers are uncertain."""

from typing import Any

import pytest

from pubserve.contract import Analysis, Mention, Timings
from serve.agent.doubts import doubts_about
from serve.agent.messages import Doubt

ASTHMA = Mention(text="asthma", field="title", start=0, end=6, disease="Asthma", is_cancer=False, confidence=0.9)
NO_CANCER = ASTHMA.model_copy(update={"is_cancer": True, "negated": True})


def analysis(labels: list[str], cancer: float, **fields: Any) -> Analysis:
    return Analysis(
        abstract_id="1",
        predicted_labels=labels,
        confidence_scores={"Cancer": cancer, "Non-Cancer": 1 - cancer},
        timings_ms=Timings(queue=0),
        **fields,
    )


@pytest.mark.parametrize(
    ("answer", "doubts"),
    [
        (analysis(["Cancer"], 0.95), []),
        (analysis(["Cancer"], 0.6), [Doubt.NEAR_THRESHOLD]),
        (analysis(["Non-Cancer"], 0.4), [Doubt.NEAR_THRESHOLD]),
        (analysis([], 0.05), [Doubt.NOT_ONE_LABEL]),
        (analysis(["Cancer", "Non-Cancer"], 0.95), [Doubt.NOT_ONE_LABEL]),
        (analysis(["Non-Cancer"], 0.05, warnings=["labels_disagree_with_diseases"]), [Doubt.DISEASES_DISAGREE]),
        (analysis(["Cancer"], 0.95, mentions=[ASTHMA]), [Doubt.DISEASES_DISAGREE]),
        (analysis(["Cancer"], 0.95, mentions=[ASTHMA, NO_CANCER]), [Doubt.DISEASES_DISAGREE]),
        (analysis(["Non-Cancer"], 0.05, mentions=[ASTHMA]), []),
    ],
)
def test_doubts(answer: Analysis, doubts: list[Doubt]) -> None:
    assert doubts_about(answer, margin=0.2) == doubts
