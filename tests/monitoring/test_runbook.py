"""Whoever is woken finds the section of the alert, and no section is about an alert that is gone."""

import re
from pathlib import Path

import pytest

from tools.monitoring.rules import Alert, alerts

RUNBOOK = (Path(__file__).parents[2] / "docs" / "runbook.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"(?ms)^## (Pubserve\w+)\n(.*?)(?=^## |\Z)", RUNBOOK))
ALERTS = alerts()


def test_each_alert_has_its_section_and_each_section_its_alert_in_one_order() -> None:
    assert list(SECTIONS) == [alert.alert for alert in ALERTS]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.alert)
def test_a_section_says_what_it_means_how_to_be_sure_what_to_do_and_when_it_is_over(alert: Alert) -> None:
    headings = re.findall(r"(?m)^\*\*(.+?)\.\*\*", SECTIONS[alert.alert])

    assert headings == ["It means", "Be sure", "Do", "It is over"]
