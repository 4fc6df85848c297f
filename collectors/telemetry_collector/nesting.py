"""Which spans of a batch tell the call of a span below them once more. Pure.

A framework's span of a model call (LangChain's, LiteLLM's) lies around the span of the library that makes it:
the inner one counts. What runs between them may be any span but an agent's, a tool's or a workflow's, inside
of which a call is another call.
"""

from collections.abc import Mapping
from typing import NamedTuple

from opentelemetry.proto.trace.v1.trace_pb2 import Span

MAX_DEPTH = 64
Key = tuple[bytes, bytes]
"""Trace and span id."""


class Place(NamedTuple):
    """A span's place in its batch: whose child it is, the model it asks, and whether calls belong to it."""

    parent: Key
    model: str | None
    holds_others: bool
    requests: bool = False
    """Whether it is a client's span, such as that of an HTTP request."""


def key_of(span: Span) -> Key:
    """Give what a span is known by."""
    return span.trace_id, span.span_id


def repeated(places: Mapping[Key, Place]) -> set[Key]:
    """Give the spans of model calls that lie around another span of a call of the same model."""
    outer = set()
    for place in places.values():
        around = _around(places, place) if place.model is not None else None
        if around is not None and places[around].model == place.model:
            outer.add(around)
    return outer


def _around(places: Mapping[Key, Place], place: Place) -> Key | None:
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
