"""Every alert fires when it should and rests when it should, by Prometheus' own reckoning."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.programs import program
from tools.monitoring.dashboards import DASHBOARDS
from tools.monitoring.rules import RULES, RUNBOOK, alerts, lead_to, rules_file

CASES = Path(__file__).parent / "alert_cases.yaml"
ALERTS = alerts()


@pytest.fixture(scope="module")
def promtool() -> str:
    return program("promtool", package="prometheus")


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=120)


def write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")  # JSON is YAML
    return path


def test_prometheus_reads_the_rules(promtool: str, tmp_path: Path) -> None:
    checked = run(promtool, "check", "rules", write(tmp_path / "rules.yaml", rules_file()))

    assert checked.returncode == 0, checked.stderr


def test_prometheus_reads_every_question_of_the_dashboards(promtool: str, tmp_path: Path) -> None:
    questions = [expr for dashboard in DASHBOARDS for expr in dashboard.expressions]
    rules = [{"record": f"question:{number}", "expr": expr} for number, expr in enumerate(questions)]
    file = write(tmp_path / "questions.yaml", {"groups": [{"name": "dashboards", "rules": rules}]})

    checked = run(promtool, "check", "rules", file)

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(questions)} rules found" in checked.stdout


def test_alerts_fire_when_they_should(promtool: str, tmp_path: Path) -> None:
    rules = rules_file()
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule.pop("annotations", None)  # what they say is tested below; cases are about when they say it
    write(tmp_path / "rules.yaml", rules)
    cases = write(tmp_path / "cases.yaml", yaml.safe_load(CASES.read_text(encoding="utf-8")))

    tested = run(promtool, "test", "rules", cases)

    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_rests() -> None:
    cases = yaml.safe_load(CASES.read_text(encoding="utf-8"))["tests"]
    expected = [expectation for case in cases for expectation in case["alert_rule_test"]]

    names = {alert.alert for alert in ALERTS}
    assert {each["alertname"] for each in expected if each["exp_alerts"]} == names
    assert {each["alertname"] for each in expected if not each["exp_alerts"]} == names


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.alert)
def test_an_alert_says_what_is_wrong_how_urgent_it_is_and_where_to_read_on(alert: Any) -> None:
    assert alert.labels["severity"] in {"page", "ticket"}
    assert set(alert.annotations) == {"summary", "description", "runbook_url"}
    assert alert.annotations["runbook_url"] == f"{RUNBOOK}#{alert.alert.lower()}"


def test_alerts_lead_to_where_the_runbook_is_published_and_back(tmp_path: Path) -> None:
    manifest = tmp_path / "rules.yaml"
    committed = RULES.read_text(encoding="utf-8")
    manifest.write_text(committed, encoding="utf-8")

    assert lead_to("https://docs.example.org/runbook.html", manifest) == len(ALERTS)
    assert {alert.annotations["runbook_url"] for alert in alerts(manifest)} == {
        f"https://docs.example.org/runbook.html#{alert.alert.lower()}" for alert in ALERTS
    }
    lead_to(RUNBOOK, manifest)
    assert manifest.read_text(encoding="utf-8") == committed
