"""Ids that are none are left out: the aggregator would refuse the record for them."""

import msgspec
import pytest
from msgspec import UNSET

from collectors.telemetry_collector.ids import span_id_of, trace_id_of
from schema.messages import Call, CallRecord
from schema.wire import decode, encode
from tests.telemetry.requests import TRACE, batch, calls, chat, logs, record, span

WRONG = [b"", bytes(8), bytes(16), b"x", b"x" * 7, b"x" * 9, b"x" * 17, b"x" * 1000]
"""No id of a span; the lengths of one and of a trace are apart, so these are none of a trace either."""


def keeps_its_contract(call: Call) -> bool:
    return decode(encode(CallRecord(call=call)), msgspec.json.Decoder(CallRecord)).call == call


@pytest.mark.parametrize("raw", WRONG)
def test_an_id_of_another_length_or_of_zeros_is_none(raw: bytes) -> None:
    assert (trace_id_of(raw), span_id_of(raw)) == (None, None)
    assert (trace_id_of(b"\x01" * 16), span_id_of(b"\x01" * 8)) == ("01" * 16, "01" * 8)


@pytest.mark.parametrize("raw", WRONG)
def test_a_span_whose_parents_id_is_none_has_no_parent(raw: bytes) -> None:
    made = chat(2)
    made.parent_span_id = raw
    (call,) = calls(batch(made))
    assert (call.parent_span_id, call.trace_id) == (UNSET, TRACE)
    assert keeps_its_contract(call)


@pytest.mark.parametrize("raw", WRONG)
def test_a_request_whose_id_is_none_is_not_told(raw: bytes) -> None:
    request = span(3, {"http.request.method": "POST"}, parent=2)
    request.span_id = raw
    (call,) = calls(batch(request, chat(2)))
    assert call.request_span_id is UNSET
    assert keeps_its_contract(call)


@pytest.mark.parametrize("raw", WRONG)
def test_a_log_record_whose_ids_are_none_has_none(raw: bytes) -> None:
    made = record("api_request", {"model": "claude-sonnet-4-5"})
    made.trace_id, made.span_id = raw, raw
    (call,) = calls(logs(made))
    assert (call.trace_id, call.parent_span_id) == (UNSET, UNSET)
    assert keeps_its_contract(call)
