"""What of a partition may be committed while its messages are settled out of order."""

from collections.abc import Iterable, Mapping

from aiokafka import TopicPartition  # type: ignore[import-untyped]


class Offsets:
    """Everything before the first message in work is done; a commit names the next offset to read.

    >>> offsets, papers = Offsets(), TopicPartition("papers", 0)
    >>> for offset in (7, 8, 9):
    ...     offsets.begin(papers, offset)
    >>> offsets.end(papers, 8)
    >>> offsets.committable()
    {}
    >>> offsets.end(papers, 7)
    >>> offsets.committable()
    {TopicPartition(topic='papers', partition=0): 9}
    """

    def __init__(self) -> None:
        self._done: dict[TopicPartition, dict[int, bool]] = {}
        """Of each partition, the messages since the last commit in their order, and whether they are settled."""
        self._next: dict[TopicPartition, int] = {}

    def begin(self, partition: TopicPartition, offset: int) -> None:
        """A message was read."""
        self._done.setdefault(partition, {})[offset] = False

    def end(self, partition: TopicPartition, offset: int) -> None:
        """A message is settled. One of a partition that was taken away is somebody else's now."""
        messages = self._done.get(partition, {})
        if offset not in messages:
            return
        messages[offset] = True
        while messages and messages[first := next(iter(messages))]:
            del messages[first]
            self._next[partition] = first + 1

    def committable(self) -> dict[TopicPartition, int]:
        """The next offset of each partition that has come further since its last commit."""
        return dict(self._next)

    def committed(self, offsets: Mapping[TopicPartition, int]) -> None:
        """These offsets are with the broker."""
        for partition, offset in offsets.items():
            if self._next.get(partition) == offset:
                del self._next[partition]

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """These partitions were taken away."""
        for partition in partitions:
            self._done.pop(partition, None)
            self._next.pop(partition, None)

    @property
    def in_work(self) -> int:
        """Messages that are read and not settled."""
        return sum(map(self.in_work_of, self._done))

    def in_work_of(self, partition: TopicPartition) -> int:
        """Those of one partition."""
        return sum(not done for done in self._done.get(partition, {}).values())
