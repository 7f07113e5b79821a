"""A service in a process of its own, to be killed: `python -m tests.serve.batches.server PORT`."""

import sys

import uvicorn

from serve.http import create_app
from serve.service import Service
from serve.settings import Settings
from tests.serve.conftest import InstantModels

SECONDS_PER_PAPER = 0.01


def main(port: int) -> None:
    models = InstantModels(stall_on="Asthma", stall_s=SECONDS_PER_PAPER)
    app = create_app(Service(Settings(profile="cpu", http={"port": port}), models))
    uvicorn.run(app, port=port, log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]))
