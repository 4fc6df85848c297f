"""What reading spans and log records has in common: the request, and what becomes of its bad items."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from google.protobuf.message import Message

from collectors.telemetry_collector.attributes import Attributes
from collectors.telemetry_collector.environments import Environments
from collectors.telemetry_collector.reading import Read, Source, Taken
from collectors.telemetry_collector.resources import environment_of
from collectors.telemetry_collector.unreadable import report, unreadable
from runtime.metrics import TELEMETRY_SKIPPED
from runtime.otlp import read_json, read_protobuf
from schema.errors import InvalidMessage
from schema.messages import Call, CallRecord
from schema.topics import MAX_VALUE_BYTES

M = TypeVar("M", bound=Message)
Item = tuple[int, Attributes, Callable[[], Call]]
"""An item's index, its resource's attributes, and what makes its call, or raises InvalidMessage."""


def message_of(kind: type[M], source: Source) -> M:
    """Read a record's request, protobuf or JSON.

    Raises InvalidMessage `empty`, `too_large`, `not_protobuf`, `not_json` or `wrong_shape`.
    """
    value = source.value
    if not value:
        raise InvalidMessage("empty", "the value is empty")
    if len(value) > MAX_VALUE_BYTES:
        raise InvalidMessage(
            "too_large", f"the value has {len(value)} bytes, at most {MAX_VALUE_BYTES} are taken"
        )
    # A request in protobuf begins with the tag of its first field, 0x0a; nothing of it begins with a brace.
    written = (source.content_type or b"").startswith(b"application/json") or value.startswith(b"{")
    return read_json(kind, value) if written else read_protobuf(kind, value)


def items_of(source: Source, environments: Environments, items: Iterable[Item]) -> Read:
    """Make the calls of a batch. One whose items are all wrong is put aside for the first one's reason."""
    read, first, unforeseen = Read(), None, None
    for index, resource, make in items:
        try:
            environment = environments.choose(source.environment, environment_of(resource))
            read.taken.append(Taken(environment, index, CallRecord(call=make())))
            continue
        except InvalidMessage as error:
            wrong = error
        except Exception as error:  # noqa: BLE001 - whatever an item holds, the others go on
            wrong = unforeseen = unreadable(error)
        TELEMETRY_SKIPPED.labels(wrong.reason).inc()
        first = first or InvalidMessage(wrong.reason, f"{wrong.detail} - at item {index} of the batch")
    if unforeseen:
        report(unforeseen, source.origin)
    if first and not read.taken:
        read.refused = first
    return read
