"""Engines started one after the other, and what each has read, kept as JSON lines so that none is started twice."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from loadtest.engine_sweep.reading import Order, Reading
from serve.extractor.prompt import answer_schema, build_prompt
from serve.settings import ExtractorSettings
from serve.text.document import Document
from serve.text.sentences import units

LAST_LINES = 3

Options = dict[str, Any]
Start = Callable[[Order, Mapping[str, str]], Reading]


class EngineFailed(Exception):
    """An engine did not start, or did not answer; the message has its last words."""


class Kept(BaseModel):
    """A line of the record: which engine, under which circumstances, and what came of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    circumstances: str
    """A digest of all that has to be the same for a reading not to be made again."""
    engine: Options
    reading: Reading


def read_options(path: Path) -> dict[str, Options]:
    """Name of each engine, and what it changes. Raises `ValueError` where the file is something else."""
    return TypeAdapter(dict[str, Options]).validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))


def prompts_of(document: Document, *, max_unit_chars: int) -> list[str]:
    """What the engine is asked about a paper."""
    return [
        build_prompt(text[start:end])
        for text in (document.title, document.abstract)
        for start, end in units(text, max_chars=max_unit_chars)
    ]


def sweep(
    options: Mapping[str, Options],
    settings: ExtractorSettings,
    documents: Sequence[Document],
    *,
    model: Path,
    dtype: str,
    machine: str,
    rounds: int,
    record: Path,
    start: Start,
) -> Iterator[tuple[str, Kept | EngineFailed]]:
    """Yield each engine with its reading, from the record if it is there, or why there is none.

    Args:
        record: JSON lines; a reading is there as soon as it is made.
        start: runs one engine; `in_process` is the real one.
    """
    kept = {(line.name, line.circumstances): line for line in _lines(record)}
    with TemporaryDirectory() as folder:
        for name, changes in options.items():
            order = Order(
                model=str(model),
                dtype=dtype,
                engine={**settings.engine, **changes},
                prompts=[prompts_of(document, max_unit_chars=settings.max_unit_chars) for document in documents],
                answer_schema=answer_schema(max_items=settings.max_items, max_item_chars=settings.max_item_chars),
                max_output_tokens=settings.max_output_tokens,
                rounds=rounds,
                out=Path(folder) / "reading.json",
            )
            circumstances = _digest(order, settings.env, machine)
            found = kept.get((name, circumstances))
            if found is None:
                try:
                    reading = start(order, settings.env)
                except EngineFailed as error:
                    yield name, error
                    continue
                found = Kept(name=name, circumstances=circumstances, engine=order.engine, reading=reading)
                record.parent.mkdir(parents=True, exist_ok=True)
                with record.open("a", encoding="utf-8") as lines:
                    lines.write(found.model_dump_json() + "\n")
            yield name, found


def in_process(order: Order, env: Mapping[str, str]) -> Reading:
    """Run the engine in a process of its own."""
    order.out.unlink(missing_ok=True)
    ended = subprocess.run(
        [sys.executable, "-m", "loadtest.engine_sweep.reading"],
        input=order.model_dump_json().encode(),
        env={**os.environ, "VLLM_LOGGING_LEVEL": "WARNING", **env},
        capture_output=True,
    )
    if ended.returncode or not order.out.exists():
        words = ended.stderr.decode(errors="replace").strip().splitlines()[-LAST_LINES:]
        raise EngineFailed(" / ".join(line.strip() for line in words) or f"status {ended.returncode}")
    return Reading.model_validate_json(order.out.read_bytes())


def agreement(reading: Reading, reference: Reading) -> float:
    """Share of the prompts that have the same answer, letter by letter."""
    pairs = [
        (ours, theirs)
        for of_paper, of_reference in zip(reading.answers, reference.answers, strict=True)
        for ours, theirs in zip(of_paper, of_reference, strict=True)
    ]
    return sum(ours == theirs for ours, theirs in pairs) / len(pairs)


def _lines(record: Path) -> list[Kept]:
    if not record.exists():
        return []
    told = record.read_text(encoding="utf-8")
    whole = told[: told.rfind("\n") + 1]
    if whole != told:  # a killed run broke its last line off
        record.write_text(whole, encoding="utf-8")
    return [Kept.model_validate_json(line) for line in whole.splitlines()]


def _digest(order: Order, env: Mapping[str, str], machine: str) -> str:
    told = [order.model_dump(mode="json", exclude={"out"}), dict(env), machine]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
