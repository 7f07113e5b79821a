"""What a check has to say."""

from typing import NamedTuple


class Finding(NamedTuple):
    """Something wrong with a manifest, and what would put it right."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"
