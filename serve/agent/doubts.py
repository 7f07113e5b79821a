"""Which first answers are worth a second reading."""

from pubserve.contract import Analysis
from serve.agent.messages import Doubt

CANCER = "Cancer"
THRESHOLD = 0.5
"""Of calibrated confidences."""


def doubts_about(analysis: Analysis, *, margin: float) -> list[Doubt]:
    """Why the label of a paper is uncertain; nothing where it is not.

    `margin` is how near to the threshold a confidence is uncertain.
    """
    found: list[Doubt] = []
    if any(abs(confidence - THRESHOLD) < margin for confidence in analysis.confidence_scores.values()):
        found.append(Doubt.NEAR_THRESHOLD)
    if len(analysis.predicted_labels) != 1:
        found.append(Doubt.NOT_ONE_LABEL)
    if Doubt.DISEASES_DISAGREE in analysis.warnings or _is_cancer_without_a_cancer(analysis):
        found.append(Doubt.DISEASES_DISAGREE)
    return found


def _is_cancer_without_a_cancer(analysis: Analysis) -> bool:
    """The other way round: the label says cancer, and other diseases are named, but no cancer is."""
    says_cancer = CANCER in analysis.predicted_labels
    names_one = any(mention.is_cancer is not False and not mention.negated for mention in analysis.mentions)
    return says_cancer and bool(analysis.mentions) and not names_one
