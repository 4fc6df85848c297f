"""Which client's request a call made, over several batches."""

import pytest
from msgspec import UNSET
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collectors.telemetry_collector.client_requests import Requests
from collectors.telemetry_collector.environments import Environments
from collectors.telemetry_collector.nesting import Place
from collectors.telemetry_collector.spans import SpanReader
from schema.messages import CallRecord
from tests.telemetry.requests import batch, chat, source, span

POST = {"http.request.method": "POST"}
TOOL = {"gen_ai.operation.name": "execute_tool"}
INTERNAL = Span.SPAN_KIND_INTERNAL
TRACE = bytes(15) + b"1"


def requests_told(*batches: list[Span]) -> list[object]:
    """The request's span of each call that a collector reads from these batches, by its number."""
    reader = SpanReader(Environments("default", 3))
    found = [reader.read(source(batch(*spans).SerializeToString())) for spans in batches]
    records = [one.record for read in found for one in read.taken]
    told = [record.call.request_span_id for record in records if isinstance(record, CallRecord)]
    return [one if one is UNSET else int(str(one), 16) for one in told]


@pytest.mark.parametrize(
    ("batches", "expected"),
    [
        pytest.param([[span(3, POST, parent=2)], [chat(2)]], [3], id="the request ended before"),
        pytest.param(
            [[span(3, POST, parent=2)], [span(4, POST, parent=2)], [chat(2)]], [4], id="a retry, each apart"
        ),
        pytest.param(
            [[span(3, POST, parent=2)], [span(4, POST, parent=2), chat(2)]], [4], id="a later retry"
        ),
        pytest.param(
            [[span(4, POST, parent=3)], [span(3, parent=2, kind=INTERNAL)], [chat(2)]],
            [4],
            id="a span between, apart too",
        ),
        pytest.param(
            [[span(4, POST, parent=3), span(3, parent=2, kind=INTERNAL)], [chat(2)]],
            [4],
            id="a span between, with the request",
        ),
        pytest.param(
            [[span(4, POST, parent=3)], [span(3, TOOL, parent=2)], [chat(2)]], [UNSET], id="a tool's"
        ),
        pytest.param(
            [[span(3, POST, parent=2)], [chat(5)], [chat(2)]], [UNSET, 3], id="another call between"
        ),
        pytest.param(
            [[span(3, POST, parent=2)], [chat(2)], [chat(2, trace="1" * 32)]], [3, UNSET], id="another trace"
        ),
        pytest.param([[span(3, POST)], [chat(2)]], [UNSET], id="a request in nothing"),
        pytest.param([[chat(2)], [span(3, POST, parent=2)]], [UNSET], id="a request that came too late"),
    ],
)
def test_a_call_has_the_last_request_in_it_whichever_batch_it_came_in(
    batches: list[list[Span]], expected: list[object]
) -> None:
    assert requests_told(*batches) == expected


def request(number: int, parent: bytes) -> dict[tuple[bytes, bytes], Place]:
    return {(TRACE, number.to_bytes(8)): Place((TRACE, parent), None, holds_others=False, requests=True)}


def called(parent: bytes) -> dict[tuple[bytes, bytes], Place]:
    return {(TRACE, parent): Place((TRACE, b""), "gpt-4o", holds_others=False)}


def test_what_waits_is_bounded_and_the_oldest_goes() -> None:
    requests = Requests(at_most=3)
    for number in range(1, 6):
        requests.take(request(number + 100, number.to_bytes(8)))
    assert len(requests) == 3
    assert requests.take(called((2).to_bytes(8))) == {}
    assert requests.take(called((3).to_bytes(8))) == {(TRACE, (3).to_bytes(8)): (103).to_bytes(8)}
    assert len(requests) == 2


def test_ids_that_are_none_are_not_remembered() -> None:
    requests = Requests()
    for parent in (b"", bytes(8), b"x" * 1_000_000):
        requests.take(request(1, parent))
    assert len(requests) == 0


def test_requests_in_circles_end() -> None:
    requests = Requests()
    one, two = (1).to_bytes(8), (2).to_bytes(8)
    assert requests.take(request(1, two) | request(2, one)) == {}
    assert len(requests) == 0
