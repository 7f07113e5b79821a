"""The recording and alerting rules, read from the manifest that brings them to a cluster."""

import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

COMPONENT = Path(__file__).parents[2] / "k8s" / "components" / "monitoring"
RULES = COMPONENT / "rules.yaml"
RUNBOOK = "docs/runbook.md"
"""Where alerts lead unless told otherwise: from the root of this repository, to be read there."""
_LINK = re.compile(r"(?<=runbook_url: )\S+(?=#\w)")


class Alert(BaseModel):
    """An alert, as far as anything here looks at it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    alert: str
    expr: str
    labels: dict[str, str]
    annotations: dict[str, str]


def rules_file(manifest: Path = RULES) -> dict[str, Any]:
    """What Prometheus reads as a rules file: `groups` with their `rules`."""
    spec: dict[str, Any] = yaml.safe_load(manifest.read_text(encoding="utf-8"))["spec"]
    return spec


def alerts(manifest: Path = RULES) -> list[Alert]:
    """All alerts, in the order of the file."""
    return [Alert.model_validate(rule) for rule in _rules(manifest) if "alert" in rule]


def expressions(manifest: Path = RULES) -> list[str]:
    """What the rules ask, recording rules included."""
    return [rule["expr"] for rule in _rules(manifest)]


def lead_to(runbook: str, manifest: Path = RULES) -> int:
    """Let every alert lead to its section of a page, by its URL or its path; how many do now."""
    text, count = _LINK.subn(lambda _: runbook, manifest.read_text(encoding="utf-8"))
    manifest.write_text(text, encoding="utf-8")
    return count


def _rules(manifest: Path) -> list[dict[str, Any]]:
    return [rule for group in rules_file(manifest)["groups"] for rule in group["rules"]]
