"""`oracle.events`: a raw event into an event of the log; pure but for what is counted and remembered."""

from datetime import UTC
from hashlib import sha256

import msgspec
from msgspec import UNSET

from collectors.telemetry_collector.environments import Environments
from collectors.telemetry_collector.reading import Read, Source, Taken
from runtime.metrics import DROPPED_FIELDS
from schema.agent_names import id_of, name_of
from schema.errors import InvalidMessage
from schema.messages import Event, EventRecord, RawEvent
from schema.wire import decode, decode_object, encode

_RAW = msgspec.json.Decoder(RawEvent)
_FIELDS = frozenset(field.encode_name for field in msgspec.structs.fields(RawEvent))


class EventReader:
    """Reads raw events."""

    def __init__(self, environments: Environments, strict: bool) -> None:
        self._environments = environments
        self._strict = strict

    def read(self, source: Source) -> Read:
        """Read one record. Refused are the reasons of `schema.wire.decode` and of `Environments`."""
        try:
            raw, dropped_fields = self._decode(source.value)
            if raw.agent_id is UNSET and raw.agent_name is UNSET:
                raise InvalidMessage(
                    "wrong_shape", "Object missing required field `agent_id` or `agent_name`"
                )
            environment = self._environments.choose(source.environment, raw.environment or "")
        except InvalidMessage as error:
            return Read(refused=error)
        DROPPED_FIELDS.inc(dropped_fields)
        event = identified(raw, environment, f"{source.origin}:0")
        return Read([Taken(environment, 0, EventRecord(event=event))])

    def _decode(self, value: bytes | None) -> tuple[RawEvent, int]:
        if self._strict:
            return decode(value, _RAW), 0
        fields = decode_object(value)
        known = {name: field for name, field in fields.items() if name in _FIELDS}
        return decode(encode(known), _RAW), len(fields) - len(known)


def identified(raw: RawEvent, environment: str, origin: str) -> Event:
    """Complete an event: its id, and of the agent's id and name the one that is missing.

    An event without an id gets one from its origin, so that reading it again gives the same.
    """
    agent_id, agent_name = raw.agent_id, raw.agent_name
    fields = msgspec.structs.asdict(raw)
    fields |= {
        "event_id": raw.event_id or sha256(origin.encode()).hexdigest()[:32],
        "agent_id": agent_id or id_of(str(agent_name)),
        "agent_name": agent_name or name_of(str(agent_id)),
        "environment": environment,
        "timestamp": raw.timestamp.astimezone(UTC),
    }
    return Event(**fields)
