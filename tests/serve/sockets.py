"""A service of this process on a real socket, for clients that need one."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from serve.http import create_app
from serve.service import Service


@contextmanager
def serving(service: Service) -> Iterator[str]:
    """The service on a free port of the loopback, in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(service), log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            server.should_exit = server.force_exit = True
            thread.join()
