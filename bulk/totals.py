"""What the units of a job add up to."""

from collections import Counter
from dataclasses import dataclass, field

from bulk.ledger import UnitEntry


@dataclass(slots=True)
class Totals:
    """Of all units that were added, by this run or an earlier one."""

    units: int = 0
    papers: int = 0
    deleted: int = 0
    read_bytes: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    diseases: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)

    def add(self, entry: UnitEntry) -> None:
        self.units += 1
        self.papers += entry.papers
        self.deleted += entry.deleted
        self.read_bytes += entry.read_bytes
        self.failed.update(entry.failed)
        self.labels.update(entry.labels)
        self.diseases.update(entry.diseases)
        self.warnings.update(entry.warnings)
