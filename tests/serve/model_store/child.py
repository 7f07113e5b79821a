"""A process that prepares `tiny` and writes its steps down: run by the tests that need a second one."""

import argparse
import time
from pathlib import Path

from serve.model_store import Catalog, ModelStore
from serve.model_store.progress import Quiet


class Diary(Quiet):
    """A reporter that appends each step to a file, and stops at one of them until the file holds another."""

    def __init__(self, file: Path, stop_at: str = "", until: str = "") -> None:
        self.file = file
        self._stop_at = stop_at
        self._until = until

    def step(self, model: str, message: str) -> None:
        with self.file.open("a") as file:
            file.write(message + "\n")
        while message == self._stop_at and self._until not in self.lines():
            time.sleep(0.05)

    def lines(self) -> list[str]:
        return self.file.read_text().splitlines() if self.file.exists() else []


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for argument in ("cache", "catalog", "diary"):
        parser.add_argument(argument, type=Path)
    parser.add_argument("--stop-at", required=True)
    parser.add_argument("--until", default="never")
    asked = parser.parse_args()
    diary = Diary(asked.diary, asked.stop_at, asked.until)
    ModelStore(asked.cache, Catalog.load(asked.catalog), diary).prepare("tiny")
