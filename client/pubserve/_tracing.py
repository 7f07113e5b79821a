"""The caller's trace: who has an OpenTelemetry span open while calling finds the service's spans below it."""

import sys


def trace_headers() -> dict[str, str]:
    """What the caller's propagators say of the active span (`traceparent`); nothing where there is no OpenTelemetry.

    Not imported for this: whoever has a span open has done so.
    """
    if "opentelemetry.trace" not in sys.modules:
        return {}
    from opentelemetry import propagate

    headers: dict[str, str] = {}
    propagate.inject(headers)
    return headers
