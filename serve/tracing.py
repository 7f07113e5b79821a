"""Traces of requests over OTLP: which part of a request took how long, in all the processes that it went through.

Off unless an endpoint is configured; then nothing is recorded, and a span costs no more than a look at the context.
Between actors a trace travels in the `Turn`, as the W3C header `traceparent` has it. Attributes are counts, codes and
ids, never the text of a paper; of an exception only its class is kept, for its message could quote one.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NoOpTracer, Span, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from serve.settings import TracingSettings
from serve.turns import Turn

TRACEPARENT_HEADER = "traceparent"

Attribute = str | int | float | bool

_W3C = TraceContextTextMapPropagator()

# Our own and not the global one, of which there can be only one in a process: Ray Serve and vLLM may want it.
_tracer: Tracer = NoOpTracer()


def configure_tracing(settings: TracingSettings, *, component: str) -> None:
    """Once per process. Spans are sent in the background; what the collector does not take is dropped, and logged."""
    if settings.otlp_endpoint is None:
        return
    # What a service without traces does not need, it does not load.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

    global _tracer
    provider = TracerProvider(
        sampler=ParentBasedTraceIdRatio(settings.sample_ratio),
        resource=Resource.create({"service.namespace": "pubserve", "service.name": f"pubserve-{component}"}),
    )
    exporter = OTLPSpanExporter(endpoint=f"{settings.otlp_endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _tracer = provider.get_tracer("pubserve")


@contextmanager
def request_span(name: str, headers: Mapping[str, str], **attributes: Attribute) -> Iterator[Span]:
    """The span of a whole request, current within the block. The caller's span, if the headers name one, is its parent,
    and then the caller has decided whether it is recorded."""
    with _tracer.start_as_current_span(
        name, _W3C.extract(headers), SpanKind.SERVER, _named(attributes),
        record_exception=False, set_status_on_exception=False,
    ) as span:  # fmt: skip
        yield span


def trace_id() -> str | None:
    """The trace that is current, recorded or not: 32 hexadecimal digits, to find the logs that belong to it."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None


@contextmanager
def span(name: str, **attributes: Attribute) -> Iterator[None]:
    """A part of what is current, and itself current within the block. For coroutines: the block of a generator runs in
    the contexts of those who ask for its items, and needs `continued`."""
    if not trace.get_current_span().is_recording():
        yield
        return
    own = _tracer.start_as_current_span(
        name, attributes=_named(attributes), record_exception=False, set_status_on_exception=False
    )
    with own as started, _failure_marked(started):
        yield


def event(name: str, **attributes: Attribute) -> None:
    """Something that happened in the current span."""
    trace.get_current_span().add_event(name, _named(attributes))


def carried(turn: Turn) -> Turn:
    """The turn with the current span on it, to be sent to another actor."""
    current = trace.get_current_span()
    return replace(turn, trace=_traceparent(current)) if current.is_recording() else turn


@contextmanager
def continued(name: str, turn: Turn, **attributes: Attribute) -> Iterator[Turn]:
    """A part of the span that a turn carries. Gives the turn for what is below it."""
    if turn.trace is None:
        yield turn
        return
    own = _tracer.start_span(name, _context(turn.trace), attributes=_named(attributes))
    try:
        with _failure_marked(own):
            yield replace(turn, trace=_traceparent(own))
    finally:
        own.end()


def record(name: str, began_s: float, ended_s: float, *, parent: str | None, **attributes: Attribute) -> None:
    """A span that is over, from two marks on the monotonic clock. `parent` is a turn's; without one, there is none."""
    if parent is not None:
        _tracer.start_span(
            name, _context(parent), attributes=_named(attributes), start_time=_wall_ns(began_s)
        ).end(_wall_ns(ended_s))  # fmt: skip


def record_part(name: str, began_s: float, ended_s: float) -> None:
    """As `record`, below the span that is current."""
    current = trace.get_current_span()
    record(name, began_s, ended_s, parent=_traceparent(current) if current.is_recording() else None)


@contextmanager
def _failure_marked(span: Span) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        span.set_status(StatusCode.ERROR, type(error).__name__)
        raise


def _named(attributes: Mapping[str, Attribute]) -> dict[str, Attribute]:
    return {f"pubserve.{name}": value for name, value in attributes.items()}


def _traceparent(span: Span) -> str:
    carrier: dict[str, str] = {}
    _W3C.inject(carrier, trace.set_span_in_context(span))
    return carrier[TRACEPARENT_HEADER]


def _context(traceparent: str) -> Context:
    return _W3C.extract({TRACEPARENT_HEADER: traceparent})


def _wall_ns(monotonic_s: float) -> int:
    """The same moment in nanoseconds since 1970, which is how spans of several machines are put in order."""
    return time.time_ns() - round((time.monotonic() - monotonic_s) * 1e9)
