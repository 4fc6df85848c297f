"""A record of `oracle.changes`, decoded and checked: what the live state machine takes in."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from api.patch import Document, Entity, ordered
from schema.entities import ACTIVITY_KINDS, KINDS
from schema.errors import InvalidMessage
from schema.messages import Change, LiveMessage, TickMessage
from schema.wire import decode, encode, exact

# Money has more digits than a float: what passes through keeps each of them.
_DOCUMENT = msgspec.json.Decoder(dict[str, Any], float_hook=exact)
_ENTITY = msgspec.json.Decoder(dict[str, Any], float_hook=exact)
_MESSAGE = msgspec.json.Decoder(LiveMessage)


@dataclass(frozen=True)
class Announced:
    """A live message, its JSON as received, and a change's entities (`set`: kind, key, value) decoded."""

    message: LiveMessage
    raw: bytes
    entities: tuple[tuple[str, list[str], Entity], ...] = ()

    def without_activity(self) -> bytes:
        """Give a change's JSON without events and calls; the sequence is told even when nothing is left."""
        change = self.message
        assert isinstance(change, Change)
        if not any(kind in ACTIVITY_KINDS for kind, _, _ in change.set):
            return self.raw
        kept = [one for one in change.set if one[0] not in ACTIVITY_KINDS]
        return encode(msgspec.structs.replace(change, set=kept))


def announced(value: bytes | None) -> Announced:
    """Decode one record. Raises InvalidMessage: not JSON, wrong shape, or a value that is not its key's."""
    message = decode(value, _MESSAGE)
    assert value is not None
    # What `decode` had to clean is written anew; everything else passes as it came.
    raw = encode(message) if b"\\u0000" in value else value
    match message:
        case TickMessage():
            try:
                UUID(message.snapshot_id)
            except ValueError:
                raise InvalidMessage("wrong_shape", "expected a UUID - at `$.snapshot_id`") from None
            return Announced(message, raw)
        case Change():
            for place, (kind, key) in enumerate(message.remove):
                _check_key(kind, key, f"$.remove[{place}]")
            entities = (
                _entity(kind, key, value, place) for place, (kind, key, value) in enumerate(message.set)
            )
            return Announced(message, raw, tuple(entities))
    return Announced(message, raw)


def document_of(text: bytes) -> Document:
    """Decode a stored snapshot for `patch.apply`: exact numbers, lists in order."""
    return ordered(_DOCUMENT.decode(text))


def _entity(kind: str, key: list[str], value: msgspec.Raw, place: int) -> tuple[str, list[str], Entity]:
    where = f"$.set[{place}]"
    _check_key(kind, key, where)
    try:
        entity = _ENTITY.decode(value)
    except msgspec.ValidationError:
        raise InvalidMessage("wrong_shape", f"expected an object - at `{where}[2]`") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidMessage("not_json", f"{error} - at `{where}[2]`") from None
    if kind in KINDS:
        fields = KINDS[kind].key
        own = fields[2:] if kind == "pod" else fields
        for field, expected in zip(own, key[len(fields) - len(own) :], strict=True):
            if entity.get(field, "default" if field == "key_label" else None) != expected:
                raise InvalidMessage("wrong_shape", f"the value's {field} is not its key's - at `{where}[2]`")
    return kind, key, entity


def _check_key(kind: str, key: list[str], where: str) -> None:
    if kind in KINDS and len(key) != len(KINDS[kind].key):
        raise InvalidMessage(
            "wrong_shape", f"a key of {kind} has {len(KINDS[kind].key)} parts - at `{where}[1]`"
        )
