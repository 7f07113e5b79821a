"""The input as sources: what one task reads from its beginning to its end. The same input gives the same sources."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bulk.errors import BulkError, UnusableInput
from bulk.storage import Entry, Location, reason_of, walk

SOURCE_BYTES = 4 * 2**20
"""Smaller files are read by one task, one after the other; a larger one has a task of its own."""


@dataclass(frozen=True, slots=True)
class Source:
    """Neighbouring files, and the place of this source among all."""

    number: int
    files: tuple[Entry, ...]

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)


def files_of(given: Location) -> list[Entry]:
    """Every file of the input, and every folder in it that cannot be listed.

    Raises:
        UnusableInput: there is nothing, or the input itself cannot be listed.
    """
    try:
        files = list(walk(given))
    except FileNotFoundError:
        raise UnusableInput(f"There is nothing at {given.url}.", "Name a file, a folder, or a URL of one.") from None
    except BulkError:
        raise
    except Exception as error:  # an object store has its own for an endpoint or a key that is wrong
        raise UnusableInput(
            f"{given.url} cannot be read: {reason_of(error)}.", "Give this user the right to read it."
        ) from error
    if not files:
        raise UnusableInput(f"There is no file in {given.url}.", "Name a folder with papers in it.")
    return files


def sources_of(files: Iterable[Entry]) -> Iterator[Source]:
    """The files in their order, small ones together."""
    number, together, size_bytes = 0, list[Entry](), 0
    for file in files:
        if together and size_bytes + file.size_bytes > SOURCE_BYTES:
            yield Source(number, tuple(together))
            number, together, size_bytes = number + 1, [], 0
        together.append(file)
        size_bytes += file.size_bytes
    if together:
        yield Source(number, tuple(together))
