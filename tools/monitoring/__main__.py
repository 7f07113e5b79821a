"""`python -m tools.monitoring`: write the dashboards, and check them against a running service."""

from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console

from tools.monitoring.dashboards import DASHBOARDS
from tools.monitoring.metrics_used import exported_by, missing
from tools.monitoring.panels import to_grafana
from tools.monitoring.rules import COMPONENT, RUNBOOK, expressions, lead_to

console = Console(highlight=False, soft_wrap=True)
cli = typer.Typer(add_completion=False, no_args_is_help=True, help="Dashboards and alerts under k8s/.")


def dashboard_files() -> dict[Path, str]:
    """The dashboards of the cluster component, as Grafana imports them."""
    folder = COMPONENT / "dashboards"
    return {folder / f"{dashboard.uid}.json": to_grafana(dashboard).to_json() for dashboard in DASHBOARDS}


@cli.command()
def generate() -> None:
    """Write the dashboards from their description in tools/monitoring/dashboards."""
    for path, content in dashboard_files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
        console.print(f"written  {path.name}")


@cli.command()
def runbook(
    page: Annotated[str, typer.Argument(help="URL of the page, or its path in this repository.")] = RUNBOOK,
) -> None:
    """Let the alerts lead to the runbook where you publish it.

    \b
    Example:
      python -m tools.monitoring runbook https://docs.example.org/pubserve/runbook.html
    """
    console.print(f"{lead_to(page)} alerts lead to {page}")


@cli.command()
def check(
    endpoints: Annotated[
        list[str], typer.Argument(help="Where metrics are: the service's /metrics, Ray's, a worker's.")
    ],
) -> None:
    """Say which metrics and labels of dashboards and alerts are not exported. Exit status 1 if any is not.

    A counter with labels appears when it first counts: put the service under some load before.

    \b
    Example:
      python -m tools.monitoring check http://127.0.0.1:8000/metrics http://127.0.0.1:8080/metrics
    """
    exported = exported_by(*(_read(endpoint) for endpoint in endpoints))
    asked = [*expressions(), *(expr for dashboard in DASHBOARDS for expr in dashboard.expressions)]
    findings = sorted({str(finding) for finding in missing(asked, exported)})
    for finding in findings:
        console.print(finding)
    console.print(f"{len(asked)} expressions, {len(exported)} names exported, {len(findings)} findings")
    raise typer.Exit(1 if findings else 0)


def _read(endpoint: str) -> str:
    try:
        return httpx.get(endpoint, timeout=30).raise_for_status().text
    except httpx.HTTPError as error:
        raise typer.BadParameter(f"{endpoint} does not answer with metrics: {error}") from None


if __name__ == "__main__":
    cli()
