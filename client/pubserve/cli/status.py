"""`pubserve status`: is the service well, what does it run, and how fast."""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pubserve._connection import PROBE_TIMEOUT_S, Connection
from pubserve._request import READY_PATH
from pubserve.cli.exits import UNREACHABLE
from pubserve.cli.options import AsJson, Url
from pubserve.errors import InvalidArgument

STATUS_PATH = "/v1/status"
NOT_READY = 1

# What each row says of the papers; one with a figure that the service does not give is left out.
_PAPERS = {
    "in work": "{tokens_in_flight:,} of at most {tokens_limit:,} tokens",
    "answered": "{answered:,}, and {failed:,} failed",
    "throughput": "{per_s:.1f} papers a second over the last minute",
}

out = Console(highlight=False)


def status(
    url: Url = None,
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds to wait until the service is ready, as in a start-up script.")
    ] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Show whether the service is ready, its models and replicas, what is in work, how fast it answers, and errors.

    \b
    Examples:
      pubserve status
      pubserve status --json | jq .papers.per_s
      pubserve status --wait 300 && pubserve analyze papers.csv -o answers.csv

    \b
    Exit status: 0 ready; 1 it answers, but is not ready; 2 a mistake in the command; 3 it cannot be reached.
    """
    try:
        connection = Connection.settle(url, None, PROBE_TIMEOUT_S, None)
    except InvalidArgument as error:
        raise typer.BadParameter(str(error), param_hint="--url") from None
    ends_s = time.monotonic() + wait
    with httpx.Client(base_url=connection.base_url, headers=connection.headers, timeout=connection.timeout) as http:
        found = ask(http)
        while not (found and found["ready"]) and time.monotonic() < ends_s:
            time.sleep(0.5)
            found = ask(http)
    if found is None:
        typer.echo(
            f"Nothing answers at {connection.base_url}. Is the service running? `pubserve serve` starts it.", err=True
        )
        raise typer.Exit(UNREACHABLE)
    if as_json:
        typer.echo(json.dumps(found))
    else:
        # A pipe has no width of its own: give the table what it needs instead of folding it.
        (out if out.is_terminal else Console(width=200)).print(table_of(found, str(connection.base_url)))
    raise typer.Exit(0 if found["ready"] else NOT_READY)


def ask(http: httpx.Client) -> dict[str, Any] | None:
    """What the service says of itself; of one without that route, whether it is ready. None if nothing answers."""
    try:
        answer = http.get(STATUS_PATH)
        if answer.is_success:
            return {"ready": False, **answer.json()}
        ready = http.get(READY_PATH)
        models = ready.json().get("models", {}) if ready.is_success else {}
        reason = None if ready.is_success else f"{READY_PATH} answers {ready.status_code}"
        return {"ready": ready.is_success, "reason": reason, "models": models}
    except (httpx.TransportError, ValueError):
        return None


def _deployment(deployment: dict[str, Any]) -> tuple[str, str]:
    running, target = deployment["replicas_running"], deployment["replicas_target"]
    trouble = f": {escape(deployment['message'])}" if deployment.get("message") else ""
    return deployment["name"], f"{running} of {target} replicas, {deployment['status'].lower()}{trouble}"


def _rates(status: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """How fast, how often from the cache, and how often not at all."""
    slowest = status.get("answer_p95_s") or {}
    for priority, median_s in (status.get("answer_p50_s") or {}).items():
        yield (
            priority,
            f"{median_s:.3g} s to answer a request (median), {slowest.get(priority, 0):.3g} s (95th percentile)",
        )
    if (hits := status.get("cache_hit_ratio")) is not None:
        yield "cache", f"{hits:.0%} of readings were remembered"
    if (requests := status.get("requests")) and requests["answered"]:
        said = "{answered:,} requests, {error_ratio:.2%} in error, {refused_ratio:.2%} refused"
        yield "requests", said.format_map(requests)


def table_of(status: dict[str, Any], url: str) -> Table:
    """What is known, one line each; what the service does not say is left out."""
    table = Table(box=None, show_header=False, pad_edge=False)
    reason = escape(status.get("reason") or "it does not say why")
    table.add_row(url, "[green]ready[/green]" if status["ready"] else f"[red]not ready[/red]: {reason}")
    for role, name in (status.get("models") or {}).items():
        table.add_row(role, name or "-")
    for deployment in status.get("deployments") or ():
        table.add_row(*_deployment(deployment))
    papers = status.get("papers") or {}
    for title, said in _PAPERS.items():
        with suppress(KeyError):
            table.add_row(title, said.format_map(papers))
    for title, said in _rates(status):
        table.add_row(title, said)
    for title, key in (("refused", "refused"), ("errors", "paper_errors")):
        if counts := status.get(key):
            table.add_row(title, ", ".join(f"{count:,} {code}" for code, count in counts.items()))
    if "uptime_s" in status:
        table.add_row("up", f"{status['uptime_s']:,.0f} s, version {status.get('version', '?')}")
    return table
