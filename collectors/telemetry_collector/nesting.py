"""Which spans of a batch tell the call of a span below them once more, and which made its request. Pure.

A framework's span of a model call (LangChain's, LiteLLM's) lies around the span of the library that makes it:
the inner one counts. What runs between them may be any span but an agent's, a tool's or a workflow's, inside
of which a call is another call.
"""

from collections.abc import Mapping
from typing import NamedTuple

from opentelemetry.proto.trace.v1.trace_pb2 import Span

MAX_DEPTH = 64


class Place(NamedTuple):
    """A span's place in its batch: whose child it is, the model it asks, and whether calls belong to it."""

    parent: tuple[bytes, bytes]
    model: str | None
    holds_others: bool
    requests: bool = False
    """Whether it is a client's span, such as that of an HTTP request."""


def key_of(span: Span) -> tuple[bytes, bytes]:
    """Give what a span is known by."""
    return span.trace_id, span.span_id


def repeated(places: Mapping[tuple[bytes, bytes], Place]) -> set[tuple[bytes, bytes]]:
    """Give the spans of model calls that lie around another span of a call of the same model."""
    outer = set()
    for place in places.values():
        around = _around(places, place) if place.model is not None else None
        if around is not None and places[around].model == place.model:
            outer.add(around)
    return outer


def requests(places: Mapping[tuple[bytes, bytes], Place]) -> dict[tuple[bytes, bytes], bytes]:
    """Give for spans of model calls the span of the request that each made last.

    A proxy is told that span as its parent. The batch has spans in the order in which they ended; requests
    before the last one were sent in vain, and are calls of their own.
    """
    last = {}
    for (_, span_id), place in places.items():
        if place.requests and place.model is None:
            around = _around(places, place)
            if around is not None:
                last[around] = span_id
    return last


def _around(places: Mapping[tuple[bytes, bytes], Place], place: Place) -> tuple[bytes, bytes] | None:
    """Give the nearest span of a model call that a span lies in."""
    above = place.parent
    for _ in range(MAX_DEPTH):
        around = places.get(above)
        if around is None or around.holds_others:
            return None
        if around.model is not None:
            return above
        above = around.parent
    return None
