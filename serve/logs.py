"""Structured logs: one JSON object a line, with the request id, never the text of a paper."""

import logging
import sys

import structlog
from structlog.tracebacks import ExceptionDictTransformer

from serve.settings import LogSettings

log: structlog.stdlib.BoundLogger = structlog.get_logger("pubserve")


def configure_logs(settings: LogSettings) -> None:
    """Once per process. Context bound with `structlog.contextvars` (the request id) is on every line."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Without local variables: they hold the text of papers.
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(settings.level)),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # whatever stderr is by then
    )
