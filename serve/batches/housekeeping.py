"""Deletes what is over, and counts what there is."""

from collections.abc import Callable

from serve.batches.bell import Bell, heard
from serve.batches.folder import Folder
from serve.batches.messages import Status
from serve.batches.store import Store
from serve.logs import log
from serve.service import Service

_EVERY_S = 60.0


class Housekeeping:
    """One for each replica; they do not get into each other's way."""

    def __init__(self, service: Service, store: Store, folder: Folder, bell: Bell, clock: Callable[[], float]) -> None:
        self._service = service
        self._store = store
        self._folder = folder
        self._bell = bell
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled: every minute, and whenever something has changed."""
        while True:
            change = self._bell.next_ring()
            try:
                await self._tidy()
            except Exception as error:  # whatever it is, it waits until the next time
                log.warning("batches_not_tidied", error=type(error).__name__)
            await heard(change, _EVERY_S)

    async def _tidy(self) -> None:
        kept_s = self._service.settings.batches.kept_s
        await self._folder.delete(await self._store.sweep(self._clock(), kept_s))
        counts = await self._store.count_by_status()
        for status in Status:
            self._service.metrics.batches.labels(status).set(counts.get(status, 0))
