"""Labelled papers: read, cleaned, and split so that nothing leaks."""

from training.data.papers import LABELS, LabelledPaper
from training.data.readers import MalformedRecord, read_folder
from training.data.splits import Part, split

__all__ = ["LABELS", "LabelledPaper", "MalformedRecord", "Part", "read_folder", "split"]
