"""What of `oracle.changes` is taken, and what is poison."""

from decimal import Decimal

import msgspec
import pytest

from api.announced import announced, document_of
from schema.errors import InvalidMessage
from schema.wire import encode
from tests.api.fakes import AT, agent, snapshot

CHANGE = {
    "type": "change",
    "environment": "default",
    "generation": 1,
    "sequence": 1,
    "at": AT,
    "set": [],
    "remove": [],
}
TICK = {"type": "tick", "environment": "default", "generation": 1, "sequence": 1, "tick": AT}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "empty"),
        (b"", "empty"),
        (b"hello", "not_json"),
        (b"[]", "wrong_shape"),
        (b'{"type":"tick"}', "wrong_shape"),
        (msgspec.json.encode({**CHANGE, "__proto__": {"polluted": True}}), "wrong_shape"),
        (msgspec.json.encode(CHANGE).replace(b'"sequence":1', b'"sequence":NaN'), "not_json"),
        (msgspec.json.encode({**CHANGE, "sequence": "1"}), "wrong_shape"),
        (msgspec.json.encode({**CHANGE, "sequence": 2**60}), "number_out_of_range"),
        (b'"' + b"x" * (2 * 1024 * 1024) + b'"', "too_large"),
        (msgspec.json.encode({**TICK, "snapshot_id": "no-uuid"}), "wrong_shape"),
        (msgspec.json.encode({**CHANGE, "set": [["agent", ["a"], 5]]}), "wrong_shape"),
        (msgspec.json.encode({**CHANGE, "set": [["agent", ["a"], agent("b", "B")]]}), "wrong_shape"),
        (msgspec.json.encode({**CHANGE, "set": [["agent", [], agent("b", "B")]]}), "wrong_shape"),
        (msgspec.json.encode({**CHANGE, "remove": [["pod", ["a"]]]}), "wrong_shape"),
        (msgspec.json.encode({**CHANGE, "set": [["agent", ["a"], 0]]}).replace(b",0]", b",NaN]"), "not_json"),
    ],
)  # fmt: skip
def test_poison_is_refused_with_its_reason(value: bytes | None, reason: str) -> None:
    with pytest.raises(InvalidMessage) as raised:
        announced(value)
    assert raised.value.reason == reason


def test_a_change_passes_as_it_came() -> None:
    value = (
        b' {"type":"change","environment":"d","generation":1,"sequence":1,"at":"2026-02-06T14:32:12Z",\n'
        + (b'"set":[["event",["e1"],{"x":1}],["alert",["a"],{"id":"a"}]],"remove":[]} ')
    )
    one = announced(value)
    assert one.raw == value
    assert msgspec.json.decode(one.without_activity())["set"] == [["alert", ["a"], {"id": "a"}]]


def test_an_escaped_nul_is_replaced_before_it_is_passed_on() -> None:
    value = msgspec.json.encode({**CHANGE, "set": [["alert", ["a"], {"id": "a", "title": "x\x00y"}]]})
    one = announced(value)
    assert b"\\u0000" not in one.raw
    assert one.entities[0][2]["title"] == "x\ufffdy"


def test_money_keeps_every_digit_on_its_way_through() -> None:
    text = msgspec.json.encode(snapshot(alerts=[])).replace(b"310.42", b"123456789.123456789012")
    document = document_of(text)
    assert document["llm_usage"]["cost_usd_total"] == Decimal("123456789.123456789012")
    assert b"123456789.123456789012" in encode(document)
    assert b"123E-10" in encode(document) or b"1.23E-10" in encode(document)
