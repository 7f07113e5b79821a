"""Which metrics and labels expressions ask for, and which of them a service does not export.

Not a parser of PromQL, which Prometheus has (`promtool check rules`): it finds the names in expressions that parse.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

_SELECTOR = re.compile(r"\b((?:pubserve|ray|vllm)_\w+)(?:\{([^}]*)\})?")
_MATCHED = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
_GROUPED = re.compile(r"\b(?:by|without)\s*\(([^)]*)\)")

Exported = Mapping[str, frozenset[str]]
"""The names of samples, and the labels that any of them has."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A name that is asked for and not exported: a metric, or a label of one."""

    metric: str
    label: str | None
    expr: str

    def __str__(self) -> str:
        what = self.metric if self.label is None else f"{self.metric} has no label {self.label}"
        return f"{what}: {self.expr}"


def asked_for(expr: str) -> dict[str, frozenset[str]]:
    """Each metric of an expression, with the labels that it has to have. Those of recording rules hold a colon."""
    grouped = {label.strip() for labels in _GROUPED.findall(expr) for label in labels.split(",")}
    asked: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    for metric, matchers in _SELECTOR.findall(_GROUPED.sub(" ", expr)):
        # A plain count of a histogram is set against its buckets, and is not itself by `le`.
        by = grouped if metric.endswith("_bucket") else grouped - {"le"}
        asked[metric] |= frozenset(_MATCHED.findall(matchers)) | by
    return dict(asked)


def exported_by(*texts: str) -> Exported:
    """What `/metrics` of a process, or of several, says in Prometheus' text format."""
    labels: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    for text in texts:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                labels[sample.name] |= frozenset(sample.labels)
    return dict(labels)


def missing(expressions: Iterable[str], exported: Exported) -> list[Missing]:
    """All that is asked for and not there."""
    found: list[Missing] = []
    for expr in expressions:
        for metric, labels in asked_for(expr).items():
            if metric not in exported:
                found.append(Missing(metric, None, expr))
            else:
                found += [Missing(metric, label, expr) for label in sorted(labels - exported[metric])]
    return found
