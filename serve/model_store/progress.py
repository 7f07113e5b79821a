"""Who hears about progress. The store speaks to a `Reporter`; libraries stay quiet, the command line draws."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Reporter(Protocol):
    """Told what happens to a model; called from one thread at a time per model."""

    def step(self, model: str, message: str) -> None:
        """Work on `model` has reached a new step."""

    def done(self, model: str, message: str) -> None:
        """Work on `model` has ended well."""

    def failed(self, model: str, message: str) -> None:
        """Work on `model` has ended badly."""


class Quiet:
    """Says nothing: the default for library use."""

    def step(self, model: str, message: str) -> None: ...

    def done(self, model: str, message: str) -> None: ...

    def failed(self, model: str, message: str) -> None: ...


class Lines:
    """One plain line per step with the seconds since the model's first one: for logs and pipes."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._started: dict[str, float] = {}

    def _say(self, model: str, message: str) -> None:
        now = time.monotonic()
        seconds = now - self._started.setdefault(model, now)
        self._write(f"{model}: {message} [{seconds:.0f} s]")

    def step(self, model: str, message: str) -> None:
        self._say(model, message)

    def done(self, model: str, message: str) -> None:
        self._say(model, message)

    def failed(self, model: str, message: str) -> None:
        self._say(model, f"failed: {message}")


class Live:
    """One live row per model on a terminal. Use as a context manager."""

    def __init__(self, console: Console) -> None:
        columns = (SpinnerColumn(finished_text=" "), TextColumn("{task.description}"), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console)
        self._rows: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def _show(self, model: str, text: str) -> TaskID:
        if model not in self._rows:
            self._rows[model] = self._progress.add_task(model, total=1)
        row = self._rows[model]
        self._progress.update(row, description=f"[bold]{escape(model)}[/bold]  {text}")
        return row

    def step(self, model: str, message: str) -> None:
        self._show(model, escape(message))

    def done(self, model: str, message: str) -> None:
        self._progress.update(self._show(model, f"[green]{escape(message)}[/green]"), completed=1)

    def failed(self, model: str, message: str) -> None:
        self._progress.update(self._show(model, f"[red]{escape(message)}[/red]"), completed=1)


def show_on(console: Console) -> AbstractContextManager[Reporter]:
    """Live rows where someone is watching, plain lines in logs and pipes."""
    if console.is_terminal:
        return Live(console)
    return nullcontext(Lines(lambda line: console.print(escape(line), soft_wrap=True)))
