"""What OpenInference tells only inside of JSON texts: the model asked for, and the answer's id. Pure.

Its spans have the request's parameters and the whole answer as text. Only these two words are taken out; the
decoder passes over everything else.
"""

from typing import TypeVar

import msgspec

from collectors.telemetry_collector.attributes import MAX_NAME_LENGTH, Attributes

PARAMETERS = ("llm.invocation_parameters", "embedding.invocation_parameters")
ANSWER = "output.value"


class _Parameters(msgspec.Struct):
    model: str | None = None


class _Answer(msgspec.Struct):
    id: str | None = None


_PARAMETERS = msgspec.json.Decoder(_Parameters)
_ANSWER = msgspec.json.Decoder(_Answer)
T = TypeVar("T", _Parameters, _Answer)


def asked_model(attributes: Attributes) -> str | None:
    """Give the model of the request: the attributes name the one that answered, and after an error none."""
    for one in PARAMETERS:
        if (found := _read(_PARAMETERS, attributes.get(one))) and found.model:
            return found.model[:MAX_NAME_LENGTH]
    return None


def response_id(attributes: Attributes) -> str | None:
    """Give the id of the answer."""
    found = _read(_ANSWER, attributes.get(ANSWER))
    return found.id[:MAX_NAME_LENGTH] if found and found.id else None


def _read(decoder: "msgspec.json.Decoder[T]", text: object) -> T | None:
    """Read a text that may as well be no JSON, or of another library's answer."""
    if not isinstance(text, str) or not text.startswith("{"):
        return None
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
