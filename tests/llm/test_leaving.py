"""A client that hangs up is told of by its connection, and takes its upstream request with it."""

import asyncio
import socket
import threading
import time
from typing import Any

from tests.llm.servers import proxying, serving

BODY = b'{"model": "m", "messages": [{"role": "user", "content": "' + b"x" * 200_000 + b'"}]}'
SMALL = b'{"model": "m"}'
ANSWER = [(b"content-type", b"application/json"), (b"content-length", b"2")]


class Slow:
    """An upstream that answers the first request never, and the others at once; it notes who hung up."""

    def __init__(self) -> None:
        self.asked = 0
        self.left = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        number = self.asked
        while (await receive()).get("more_body"):
            pass
        if number == 1:
            await receive()
            self.left.set()
            return
        await send({"type": "http.response.start", "status": 200, "headers": ANSWER})
        await send({"type": "http.response.body", "body": b"{}"})


def request(content: bytes) -> bytes:
    head = f"POST /openai/v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {len(content)}\r\n\r\n"
    return head.encode() + content


def test_a_client_that_leaves_while_a_large_body_is_answered_takes_the_upstream_with_it() -> None:
    slow = Slow()
    with serving(slow) as upstream, proxying(openai_base_url=upstream) as proxy:
        host, port = proxy.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as client:
            client.sendall(request(BODY))
            while not slow.asked:
                time.sleep(0.01)
        assert slow.left.wait(5), "the upstream was hung up on"
        (call,) = proxy.kept.wait(1)
    assert (call.status, call.error_type) == ("cancelled", "client_disconnected")


def test_requests_that_were_sent_ahead_are_answered_one_after_the_other() -> None:
    slow = Slow()
    slow.asked = 1
    with serving(slow) as upstream, proxying(openai_base_url=upstream) as proxy:
        host, port = proxy.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as client:
            client.sendall(request(SMALL) * 3)
            said = b""
            while said.count(b"\r\n\r\n{}") < 3:
                said += client.recv(65_536)
        calls = proxy.kept.wait(3)
    assert [call.status for call in calls] == ["ok"] * 3


def test_a_client_that_sent_ahead_and_leaves_ends_all_of_it() -> None:
    slow = Slow()
    with serving(slow) as upstream, proxying(openai_base_url=upstream) as proxy:
        host, port = proxy.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as client:
            client.sendall(request(SMALL) * 2)
            while not slow.asked:
                time.sleep(0.01)
        assert slow.left.wait(5)
        calls = proxy.kept.wait(1)
        time.sleep(0.2)
    assert calls[0].status == "cancelled"
    assert slow.asked <= 2


async def test_the_upstreams_time_limit_answers_a_client_that_waits() -> None:
    slow = Slow()
    with (
        serving(slow) as upstream,
        proxying(openai_base_url=upstream, llm_proxy_silence_seconds=0.5) as proxy,
    ):
        host, port = proxy.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(request(SMALL))
        status = await asyncio.wait_for(reader.readline(), 10)
        writer.close()
        (call,) = proxy.kept.wait(1)
    assert status.startswith(b"HTTP/1.1 502")
    assert call.error_type == "upstream_timeout"
