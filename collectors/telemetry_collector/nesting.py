"""Which spans of a batch tell the call of a span below them once more. Pure.

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


def key_of(span: Span) -> tuple[bytes, bytes]:
    """Give what a span is known by."""
    return span.trace_id, span.span_id


def repeated(places: Mapping[tuple[bytes, bytes], Place]) -> set[tuple[bytes, bytes]]:
    """Give the spans of model calls that lie around another span of a call of the same model."""
    outer = set()
    for place in places.values():
        if place.model is None:
            continue
        above = place.parent
        for _ in range(MAX_DEPTH):
            around = places.get(above)
            if around is None or around.holds_others:
                break
            if around.model is not None:
                if around.model == place.model:
                    outer.add(above)
                break
            above = around.parent
    return outer
