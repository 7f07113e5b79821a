"""`pubserve worker`: the command, its options, and what it says when it cannot start."""

import asyncio
import logging
import signal
from typing import Annotated, Any

import structlog
import typer
from pydantic import ValidationError

from pubserve import AsyncClient
from pubserve.cli.exits import UNREACHABLE
from pubserve.errors import InvalidArgument
from serve.logs import configure_logs
from serve.settings import LogSettings
from streams.broker import BrokerRefused, broker_of
from streams.metrics import WorkerMetrics
from streams.reading import Reading
from streams.settings import WorkerSettings
from streams.worker import Worker

cli = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

_ARGUMENTS = {"broker_url": "URL", "source": "--from", "output": "--to", "dead_letters": "--dead"}
"""What a setting is called on the command line, where that is not its name."""


def _variable(setting: str) -> str:
    return f"{WorkerSettings.model_config['env_prefix']}{setting.upper()}"


def _option(setting: str, *names: str, metavar: str | None = None) -> Any:
    field = WorkerSettings.model_fields[setting]
    shown = str(field.default) if isinstance(field.default, int | float) else field.default or False
    return typer.Option(
        *names, envvar=_variable(setting), help=field.description, metavar=metavar,
        show_default=False if field.is_required() or field.default_factory else shown,
    )  # fmt: skip


@cli.command()
def worker(
    context: typer.Context,
    broker_url: Annotated[
        str,
        typer.Argument(
            envvar=_variable("broker_url"), help=WorkerSettings.model_fields["broker_url"].description, metavar="URL"
        ),
    ],
    source: Annotated[str, _option("source", "--from", metavar="STREAM")],
    output: Annotated[str, _option("output", "--to", metavar="STREAM")],
    dead_letters: Annotated[str | None, _option("dead_letters", "--dead", metavar="STREAM")] = None,
    group: Annotated[str | None, _option("group")] = None,
    name: Annotated[str | None, _option("name")] = None,
    batch_papers: Annotated[int | None, _option("batch_papers")] = None,
    batch_wait_s: Annotated[float | None, _option("batch_wait_s")] = None,
    concurrency: Annotated[int | None, _option("concurrency")] = None,
    claim_after_s: Annotated[float | None, _option("claim_after_s")] = None,
    grace_s: Annotated[float | None, _option("grace_s")] = None,
    metrics_port: Annotated[int | None, _option("metrics_port")] = None,
) -> None:
    """Read papers from a stream of Redis or a topic of Kafka, and write the answers to another.

    \b
    Examples:
      pubserve worker redis://127.0.0.1:6379/0 --from papers --to analyses
      pubserve worker kafka://broker-1:9092,broker-2:9092 --from papers --to analyses --metrics-port 9100
      redis-cli xadd papers '*' paper '{"id": "1", "title": "Relapse of lung cancer."}'
                                           a paper for it; "tasks" may be named beside "id", "title", "abstract"

    Start as many as you like: they share the messages. A worker that dies loses nothing, others take over what it held.
    What cannot be answered goes to the stream STREAM.dead with the reason. While the service or the broker is away, it
    waits. SIGTERM or Ctrl-C: what is at the service is finished, the rest given back, then it exits with 0.

    \b
    The service is where PUBSERVE_BASE_URL says, else http://127.0.0.1:8000; a key comes from PUBSERVE_API_KEY. Every
    setting has a variable, PUBSERVE_WORKER_ and its name; the page "Worker" of the reference lists all.
    """
    settings = _settings({name: value for name, value in context.params.items() if value is not None})
    _configure_logs(settings)
    structlog.contextvars.bind_contextvars(worker=settings.name)
    try:
        asyncio.run(_run(settings))
    except* BrokerRefused as refused:
        typer.echo(_first(refused), err=True)
        raise SystemExit(UNREACHABLE) from None


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


def _settings(given: dict[str, Any]) -> WorkerSettings:
    try:
        return WorkerSettings(**given)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        said = [_problem(problem["loc"], problem["msg"].removeprefix("Value error, "), given) for problem in problems]
        raise typer.BadParameter("; ".join(said)) from None


def _problem(where: tuple[int | str, ...], said: str, given: dict[str, Any]) -> str:
    """With the name under which the caller gave it: an argument, an option, or else a variable."""
    if not where:
        return said
    name = str(where[0])
    option = f"--{name.replace('_', '-')}" if name in given else _variable(name)
    return f"{_ARGUMENTS.get(name, option)}: {said}"


def _configure_logs(settings: WorkerSettings) -> None:
    """What the broker's client logs by itself is JSON, too."""
    configure_logs(LogSettings(level=settings.log_level))
    handler = logging.StreamHandler()
    *processors, renderer = structlog.get_config()["processors"]
    formatter = structlog.stdlib.ProcessorFormatter
    handler.setFormatter(
        formatter(foreign_pre_chain=processors, processors=[formatter.remove_processors_meta, renderer])
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


async def _run(settings: WorkerSettings) -> None:
    metrics = WorkerMetrics()
    try:
        client = AsyncClient(retries=settings.retries)
    except InvalidArgument as error:
        raise typer.BadParameter(f"PUBSERVE_BASE_URL: {error}") from None
    async with client:
        worker = Worker(settings, broker_of(settings), Reading(client, settings, metrics), metrics)
        if settings.metrics_port is not None:
            try:
                metrics.serve(settings.metrics_host, settings.metrics_port)
            except OSError as error:
                where = f"{settings.metrics_host}:{settings.metrics_port}"
                raise typer.BadParameter(f"cannot listen on {where} ({error.strerror}); choose another port") from None
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, worker.stop)
        await worker.run()


if __name__ == "__main__":
    cli()
