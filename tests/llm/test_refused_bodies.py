"""Requests that are answered before their body has ended: nobody's is read for ever."""

import socket
import time

import pytest

from collectors.llm_collector import connection, upload
from tests.llm.raw import connect, post, raw_upstream, status_of, until
from tests.llm.servers import proxying

CHUNKED = b"transfer-encoding: chunked"
PIECE = b"1000\r\n" + b"x" * 4096 + b"\r\n"
REFUSED = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\nno"


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "LINGER_SECONDS", 0.5)
    monkeypatch.setattr(connection, "LINGER_SECONDS", 0.5)


def seconds_sent(client: socket.socket) -> float:
    """Send pieces until the other side has closed; give how long that took."""
    began = time.monotonic()
    while time.monotonic() - began < 5:
        try:
            client.sendall(PIECE)
        except OSError:
            break
        time.sleep(0.02)
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("path", "status", "settings"),
    [
        (b"/openai/v1/chat/completions", 413, {"llm_proxy_max_request_bytes": 1024}),
        (b"/nobody/v1/chat/completions", 404, {}),
        (b"/openai/v1/chat/completions", 401, {}),
    ],
)
def test_an_endless_body_is_answered_at_once_and_then_hung_up_on(
    path: bytes, status: int, settings: dict[str, int]
) -> None:
    with (
        raw_upstream(REFUSED) as upstream,
        proxying(openai_base_url=upstream.url, **settings) as proxy,
        connect(proxy.url) as client,
    ):
        client.sendall(post(CHUNKED, path=path) + PIECE * (1 if status != 401 else 300))
        answer = until(client, b"\r\n\r\n")
        assert seconds_sent(client) < 2
    assert status_of(answer) == status
    assert (b"connection: close" in answer) == (status == 413)


def test_a_body_that_ends_in_time_leaves_its_connection_for_the_next_request() -> None:
    with (
        raw_upstream() as upstream,
        proxying(openai_base_url=upstream.url) as proxy,
        connect(proxy.url) as client,
    ):
        client.sendall(post(CHUNKED, path=b"/nobody") + PIECE)
        first = until(client, b"}")
        client.sendall(b"0\r\n\r\n")
        time.sleep(1)
        client.sendall(post(b"content-length: 2", body=b"{}"))
        second = until(client, b"\r\n\r\n{}")
    assert (status_of(first), status_of(second)) == (404, 200)
