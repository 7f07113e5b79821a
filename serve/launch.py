"""`pubserve-serve`: everything from weights to a running service, in one command."""

import json
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.json import JSON
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from pubserve.contract import AnalyzeRequest, Paper
from serve.extractor.disease_names import CATALOG_ENTRY
from serve.keys.key_file import KeyFileError, read_keys
from serve.model_store import ModelStore, ModelStoreError, prepare_many
from serve.model_store.progress import show_on
from serve.ray_environment import set_ray_environment
from serve.settings import DEFAULT_PROFILE, Settings

EXAMPLE_PAPER = Path(__file__).parent / "example_paper.json"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
DRAIN_POLL_S = 0.2
READY_POLL_S = 0.5
READY_TIMEOUT_S = 900.0

console = Console(highlight=False)
cli = typer.Typer(add_completion=False, rich_markup_mode=None)


@cli.command()
def serve(
    profile: Annotated[
        str, typer.Option(envvar="PUBSERVE_PROFILE", help="Settings for a kind of machine: cpu or gpu.")
    ] = DEFAULT_PROFILE,
    host: Annotated[str | None, typer.Option(help="Address to listen on; 0.0.0.0 opens it to the network.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    logs: Annotated[bool, typer.Option("--logs", help="Show the logs of all replicas here.")] = False,
) -> None:
    """Get the models, start the service, show one real answer, and serve until interrupted.

    \b
    Examples:
      pubserve serve
      pubserve serve --profile gpu --host 0.0.0.0
      PUBSERVE_HTTP__PORT=9000 pubserve serve        every setting can be overridden from the environment

    SIGTERM or Ctrl-C drains: requests in flight finish, new ones are refused with 503, then it exits with 0.
    """
    settings = _settings(profile, host, port)
    _require_free_port(settings)
    _require_keys(settings)
    _prepare_models([*settings.models, CATALOG_ENTRY])
    with _running(settings, logs=logs) as stop:
        url = f"http://{'127.0.0.1' if settings.http.host == '0.0.0.0' else settings.http.host}:{settings.http.port}"
        with _step("models answer"):
            ready = _wait_until_ready(url, stop)
        if not (ready or stop.is_set()):
            console.print(f"[red]The models do not answer. Logs: {_log_dir()}[/red]")
            raise typer.Exit(1)
        if ready:
            if settings.keys.file is None:
                _show_one_answer(url)
            console.print(
                f"[bold]Serving on {url}[/bold]  API: {url}/docs  Logs: {_log_dir()}  Stop: Ctrl-C", soft_wrap=True
            )
            stop.wait()
            console.print("Draining: finishing what is in flight, refusing what is new.")


def _settings(profile: str, host: str | None, port: int | None) -> Settings:
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    try:
        return Settings(profile=profile, **({"http": given} if given else {}))  # type: ignore[arg-type]
    except ValueError as error:  # pydantic's are, too
        raise typer.BadParameter(str(error)) from None


def _require_free_port(settings: Settings) -> None:
    """Better to know now than after a minute of loading models."""
    try:
        with socket.create_server((settings.http.host, settings.http.port)):
            pass
    except OSError as error:
        where = f"{settings.http.host}:{settings.http.port}"
        raise typer.BadParameter(f"cannot listen on {where} ({error.strerror}); choose another --port") from None


def _require_keys(settings: Settings) -> None:
    """Keys that cannot be read are known now, and so is that a service is open to the network without any."""
    if settings.keys.file is not None:
        try:
            read_keys(Path(settings.keys.file))
        except KeyFileError as error:
            raise typer.BadParameter(f"{error} {error.hint}") from None
    elif settings.http.host not in LOOPBACK:
        console.print(
            f"[yellow]Whoever reaches {settings.http.host}:{settings.http.port} may use the service: no keys are asked "
            "for. `pubserve keys new` makes one, PUBSERVE_KEYS__FILE names their file.[/yellow]"
        )


def _prepare_models(names: Sequence[str]) -> None:
    """Fetch and convert what is not there yet; a model that cannot be had ends the command with what to do."""
    with show_on(console) as reporter:
        outcomes = prepare_many(ModelStore(reporter=reporter), names)
    failures = [outcome for outcome in outcomes.values() if isinstance(outcome, ModelStoreError)]
    for failure in failures:
        console.print(f"[red]{escape(str(failure))}[/red]\n{escape(failure.hint)}")
    if failures:
        raise typer.Exit(1)


@contextmanager
def _running(settings: Settings, *, logs: bool) -> Iterator[threading.Event]:
    """A local Ray with the application on it, and the event that says stop; drained and taken down on the way out."""
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
    set_ray_environment()
    # One machine needs no cluster: Ray's ports are on the loopback, as they are by default on other systems than Linux.
    os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    with _step("Ray"):
        import ray

        ray.init(
            address="local",
            num_cpus=settings.ray.num_cpus,
            object_store_memory=settings.ray.object_store_mb * 2**20,
            include_dashboard=False,
            log_to_driver=logs,
            logging_level="WARNING",
            _metrics_export_port=settings.ray.metrics_port,
        )
    # Only now: starting Ray installs handlers of its own, which end the process without taking Ray down.
    _on_signal(_leave)
    stop = threading.Event()
    try:
        from ray import serve as ray_serve

        from serve.app import APP_NAME, build

        ray_serve.start(http_options={"host": settings.http.host, "port": settings.http.port})
        # Importing vLLM has set up logging for everyone; here there are progress bars to look at.
        for name in ("ray.serve", "httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        with _step("models load"):
            try:
                ray_serve.run(build(settings), name=APP_NAME)
            except RuntimeError as error:
                console.print(f"[red]The service did not start: {escape(str(error))}[/red]\nLogs: {_log_dir()}")
                raise typer.Exit(1) from None
        _on_signal(lambda *_: stop.set())
        yield stop
        _drain(settings.ray.drain_timeout_s)
        ray_serve.shutdown()
    finally:
        ray.shutdown()


def _on_signal(handler: Callable[[int, FrameType | None], None]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handler)


def _leave(number: int, _: FrameType | None) -> None:
    """While models load there is nothing to finish: end now, with the status that says which signal it was."""
    raise SystemExit(128 + number)


def _log_dir() -> str:
    from ray._private.worker import _global_node

    return f"{_global_node.get_logs_dir_path()}/serve" if _global_node else "nowhere"


def _drain(timeout_s: float) -> None:
    from ray import serve as ray_serve

    from serve.app import APP_NAME

    ingress = ray_serve.get_deployment_handle("Ingress", APP_NAME)
    ends_s = time.monotonic() + timeout_s
    while sum(ingress.broadcast("drain").results()) and time.monotonic() < ends_s:
        time.sleep(DRAIN_POLL_S)


def _wait_until_ready(url: str, stop: threading.Event) -> bool:
    ends_s = time.monotonic() + READY_TIMEOUT_S
    while not stop.wait(READY_POLL_S) and time.monotonic() < ends_s:
        try:
            if httpx.get(f"{url}/readyz", timeout=30).is_success:
                return True
        except httpx.HTTPError:
            continue
    return False


def _show_one_answer(url: str) -> None:
    paper = Paper.model_validate_json(EXAMPLE_PAPER.read_text(encoding="utf-8"))
    request = AnalyzeRequest(papers=[paper]).model_dump(mode="json")
    answer = httpx.post(f"{url}/v1/analyze", json=request, timeout=300)
    answer.raise_for_status()
    console.print(f"\n[bold]{paper.title}[/bold]\n{paper.abstract}\n")
    console.print(JSON(json.dumps(answer.json()["results"][0], ensure_ascii=False)))


@contextmanager
def _step(name: str) -> Iterator[None]:
    """A spinner with the time so far, and a line with the time it took."""
    started_s = time.monotonic()
    columns: list[Any] = [SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()]
    with Progress(*columns, console=console, transient=True) as progress:
        progress.add_task(name)
        yield
    console.print(f"[green]✓[/green] {name} ({time.monotonic() - started_s:.0f} s)")


if __name__ == "__main__":
    cli()
