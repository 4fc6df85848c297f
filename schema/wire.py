"""Bytes to contracts and back: the one place where a value from outside is decoded (DESIGN §4.5).

A value is invalid when it is larger than 1 MiB, not JSON, of the wrong shape, or holds a number that
JavaScript or JSONB would not keep: NaN, infinities, integers beyond 2^53. U+0000, which Postgres cannot
store, becomes U+FFFD.
"""

from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import msgspec

from schema.errors import InvalidMessage
from schema.topics import MAX_VALUE_BYTES

T = TypeVar("T")

MAX_INTEGER = 2**53
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER = b"0" * 16
"""Digits enough to pass 2^53, once every digit is a zero: that is searched for ten times as fast."""
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_CANONICAL = msgspec.json.Encoder(decimal_format="number", order="sorted")


def encode(value: object) -> bytes:
    """Encode a contract as compact UTF-8 JSON; decimals as numbers, absent fields left out."""
    return _ENCODER.encode(value)


def canonical(value: object) -> bytes:
    """Encode as the canonical JSON whose sha256 is stored beside a snapshot: sorted keys, UTF-8."""
    return _CANONICAL.encode(value)


def decode(value: bytes | None, decoder: "msgspec.json.Decoder[T]") -> T:
    """Decode one value.

    Raises InvalidMessage with reason `empty`, `too_large`, `not_json`, `number_out_of_range` or
    `wrong_shape`; the detail names the field but never repeats the value.
    """
    plain = _plain(value)
    try:
        return decoder.decode(plain)
    except msgspec.ValidationError as error:
        raise InvalidMessage(_reason(error), str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidMessage("not_json", str(error)) from None


def decode_object(value: bytes | None) -> dict[str, Any]:
    """Decode one value that must be a JSON object, of any shape. Raises InvalidMessage as `decode` does."""
    return decode(value, _OBJECT)


def exact(text: str) -> Decimal:
    """Read a number as it is written. Raises msgspec.ValidationError when no Decimal holds its exponent."""
    try:
        return Decimal(text)
    except InvalidOperation:
        raise msgspec.ValidationError("Number out of range") from None


_OBJECT = msgspec.json.Decoder(dict[str, Any])
_ANY = msgspec.json.Decoder(Any, float_hook=exact)  # money passes the slow walk digit for digit


def _plain(value: bytes | None) -> bytes:
    """Check the size, and clean or refuse what a typed decoder would let through."""
    if not value:
        raise InvalidMessage("empty", "the value is empty")
    if len(value) > MAX_VALUE_BYTES:
        raise InvalidMessage(
            "too_large", f"the value has {len(value)} bytes, at most {MAX_VALUE_BYTES} are taken"
        )
    if b"\\u0000" not in value and _LONG_NUMBER not in value.translate(_DIGITS_TO_ZERO):
        return value  # What only the slow walk below finds cannot be in it.
    try:
        return _ENCODER.encode(_clean(_ANY.decode(value), "$"))
    except msgspec.ValidationError as error:
        raise InvalidMessage(_reason(error), str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidMessage("not_json", str(error)) from None


def _clean(value: Any, path: str) -> Any:
    match value:
        case str():
            return value.replace("\x00", "\ufffd")
        case bool() | None | float() | Decimal():
            return value
        case int():
            if abs(value) > MAX_INTEGER:
                raise InvalidMessage("number_out_of_range", f"an integer beyond 2^53 - at `{path}`")
            return value
        case list():
            return [_clean(item, f"{path}[{index}]") for index, item in enumerate(value)]
        case _:
            return {_clean(key, path): _clean(item, f"{path}.{key}") for key, item in value.items()}


def _reason(error: msgspec.ValidationError) -> str:
    return "number_out_of_range" if "out of range" in str(error) else "wrong_shape"
