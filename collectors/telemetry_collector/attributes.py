"""Attributes of spans, log records and resources: plain values by name, read as what they are meant to be.

Several instrumentations write the same thing under several names, and some write numbers as text; each getter
takes the names in order of preference and gives the first that is there.
"""

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from schema.errors import InvalidMessage
from schema.types import MAX_COST_USD
from schema.wire import MAX_INTEGER

MAX_NAME_LENGTH = 256
MAX_TOKENS = 10**9

Value = str | bool | int | float | list[str]
Attributes = Mapping[str, Value]


def plain(attributes: Iterable[KeyValue]) -> dict[str, Value]:
    """Give attributes by name; of lists their texts, and nothing of what is nested deeper or is bytes."""
    found = {}
    for one in attributes:
        value = _plain(one.value)
        if value is not None:
            found[one.key] = value
    return found


def _plain(value: AnyValue) -> Value | None:
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "int_value":
            return value.int_value
        case "double_value":
            return value.double_value
        case "bool_value":
            return value.bool_value
        case "array_value":
            return [one.string_value for one in value.array_value.values if one.string_value]
    return None


def name(attributes: Attributes, *names: str) -> str | None:
    """Give the first of these that is a text and not empty, cut to what a name may have."""
    for one in names:
        value = attributes.get(one)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, str) and value.strip():
            return value.strip().replace("\x00", "\ufffd")[:MAX_NAME_LENGTH]
    return None


def tokens(attributes: Attributes, *names: str) -> int | None:
    """Give the first of these as a count of tokens. Raises InvalidMessage where it cannot be one."""
    found = _first_number(attributes, names)
    if found is None:
        return None
    number, where = found
    if not (number == int(number) and 0 <= number <= MAX_TOKENS):
        raise InvalidMessage("number_out_of_range", f"`{where}` is no count of tokens")
    return int(number)


def amount(attributes: Attributes, *names: str) -> float | None:
    """Give the first of these as a quantity. Raises InvalidMessage where it is negative or no number."""
    found = _first_number(attributes, names)
    if found is None:
        return None
    number, where = found
    if not 0 <= number <= 1e15:
        raise InvalidMessage("number_out_of_range", f"`{where}` is no quantity")
    return float(number)


def money(attributes: Attributes, *names: str) -> Decimal | None:
    """Give the first of these in US dollars, as it is written. Raises InvalidMessage as `amount` does."""
    if amount(attributes, *names) is None:
        return None
    text = next(str(attributes[one]) for one in names if one in attributes)
    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        found = MAX_COST_USD + 1
    if found > MAX_COST_USD:
        raise InvalidMessage("number_out_of_range", f"`{names[0]}` is no amount in US dollars")
    return found


def _first_number(attributes: Attributes, names: tuple[str, ...]) -> tuple[float, str] | None:
    for one in names:
        value = attributes.get(one)
        if isinstance(value, str):
            value = _number(value, one)
        if isinstance(value, int | float) and not isinstance(value, bool):
            # A text may hold an integer that no float can be made of.
            if (isinstance(value, int) and abs(value) > MAX_INTEGER) or not math.isfinite(value):
                raise InvalidMessage("number_out_of_range", f"`{one}` is no finite number")
            return value, one
    return None


def _number(text: str, where: str) -> float | None:
    """Read a number that was written as text; Claude Code of 2025 did."""
    if not text.strip():
        return None
    try:
        return float(text) if not text.strip().lstrip("-").isdecimal() else int(text)
    except ValueError:
        raise InvalidMessage("wrong_shape", f"`{where}` is no number") from None
