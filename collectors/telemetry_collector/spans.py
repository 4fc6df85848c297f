"""`otlp_spans`: a batch of spans → the calls of models that they tell of."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collectors.telemetry_collector.attributes import Attributes, name, plain
from collectors.telemetry_collector.batches import items_of, message_of
from collectors.telemetry_collector.client_requests import Requests
from collectors.telemetry_collector.environments import Environments
from collectors.telemetry_collector.genai import call_of, model_of, operation_of
from collectors.telemetry_collector.ids import span_id_of
from collectors.telemetry_collector.nesting import Place, key_of, repeated
from collectors.telemetry_collector.reading import Read, Source
from collectors.telemetry_collector.resources import agent_of
from runtime.metrics import TELEMETRY_SKIPPED
from schema.errors import InvalidMessage
from schema.messages import Call

_HOLDS = frozenset(
    {"invoke_agent", "create_agent", "invoke_workflow", "execute_tool", "agent", "tool", "workflow", "chain"}
)
"""Operations and kinds of span inside of which a call is another call."""
_KINDS = ("gen_ai.operation.name", "openinference.span.kind", "traceloop.span.kind", "span.type")


class _Found(NamedTuple):
    number: int
    resource: Attributes
    span: Span
    attributes: Attributes
    operation: str | None


class SpanReader:
    """Reads batches of spans, and remembers the requests of calls that come in a later one."""

    def __init__(self, environments: Environments) -> None:
        self._environments = environments
        self._requests = Requests()

    def read(self, source: Source) -> Read:
        """Read one batch; a span that is wrong is left out and counted, and the others go on."""
        try:
            request = message_of(ExportTraceServiceRequest, source)
        except InvalidMessage as error:
            return Read(refused=error)
        found = list(_found(request))
        # A span without an id would be taken for the parent of those that have none.
        places = {key_of(one.span): _place(one) for one in found if span_id_of(one.span.span_id)}
        outer, last = repeated(places), self._requests.take(places)
        calls = [one for one in found if one.operation]
        TELEMETRY_SKIPPED.labels("no_call").inc(len(found) - len(calls))
        inner = [one for one in calls if key_of(one.span) not in outer]
        TELEMETRY_SKIPPED.labels("nested").inc(len(calls) - len(inner))
        return items_of(
            source,
            self._environments,
            (
                (one.number, one.resource, _call(one, last.get(key_of(one.span)), source.at_ms))
                for one in inner
            ),
        )


def _found(request: ExportTraceServiceRequest) -> Iterator[_Found]:
    """Give every span with its place in the batch, counted before any filter."""
    number = 0
    for of_resource in request.resource_spans:
        resource = plain(of_resource.resource.attributes)
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                attributes = plain(span.attributes)
                yield _Found(number, resource, span, attributes, operation_of(attributes, span.kind))
                number += 1


def _place(one: _Found) -> Place:
    kind = name(one.attributes, *_KINDS) or ""
    holds = one.operation is None and kind.lower() in _HOLDS
    return Place(
        (one.span.trace_id, one.span.parent_span_id),
        model_of(one.attributes) if one.operation else None,
        holds_others=holds,
        requests=one.span.kind == Span.SPAN_KIND_CLIENT and not holds,
    )


def _call(one: _Found, request: bytes | None, at_ms: int) -> Callable[[], Call]:
    def make() -> Call:
        agent = agent_of(one.resource, one.attributes)
        return call_of(one.span, one.attributes, agent, one.operation or "chat", request, at_ms)

    return make
