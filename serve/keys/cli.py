"""`pubserve keys`: make, list and withdraw the keys of callers."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from serve.keys.key import Key, Quota, new_key
from serve.keys.key_file import KeyFileError, changing, read_keys
from serve.keys.scopes import Scope

FILE_VARIABLE = "PUBSERVE_KEYS__FILE"
DEFAULT_DAYS = 365

HELP = """Make, list and withdraw the API keys that callers need.

\b
Examples:
  pubserve keys new oncology-team                     for reading papers, a year long
  pubserve keys new app --scope chat --days 30 --requests-per-minute 60
  pubserve keys list
  pubserve keys revoke 3f1c09ab
  PUBSERVE_KEYS__FILE=keys.yaml pubserve serve        ask callers for the keys in keys.yaml

The file holds hashes of keys: whoever reads it cannot use them. A running service sees within seconds that the file
changed. To replace a key, make a second one for the same owner, move the callers over, and revoke the first.

Exit status: 0; 1 the file cannot be used, or has no such key; 2 a mistake in the command.
"""

app = typer.Typer(
    name="pubserve keys",
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
out = Console()
err = Console(stderr=True)

File = Annotated[Path, typer.Option("--file", envvar=FILE_VARIABLE, help="The file of keys, YAML or JSON.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


def cli() -> None:
    """Run the command; a failure is one message with what to do, and a non-zero exit status."""
    try:
        app()
    except KeyFileError as error:
        err.print(f"{error}\n{error.hint}", style="red", markup=False, highlight=False, soft_wrap=True)
        raise SystemExit(1) from None


@app.command()
def new(
    owner: Annotated[str, typer.Argument(help="Whose it is. Keys of one owner see the same files, jobs and runs.")],
    file: File = Path("keys.yaml"),
    scope: Annotated[list[Scope] | None, typer.Option(help="What it is for; may be repeated. Default: read.")] = None,
    days: Annotated[int, typer.Option(min=0, help="How long it holds; 0 is for ever.")] = DEFAULT_DAYS,
    requests_per_minute: Annotated[int | None, typer.Option(min=1)] = None,
    tokens_per_minute: Annotated[int | None, typer.Option(min=1, help="Four characters each.")] = None,
    tokens_per_day: Annotated[int | None, typer.Option(min=1)] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key, show it once, and keep its hash.

    \b
    Examples:
      pubserve keys new oncology-team
      pubserve keys new ops --scope admin --days 30
      pubserve keys new app --scope read --scope chat --tokens-per-day 5000000
    """
    now = datetime.now(UTC).replace(microsecond=0)
    quota = Quota(
        requests_per_minute=requests_per_minute, tokens_per_minute=tokens_per_minute, tokens_per_day=tokens_per_day
    )
    scopes = tuple(dict.fromkeys(scope or [Scope.READ]))
    try:
        token, key = new_key(
            owner, scopes, created=now, expires=now + timedelta(days=days) if days else None, quota=quota
        )
    except ValidationError:
        raise typer.BadParameter(
            "use up to 128 letters, digits and any of `_ . @ : / -`, without spaces", param_hint="OWNER"
        ) from None
    with changing(file) as keys:
        keys.append(key)
    if as_json:
        typer.echo(json.dumps({"key": token, **_shown(key)}))
        return
    err.print(f"Key {key.id} of {owner} for {', '.join(scopes)}, {_until(key)}; its hash is in {file}.", soft_wrap=True)
    err.print("Below is the key. It is shown this once:", style="bold")
    typer.echo(token)


@app.command("list")
def list_keys(file: File = Path("keys.yaml"), as_json: AsJson = False) -> None:
    """Show the keys: whose they are, what they are for, and until when. Never the keys themselves.

    \b
    Example:
      pubserve keys list
    """
    keys = read_keys(file)
    if as_json:
        typer.echo(json.dumps([_shown(key) for key in keys]))
        return
    table = Table(
        "Id", "Owner", "Scopes", "Holds", "Requests/min", "Tokens/min", "Tokens/day", box=None, pad_edge=False
    )
    for key in keys:
        quota = key.quota
        limits = (quota.requests_per_minute, quota.tokens_per_minute, quota.tokens_per_day)
        table.add_row(
            key.id, key.owner, ", ".join(key.scopes), _until(key), *("-" if n is None else f"{n:,}" for n in limits)
        )
    # A pipe has no width of its own: give the table what it needs instead of folding it.
    (out if out.is_terminal else Console(width=200)).print(table)


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it; the second part of a key, too.")],
    file: File = Path("keys.yaml"),
) -> None:
    """Withdraw a key: a running service refuses it within seconds.

    \b
    Example:
      pubserve keys revoke 3f1c09ab
    """
    with changing(file) as keys:
        kept = [key for key in keys if key.id != key_id]
        if len(kept) == len(keys):
            raise KeyFileError(f"There is no key {key_id} in {file}.", "`pubserve keys list` shows those there are.")
        keys[:] = kept
    err.print(f"Key {key_id} is withdrawn.")


def _shown(key: Key) -> dict[str, object]:
    return key.model_dump(mode="json", exclude={"sha256"})


def _until(key: Key) -> str:
    if key.expires is None:
        return "for ever"
    return f"{'expired on' if key.is_expired(datetime.now(UTC)) else 'until'} {key.expires:%Y-%m-%d}"


if __name__ == "__main__":
    cli()
