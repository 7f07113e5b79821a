"""The service's HTTP application with models that answer at once, in a process of its own.

python -m tests.streams.http_service PORT
"""

import sys

import uvicorn

from serve.http import create_app
from serve.service import Service
from serve.settings import Settings
from tests.serve.conftest import InstantModels

if __name__ == "__main__":
    app = create_app(Service(Settings(profile="cpu", cache={"enabled": False}), InstantModels()))
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", lifespan="off")
