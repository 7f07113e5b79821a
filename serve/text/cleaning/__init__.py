"""Cleaning of titles and abstracts in small named steps, with a map back to the text as it came."""

from serve.text.cleaning.headings import Section, sections
from serve.text.cleaning.pipeline import Citation, Cleaner, CleanPaper, UnknownStep
from serve.text.cleaning.steps import DEFAULT_STEPS, STEPS, Flag, Step

__all__ = [
    "DEFAULT_STEPS",
    "STEPS",
    "Citation",
    "CleanPaper",
    "Cleaner",
    "Flag",
    "Section",
    "Step",
    "UnknownStep",
    "sections",
]
