"""What locust loads: the users, the shape and the options of our load tests.

    locust -f loadtest/load/locustfile.py --host http://127.0.0.1:8000

`python -m loadtest.load` runs the same without the web page.
"""

from argparse import ArgumentParser
from typing import Any

from locust import events
from locust.env import Environment

from loadtest.load.driver import Driver
from loadtest.load.options import add_options
from loadtest.load.run import Run
from loadtest.load.users import Arrivals, Batch, Chat, Mixed, Single, Stream

__all__ = ["Arrivals", "Batch", "Chat", "Driver", "Mixed", "Single", "Stream"]


@events.init_command_line_parser.add_listener
def _add_options(parser: ArgumentParser, **_: Any) -> None:
    add_options(parser)


@events.init.add_listener
def _set_up(environment: Environment, **_: Any) -> None:
    Run(environment)
