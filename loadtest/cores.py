"""Cores that several models on one machine share."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Cores:
    """The cores of this machine, as the models on it share them.

    Each model computes on its share. With a lock, one has all cores for a forward pass while no other computes, and one
    that comes meanwhile waits for the end of that pass: with more threads than cores, both would lose.

    Args:
        share: of the machine's cores, in (0, 1]; one core at least.
        lock: a file that all models of the machine lock: exclusively who has all cores, together who has a share. The
            system lets go of it when a process ends, however that ends. None: always the share.
    """

    def __init__(self, share: float, lock: Path | None = None) -> None:
        self._all = len(os.sched_getaffinity(0))
        self._share = max(1, round(share * self._all))
        self._lock = (
            None if lock is None else os.open(lock, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        )

    @contextmanager
    def taken(self) -> Iterator[int]:
        """Let torch compute in this thread, for the length of the block, with as many threads as are yielded.

        Said explicitly: Ray would give a replica as many threads as it reserves logical CPUs.
        """
        import torch

        if self._lock is None:
            torch.set_num_threads(self._share)
            yield self._share
            return
        threads = self._lock_for_one(self._lock)
        try:
            torch.set_num_threads(threads)
            yield threads
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def _lock_for_one(self, lock: int) -> int:
        fcntl.flock(lock, fcntl.LOCK_SH)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(lock, fcntl.LOCK_SH)  # a failed change of the lock has let go of it
            return self._share
        return self._all
