"""A raw event of the intake into an event of the log; pure but for the environments it remembers."""

from dataclasses import dataclass
from datetime import UTC
from hashlib import sha256

import msgspec
from msgspec import UNSET

from schema.agent_names import id_of, name_of
from schema.errors import InvalidMessage
from schema.messages import Event, RawEvent
from schema.wire import decode, decode_object, encode

MAX_ENVIRONMENT_BYTES = 256

_RAW = msgspec.json.Decoder(RawEvent)
_FIELDS = frozenset(field.encode_name for field in msgspec.structs.fields(RawEvent))


@dataclass(frozen=True, slots=True)
class Taken:
    """A valid event: where it belongs, and how many unknown fields it lost."""

    environment: str
    event: Event
    dropped_fields: int


class EventReader:
    """Reads raw events; remembers which environments it has seen, to bound their number."""

    def __init__(self, default_environment: str, max_environments: int, strict: bool) -> None:
        self._default_environment = default_environment
        self._max_environments = max_environments
        self._strict = strict
        self._environments = {default_environment}

    def read(self, value: bytes | None, header_environment: bytes | None, origin: str) -> Taken:
        """Read one record of the intake; `origin` is its topic id, partition, offset and index.

        Raises InvalidMessage: the reasons of `schema.wire.decode`, `bad_environment` and
        `too_many_environments`.
        """
        raw, dropped_fields = self._decode(value)
        if raw.agent_id is UNSET and raw.agent_name is UNSET:
            raise InvalidMessage("wrong_shape", "Object missing required field `agent_id` or `agent_name`")
        environment = self._environment(header_environment, raw)
        return Taken(environment, identified(raw, environment, origin), dropped_fields)

    def _decode(self, value: bytes | None) -> tuple[RawEvent, int]:
        if self._strict:
            return decode(value, _RAW), 0
        fields = decode_object(value)
        known = {name: field for name, field in fields.items() if name in _FIELDS}
        return decode(encode(known), _RAW), len(fields) - len(known)

    def _environment(self, header: bytes | None, raw: RawEvent) -> str:
        environment = _text(header) or raw.environment or self._default_environment
        if environment not in self._environments:
            if len(self._environments) >= self._max_environments:
                raise InvalidMessage(
                    "too_many_environments",
                    f"ORACLE_MAX_ENVIRONMENTS is {self._max_environments}, and this would be one more",
                )
            self._environments.add(environment)
        return environment


def _text(header: bytes | None) -> str:
    if not header:
        return ""
    if len(header) > MAX_ENVIRONMENT_BYTES:
        raise InvalidMessage("bad_environment", f"the header has more than {MAX_ENVIRONMENT_BYTES} bytes")
    try:
        return header.decode().replace("\x00", "\ufffd")
    except UnicodeDecodeError:
        raise InvalidMessage("bad_environment", "the header `environment` is not UTF-8") from None


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
