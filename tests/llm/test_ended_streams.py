"""A stream that said it is complete counts as answered, though its client hung up before the last bytes."""

import pytest

from collectors.llm_collector.tap import Tap
from tests.llm.answers import LINES, SSE, chunk, sse

COMPLETED = {"type": "response.completed", "response": {"object": "response", "status": "completed"}}


@pytest.mark.parametrize(
    ("kind", "raw", "ended"),
    [
        (SSE, sse(chunk("Hi"), chunk(None, "stop"), "[DONE]"), True),
        (SSE, sse(chunk("Hi"), chunk(None, "stop")), False),  # the usage may still come
        (SSE, sse(chunk("[DONE]")), False),
        (SSE, b'event: message_stop\ndata: {"type": "message_stop"}\n\n', True),
        (SSE, sse({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}), False),
        (SSE, sse(COMPLETED), True),
        (LINES, b'{"model": "m", "message": {"content": ""}, "done": true, "done_reason": "stop"}\n', True),
        (LINES, b'{"model": "m", "message": {"content": "Hi"}, "done": false}\n', False),
    ],
)
def test_the_last_event_of_each_dialect_ends_a_stream(kind: str, raw: bytes, ended: bool) -> None:
    tap = Tap(kind)
    tap.feed(raw)
    assert tap.close().ended is ended
