"""What the service listens on: one port for callers, and nothing of Ray that a neighbour on the network could use."""

import ipaddress
import pickle
from pathlib import Path

import grpc  # type: ignore[import-untyped]
import psutil
import pytest
from ray.serve.generated.serve_pb2 import ASGIRequest
from ray.serve.generated.serve_pb2_grpc import ASGIServiceStub

from tests.e2e.conftest import RunningService


@pytest.fixture
def open_ports(service: RunningService) -> dict[int, str]:
    """Ports of the service and all it started that others than this machine reach, and whose they are."""
    root = psutil.Process(service.process.pid)
    return {
        connection.laddr.port: " ".join(process.cmdline())
        for process in (root, *root.children(recursive=True))
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN and not _is_loopback(connection.laddr.ip)
    }


def test_only_replicas_listen_beyond_the_loopback(open_ports: dict[int, str]) -> None:
    """Ray Serve puts the port that replicas talk to each other on every address, and leaves no choice."""
    assert {name for name in open_ports.values() if not name.startswith("ray::ServeReplica")} == set()


def test_replicas_listen_to_nobody_without_the_token(open_ports: dict[int, str], tmp_path: Path) -> None:
    trace = tmp_path / "it-ran"

    for port in open_ports:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel, pytest.raises(grpc.RpcError) as caught:
            ASGIServiceStub(channel).HandleRequest(
                ASGIRequest(pickled_request_metadata=pickle.dumps(_Bomb(trace))), timeout=30
            )
        assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED

    assert not trace.exists()


class _Bomb:
    """Loaded, it writes a file."""

    def __init__(self, trace: Path) -> None:
        self._trace = trace

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, (f"open({str(self._trace)!r}, 'w').close()",)


def _is_loopback(ip: str) -> bool:
    address = ipaddress.ip_address(ip)
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
