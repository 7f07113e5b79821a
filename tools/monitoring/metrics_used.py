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
_GROUPING = re.compile(r"\bby\s*\(([^)]*)\)\s*(?=\()")

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
    """Each metric of an expression, with the labels that it has to have. Those of recording rules hold a colon.

    A grouping is written before what it groups, `sum by (label) (…)`, and asks for its labels in there alone.
    """
    groups = [
        (range(grouping.end(), _closing(expr, grouping.end())), {label.strip() for label in grouping[1].split(",")})
        for grouping in _GROUPING.finditer(expr)
    ]
    asked: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    for metric in _SELECTOR.finditer(expr):
        by = [labels for within, labels in groups if metric.start() in within]
        asked[metric[1]] |= frozenset(_MATCHED.findall(metric[2] or "")).union(*by)
    return dict(asked)


def _closing(expr: str, opening: int) -> int:
    """Where the bracket at `opening` is closed."""
    depth = 0
    for place in range(opening, len(expr)):
        depth += {"(": 1, ")": -1}.get(expr[place], 0)
        if depth == 0:
            return place
    raise ValueError(f"a bracket is not closed: {expr}")


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
