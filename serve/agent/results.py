"""What runs have read, in a table of its own: to be searched, and to know which runs there are."""

import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import aiosqlite
from pydantic import Field

from pubserve.contract import Wire

MOST_FOUND = 100

_TABLES = """
CREATE TABLE IF NOT EXISTS runs (run_id TEXT PRIMARY KEY, owner TEXT NOT NULL, begun_s REAL NOT NULL);
CREATE TABLE IF NOT EXISTS results (
    run_id TEXT NOT NULL, paper_id TEXT NOT NULL, title TEXT NOT NULL, labels TEXT NOT NULL, diseases TEXT NOT NULL,
    confidence REAL, PRIMARY KEY (run_id, paper_id)
);
"""
_SEARCH = """
SELECT results.*, max(runs.begun_s) FROM results JOIN runs USING (run_id)
WHERE runs.owner = :owner
  AND (:text IS NULL OR instr(lower(title), lower(:text)))
  AND (:label IS NULL OR EXISTS (SELECT 1 FROM json_each(labels) WHERE lower(value) = lower(:label)))
  AND (:disease IS NULL OR EXISTS (SELECT 1 FROM json_each(diseases) WHERE instr(lower(value), lower(:disease))))
GROUP BY paper_id, title ORDER BY max(runs.begun_s) DESC, results.rowid LIMIT :limit
"""


class Found(Wire):
    """A paper that was analysed earlier, as the latest run had it."""

    paper_id: str
    title: str
    labels: list[str]
    diseases: list[str] = Field(description="Canonical names, in reading order.")
    cancer_confidence: float | None = None
    run_id: str


class Results:
    """One SQLite file; processes may share it."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._sql = connection

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncIterator[Self]:
        """The table in the file, made where it is not there."""
        async with aiosqlite.connect(path) as connection:
            connection.row_factory = aiosqlite.Row
            await connection.execute("PRAGMA journal_mode=WAL")
            await connection.executescript(_TABLES)
            yield cls(connection)

    async def begin(self, run_id: str, owner: str) -> None:
        """A run that begins, or began."""
        await self._sql.execute("INSERT OR IGNORE INTO runs VALUES (?, ?, ?)", (run_id, owner, time.time()))
        await self._sql.commit()

    async def put(self, run_id: str, found: Sequence[Found]) -> None:
        """What a run has read, in place of what it said before."""
        rows = [
            (run_id, one.paper_id, one.title, json.dumps(one.labels), json.dumps(one.diseases), one.cancer_confidence)
            for one in found
        ]
        await self._sql.executemany("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?)", rows)
        await self._sql.commit()

    async def search(
        self,
        *,
        owner: str,
        disease: str | None = None,
        label: str | None = None,
        text: str | None = None,
        limit: int = MOST_FOUND,
    ) -> list[Found]:
        """Papers that fit all that is given, the latest first. `disease` and `text` (of the title) may be parts."""
        asked = {"disease": disease, "label": label, "text": text, "owner": owner, "limit": limit}
        async with self._sql.execute(_SEARCH, asked) as rows:
            return [
                Found(
                    paper_id=row["paper_id"],
                    title=row["title"],
                    labels=json.loads(row["labels"]),
                    diseases=json.loads(row["diseases"]),
                    cancer_confidence=row["confidence"],
                    run_id=row["run_id"],
                )
                async for row in rows
            ]

    async def runs(self, owner: str, limit: int) -> list[str]:
        """The latest runs, the newest first."""
        query = "SELECT run_id FROM runs WHERE owner = ? ORDER BY begun_s DESC LIMIT ?"
        async with self._sql.execute(query, (owner, limit)) as rows:
            return [row["run_id"] async for row in rows]

    async def beyond(self, kept: int) -> list[str]:
        """Runs older than the latest so many."""
        query = "SELECT run_id FROM runs ORDER BY begun_s DESC LIMIT -1 OFFSET ?"
        async with self._sql.execute(query, (kept,)) as rows:
            return [row["run_id"] async for row in rows]

    async def forget(self, run_id: str) -> None:
        """Nothing is left of the run."""
        await self._sql.execute("DELETE FROM results WHERE run_id = ?", (run_id,))
        await self._sql.execute("DELETE FROM runs WHERE run_id = ?", (run_id,))
        await self._sql.commit()
